/**
 * Instructions that are replaced when the CPU has a capability.
 * Models arch/arm64/kernel/alternative.c, v6.1 and v6.12: `apply_alternatives_module`.
 */
import type { PlacedModule } from '../arch.ts';
import { type FindSpot, placedSection } from '../placed-memory.ts';
import { decode, encode, INSN, is, NOP } from './insn.ts';

/** struct alt_instr. */
const ENTRY_SIZE = 12;
const ALT_OFFSET = 4;
const CPUCAP = 8;
const ORIG_LEN = 10;
const ALT_LEN = 11;
/** The replacement is a function in vmlinux. */
const ARM64_CB_BIT = 0x8000;

/**
 * Applies the alternatives of the capabilities in `cpuCaps`. An entry that makes the kernel stop (BUG_ON: unequal lengths, a
 * place outside the module) is passed over, and so is a callback other than alt_cb_patch_nops.
 */
export const applyAlternatives = (
  placed: PlacedModule,
  find: FindSpot,
  cpuCaps: bigint,
  patchNops: number | undefined,
): void => {
  const table = placedSection(placed, '.altinstructions');
  if (!table || cpuCaps === 0n) return;
  const { view, address } = table;
  for (let at = 0; at + ENTRY_SIZE <= view.byteLength; at += ENTRY_SIZE) {
    const cap = view.getUint16(at + CPUCAP, true);
    if (((cpuCaps >> BigInt(cap & ~ARM64_CB_BIT)) & 1n) === 0n) continue;
    const original = address + at + view.getInt32(at, true);
    const replacement = address + at + ALT_OFFSET + view.getInt32(at + ALT_OFFSET, true);
    const length = view.getUint8(at + ORIG_LEN);
    const spot = find(original);
    if (!spot || spot.bytes < length) continue;
    if ((cap & ARM64_CB_BIT) !== 0) {
      if (replacement === patchNops)
        for (let i = 0; i + 4 <= length; i += 4) spot.view.setUint32(spot.at + i, NOP, true);
    } else if (length === view.getUint8(at + ALT_LEN)) {
      const source = find(replacement);
      if (!source || source.bytes < length) continue;
      for (let i = 0; i + 4 <= length; i += 4) {
        const word = source.view.getUint32(source.at + i, true);
        const moved = relocateInsn(word, replacement + i, original + i, replacement, length);
        spot.view.setUint32(spot.at + i, moved, true);
      }
    }
  }
};

/** A replacement's instruction as it must read at its new place: branches out of the sequence and ADRPs keep their target. */
const relocateInsn = (word: number, from: number, to: number, start: number, length: number): number => {
  const found = decode(word, from);
  const target = found?.operands.target;
  if (!found || target === undefined) return word;
  const isBranch = !is(INSN.adr, word) && !is(INSN.adrp, word) && !is(INSN.ldrLiteral, word);
  // The end of the sequence counts as inside it.
  if (isBranch && target >= start && target <= start + length) return word;
  return encode(found.insn, found.operands, to) ?? word;
};
