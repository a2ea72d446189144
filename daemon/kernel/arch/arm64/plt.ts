/**
 * PLT entries (veneers) and the slots that hold them.
 * Models arch/arm64/kernel/module-plts.c, v6.1 and v6.12: `get_plt_entry`, `module_emit_plt_entry`, `module_emit_veneer_for_adrp`.
 *
 * An entry is three words: adrp; add; br. A destination is given as its 4 KB page modulo 2^32 and its low 12 bits, which is
 * all of a 64-bit address that the kernel's encoder looks at.
 */
import type { Veneer } from '../arch.ts';
import { BREAK_FAULT, encode, INSN, is, withField } from './insn.ts';

export const PLT_ENTRY_SIZE = 12;
const WORD = 4;
/** x16, the first intra-procedure-call scratch register. */
const IP0 = 16;

/** An address modulo 2^44, cut at the page boundary. `page` is a signed 32-bit number. */
export interface Destination {
  readonly page: number;
  readonly low12: number;
  /** The whole address; nearest double where it doesn't fit one. */
  readonly address: number;
}

export const destination = (address: number): Destination => ({
  page: Math.floor(address / 4096) | 0,
  low12: address & 0xfff,
  address,
});

export const exactDestination = (address: bigint): Destination => ({
  page: Number(BigInt.asIntN(32, address >> 12n)),
  low12: Number(address & 0xfffn),
  address: Number(address),
});

const adrp = (register: number, to: Destination, pc: number): number => {
  // The kernel keeps the distance in 32 bits before it looks at its range.
  const pages = (to.page - (Math.floor(pc / 4096) | 0)) | 0;
  if (pages < -0x100000 || pages >= 0x100000) return BREAK_FAULT;
  return withField((INSN.adrp.bits | register) >>> 0, INSN.adrp, 'target', pages);
};

const add = (register: number, low12: number): number =>
  (INSN.add.bits | register | (register << 5) | (low12 << 10)) >>> 0;

const BR_IP0 = encode(INSN.br, { rn: IP0 }) ?? BREAK_FAULT;

/** `adrp x16, page; add x16, x16, #lo12; br x16` for a slot at `pc`. */
export const pltEntry = (to: Destination, pc: number): [number, number, number] => [
  adrp(IP0, to, pc),
  add(IP0, to.low12),
  BR_IP0,
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
  plt.view.getUint32(slot * PLT_ENTRY_SIZE + word * WORD, true);

const writeSlot = (plt: PltSection, slot: number, words: readonly number[]): void => {
  const at = slot * PLT_ENTRY_SIZE;
  // Slots skipped for the erratum can lead past the section; the kernel then warns, or finds a duplicate.
  if (at + PLT_ENTRY_SIZE > plt.view.byteLength) return;
  for (const [i, word] of words.entries()) plt.view.setUint32(at + i * WORD, word, true);
};

type Comparison = 'equal' | 'different' | 'bug';

/** The page that an ADRP loads, as the kernel computes it: with a 32-bit offset. */
const adrpPage = (word: number, pc: number): number => {
  const steps = (((word >>> 3) & 0x1ffffc) | ((word >>> 29) & 3)) << 12;
  return pc - (pc & 0xfff) + steps;
};

const compare = (words: readonly [number, number, number], slot: number, plt: PltSection, last: number): Comparison => {
  if (words[1] !== readWord(plt, last, 1) || words[2] !== readWord(plt, last, 2)) return 'different';
  const pc = slotAddress(plt, slot);
  const lastPc = slotAddress(plt, last);
  const lastAdrp = readWord(plt, last, 0);
  if (words[0] === lastAdrp && pc - (pc & 0xfff) === lastPc - (lastPc & 0xfff)) return 'equal';
  // aarch64_insn_adrp_get_offset() has a BUG_ON for what isn't an ADRP.
  if (!is(INSN.adrp, words[0]) || !is(INSN.adrp, lastAdrp)) return 'bug';
  return adrpPage(words[0], pc) === adrpPage(lastAdrp, lastPc) ? 'equal' : 'different';
};

/** What emission came to: the entry's address, or why the kernel refused. */
export type Emitted = number | 'full' | 'bug';

/**
 * An entry for a branch at `site` whose target is out of reach. The entry is written into the next free slot before it is
 * compared with the last one used, so a duplicate leaves its copy behind.
 */
export const emitPltEntry = (plt: PltSection, to: Destination, symbol: number, site: number): Emitted => {
  const last = plt.used - 1;
  let slot = plt.used;
  if (plt.erratum843419 && isForbiddenForAdrp(slotAddress(plt, slot))) slot++;
  const address = slotAddress(plt, slot);
  const words = pltEntry(to, address);
  writeSlot(plt, slot, words);
  if (last >= 0) {
    const same = compare(words, slot, plt, last);
    if (same === 'bug') return 'bug';
    if (same === 'equal') return slotAddress(plt, last);
  }
  plt.used += slot - last;
  if (plt.used > plt.max) return 'full';
  plt.veneers.push({ kind: 'branch', section: plt.name, slot, address, words, target: to.address, symbol, site });
  return address;
};

/** Erratum 843419: `adrp rd, page; add rd, rd, #0; b site + 4`, where the ADRP at `site` becomes a branch to it. */
export const emitAdrpVeneer = (
  plt: PltSection,
  page: Destination,
  symbol: number,
  site: number,
  register: number,
): Emitted => {
  let slot = plt.used++;
  if (plt.used > plt.max) return 'full';
  if (isForbiddenForAdrp(slotAddress(plt, slot))) slot = plt.used++;
  const address = slotAddress(plt, slot);
  const back = encode(INSN.b, { target: site + WORD }, address + 2 * WORD) ?? BREAK_FAULT;
  const words = [adrp(register, page, address), add(register, 0), back];
  writeSlot(plt, slot, words);
  plt.veneers.push({ kind: 'adrp', section: plt.name, slot, address, words, target: page.address, symbol, site });
  return address;
};
