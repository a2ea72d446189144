/**
 * PLT entries (veneers) and the slots that hold them.
 * Models arch/arm64/kernel/module-plts.c, v6.1 and v6.12: `get_plt_entry`, `module_emit_plt_entry`, `module_emit_veneer_for_adrp`.
 */
import type { Veneer } from '../arch.ts';
import { BREAK_FAULT, encode, INSN, is, withAdrImm } from './insn.ts';

export const PLT_ENTRY_SIZE = 12;
const WORD = 4;
/** x16, the first intra-procedure-call scratch register. */
const IP0 = 16;

const ADRP_IP0 = INSN.adrp.bits | IP0;
const ADD_IP0 = INSN.add.bits | IP0 | (IP0 << 5);
const BR_IP0 = INSN.br.bits | (IP0 << 5);

/** The number of an address's 4 KB page modulo 2^32, signed. */
export const pageNumber = (address: number): number => Math.floor(address / 4096) | 0;

/** ADRP to a page, as a signed word. The kernel keeps the distance in 32 bits before it looks at its range. */
const adrp = (bits: number, page: number, pc: number): number => {
  const pages = (page - pageNumber(pc)) | 0;
  return pages < -0x100000 || pages >= 0x100000 ? BREAK_FAULT | 0 : withAdrImm(bits, pages);
};

/** `adrp x16, page; add x16, x16, #lo12; br x16` to `target`, for a slot at `pc`. */
export const pltEntry = (target: number, pc: number): readonly number[] => [
  adrp(ADRP_IP0, pageNumber(target), pc) >>> 0,
  (ADD_IP0 | ((target & 0xfff) << 10)) >>> 0,
  BR_IP0 >>> 0,
];

/** With erratum 843419 no ADRP may stand in the last two words of a 4 KB page. */
export const isForbiddenForAdrp = (address: number): boolean => (address & 0xfff) >= 0xff8;

/** The slots of `.plt` or `.init.plt` while relocations are applied. */
export interface PltSection {
  readonly name: '.plt' | '.init.plt';
  readonly address: number;
  readonly view: DataView;
  readonly max: number;
  readonly erratum843419: boolean;
  /** Slots taken, skipped ones included. */
  used: number;
  readonly veneers: Veneer[];
}

const slotAddress = (plt: PltSection, slot: number): number => plt.address + slot * PLT_ENTRY_SIZE;

const readWord = (plt: PltSection, slot: number, word: number): number =>
  plt.view.getInt32(slot * PLT_ENTRY_SIZE + word * WORD, true);

const writeSlot = (plt: PltSection, slot: number, first: number, second: number, third: number): void => {
  const at = slot * PLT_ENTRY_SIZE;
  // Slots skipped for the erratum can lead past the section; the kernel then warns, or finds a duplicate.
  if (at + PLT_ENTRY_SIZE > plt.view.byteLength) return;
  plt.view.setInt32(at, first, true);
  plt.view.setInt32(at + WORD, second, true);
  plt.view.setInt32(at + 2 * WORD, third, true);
};

/** The page that an ADRP loads, as the kernel computes it: with a 32-bit offset. */
const adrpPage = (word: number, pc: number): number => {
  const steps = ((word >>> 3) & 0x1ffffc) | ((word >>> 29) & 3);
  return pc - (pc & 0xfff) + (steps << 12);
};

/** Whether the entry made for `slot` goes where the one in `last` goes; 'bug' where the kernel would stop. */
const sameTarget = (plt: PltSection, slot: number, first: number, second: number, last: number): boolean | 'bug' => {
  if (second !== readWord(plt, last, 1) || BR_IP0 !== readWord(plt, last, 2)) return false;
  const pc = slotAddress(plt, slot);
  const lastPc = slotAddress(plt, last);
  const lastFirst = readWord(plt, last, 0);
  if (first === lastFirst && pc - (pc & 0xfff) === lastPc - (lastPc & 0xfff)) return true;
  // aarch64_insn_adrp_get_offset() has a BUG_ON for what isn't an ADRP.
  if (!is(INSN.adrp, first) || !is(INSN.adrp, lastFirst)) return 'bug';
  return adrpPage(first, pc) === adrpPage(lastFirst, lastPc);
};

/** What emission came to: the entry's address, or why the kernel refused. */
export type Emitted = number | 'full' | 'bug';

/**
 * An entry for a branch at `site` to a place that is out of reach: `low12` of 4 KB page `page` modulo 2^32, which is all of
 * a 64-bit address that the kernel's encoder looks at; `target` is the nearest double. The entry is written into the next
 * free slot before it is compared with the last one used, so a duplicate leaves its copy behind.
 */
export const emitPltEntry = (
  plt: PltSection,
  page: number,
  low12: number,
  target: number,
  symbol: number,
  site: number,
): Emitted => {
  const last = plt.used - 1;
  let slot = plt.used;
  if (plt.erratum843419 && isForbiddenForAdrp(slotAddress(plt, slot))) slot++;
  const address = slotAddress(plt, slot);
  const first = adrp(ADRP_IP0, page, address);
  const second = ADD_IP0 | (low12 << 10);
  writeSlot(plt, slot, first, second, BR_IP0);
  if (last >= 0) {
    const same = sameTarget(plt, slot, first, second, last);
    if (same === 'bug') return 'bug';
    if (same) return slotAddress(plt, last);
  }
  plt.used += slot - last;
  if (plt.used > plt.max) return 'full';
  const words = [first >>> 0, second >>> 0, BR_IP0 >>> 0];
  plt.veneers.push({ kind: 'branch', section: plt.name, slot, address, words, target, symbol, site });
  return address;
};

/** Erratum 843419: `adrp rd, page; add rd, rd, #0; b site + 4`, where the ADRP at `site` becomes a branch to it. */
export const emitAdrpVeneer = (
  plt: PltSection,
  page: number,
  target: number,
  symbol: number,
  site: number,
  rd: number,
): Emitted => {
  let slot = plt.used++;
  if (plt.used > plt.max) return 'full';
  if (isForbiddenForAdrp(slotAddress(plt, slot))) slot = plt.used++;
  const address = slotAddress(plt, slot);
  const first = adrp(INSN.adrp.bits | rd, page, address);
  const second = INSN.add.bits | rd | (rd << 5);
  const third = encode(INSN.b, { target: site + WORD }, address + 2 * WORD) ?? BREAK_FAULT;
  writeSlot(plt, slot, first, second, third);
  const words = [first >>> 0, second >>> 0, third];
  plt.veneers.push({ kind: 'adrp', section: plt.name, slot, address, words, target, symbol, site });
  return address;
};
