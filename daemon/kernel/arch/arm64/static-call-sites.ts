/**
 * The static-call sites of an arm64 module. No arm64 build makes a site table, so a machine names the symbols whose calls
 * count: every CALL26 and JUMP26 against such a symbol is a site, as objtool finds calls of a trampoline by its symbol
 * (tools/objtool/check.c `add_call_destinations`, `add_jump_destinations`, v6.1).
 */
import { SHF_EXECINSTR } from '../../elf/constants.ts';
import { addendAt, entryAt, offsetAt, symbolAt, typeAt } from '../../elf/rela.ts';
import type { RelaSection } from '../../elf/types.ts';
import type { PlacedModule } from '../arch.ts';
import { decode } from './insn.ts';

const R_AARCH64_JUMP26 = 282;
const R_AARCH64_CALL26 = 283;
const WORD = 4;

export interface CallSite {
  readonly address: number;
  /** Index of the symbol that is called. */
  readonly symbol: number;
  readonly tail: boolean;
  readonly init: boolean;
  readonly bytes: Uint8Array;
  /** Where the relocated branch goes. */
  readonly destination: number | undefined;
}

/** Every call to one of `symbols`, in order of section and offset: the order in which objtool would list them. */
export function callSites(
  placed: PlacedModule,
  relas: readonly RelaSection[],
  symbols: ReadonlyMap<number, unknown>,
): readonly CallSite[] {
  if (symbols.size === 0) return [];
  const found: CallSite[] = [];
  for (const rela of [...relas].sort((a, b) => a.target - b.target)) {
    const { target, count, view: file } = rela;
    const memory = placed.memory[target];
    const start = placed.sectionAddress[target] ?? Number.NaN;
    if (!memory || Number.isNaN(start) || ((placed.elf.sections[target]?.flags ?? 0) & SHF_EXECINSTR) === 0) continue;
    const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    const mine: CallSite[] = [];
    for (let i = 0; i < count; i++) {
      const entry = entryAt(rela, i);
      const type = typeAt(file, entry);
      if (type !== R_AARCH64_CALL26 && type !== R_AARCH64_JUMP26) continue;
      const symbol = symbolAt(file, entry);
      const offset = offsetAt(file, entry);
      if (!symbols.has(symbol) || addendAt(file, entry) !== 0 || offset + WORD > memory.length) continue;
      const address = start + offset;
      mine.push({
        address,
        symbol,
        tail: type === R_AARCH64_JUMP26,
        init: placed.inInit[target] === 1,
        bytes: memory.subarray(offset, offset + WORD),
        destination: decode(view.getUint32(offset, true), address)?.operands.target,
      });
    }
    found.push(...mine.sort((a, b) => a.address - b.address));
  }
  return found;
}
