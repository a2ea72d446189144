/** Which room models a machine's architecture, with the facts of the machine that each room asks for. */
import { EM_AARCH64 } from '../elf/constants.ts';
import type { ElfModule, RelaColumns } from '../elf/types.ts';
import type { Profile } from '../profile.ts';
import type { KernelError, LayoutSection, PlacedModule, Relocated } from './arch.ts';
import { finalize } from './arm64/finalize.ts';
import { frobSections } from './arm64/frob.ts';
import { applyRelocations } from './arm64/relocate.ts';

type Refused = { readonly ok: false; readonly error: KernelError };

export interface PltReserved {
  readonly core: number;
  readonly init: number;
}

export interface Arch {
  /** e_machine of its modules. */
  readonly machine: number;
  /** module_frob_arch_sections: sizes what only the architecture knows, and orders relocations. */
  frobSections(
    elf: ElfModule,
    relas: readonly RelaColumns[],
    profile: Profile,
  ):
    | {
        readonly ok: true;
        readonly sections: readonly LayoutSection[];
        readonly relas: readonly RelaColumns[];
        readonly pltReserved: PltReserved;
      }
    | Refused;
  /** apply_relocate_add for all sections given. */
  applyRelocations(
    placed: PlacedModule,
    relas: readonly RelaColumns[],
    pltReserved: PltReserved,
    profile: Profile,
  ): { readonly ok: true; readonly relocated: Relocated } | Refused;
  /** module_finalize. */
  finalize(placed: PlacedModule, profile: Profile): { readonly ok: true } | Refused;
}

const ARM64: Arch = {
  machine: EM_AARCH64,
  frobSections: (elf, relas, { layout, erratum843419 }) => frobSections(elf, relas, { layout, erratum843419 }),
  applyRelocations: (placed, relas, pltReserved, { erratum843419 }) =>
    applyRelocations(placed, relas, { erratum843419, pltReserved }),
  finalize: (placed, { layout, cpuCaps, symbols }) => finalize(placed, { layout, cpuCaps, symbols }),
};

/** The room of a machine's architecture. */
export function archOf(_profile: Profile): Arch {
  return ARM64;
}
