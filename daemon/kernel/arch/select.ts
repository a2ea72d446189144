/** Which room models a machine's architecture, with the facts of the machine that each room asks for. */
import { EM_AARCH64, EM_X86_64 } from '../elf/constants.ts';
import type { ElfModule, RelaSection } from '../elf/types.ts';
import type { Profile } from '../profile.ts';
import type { KernelError, LayoutSection, PlacedModule, Relocated } from './arch.ts';
import { finalize } from './arm64/finalize.ts';
import { frobSections } from './arm64/frob.ts';
import { applyRelocations } from './arm64/relocate.ts';
import { finalize as finalizeX86 } from './x86-64/finalize.ts';
import { applyRelocations as applyRelocationsX86 } from './x86-64/relocate.ts';

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
    relas: readonly RelaSection[],
    profile: Profile,
  ):
    | {
        readonly ok: true;
        readonly sections: readonly LayoutSection[];
        readonly relas: readonly RelaSection[];
        readonly pltReserved: PltReserved;
      }
    | Refused;
  /** apply_relocate_add for all sections given. */
  applyRelocations(
    placed: PlacedModule,
    relas: readonly RelaSection[],
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

const X86_64: Arch = {
  machine: EM_X86_64,
  // It has no veneers, so nothing needs room, and relocations stay in the order of the file.
  frobSections: ({ sections }, relas) => ({ ok: true, sections, relas, pltReserved: { core: 0, init: 0 } }),
  applyRelocations: (placed, relas, _pltReserved, { layout }) => applyRelocationsX86(placed, relas, layout),
  finalize: (placed, profile) => {
    finalizeX86(placed, profile);
    return { ok: true };
  },
};

/** The room of a machine's architecture. */
export function archOf({ arch }: Profile): Arch {
  return arch === 'x86-64' ? X86_64 : ARM64;
}
