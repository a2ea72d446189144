/**
 * Function entries made ready for tracing: the first NOP of each becomes `mov x9, x30`.
 * Models arch/arm64/kernel/ftrace.c: `ftrace_init_nop` of v6.1, and `ftrace_call_adjust` and `ftrace_init_nop` of v6.12.
 */
import type { PlacedModule } from '../arch.ts';
import { type FindSpot, placedSection } from '../placed-memory.ts';
import type { Layout } from './frob.ts';
import { encode, INSN, is, NOP } from './insn.ts';

const MOV_X9_X30 = encode(INSN.mov, { rd: 9, rm: 30 }) ?? NOP;
const TWO_32 = 2 ** 32;

/**
 * Initialises every site of `__patchable_function_entries`, in order of address. As ftrace switches itself off at the first
 * site that holds something else than a NOP, this stops there.
 */
export const initFtraceSites = (
  placed: PlacedModule,
  find: FindSpot,
  layout: Layout,
  nopOps: number | undefined,
): void => {
  const table = placedSection(placed, '__patchable_function_entries');
  if (!table) return;
  const { view } = table;
  const entries = new Float64Array(Math.floor(view.byteLength / 8));
  let sorted = true;
  for (let i = 0; i < entries.length; i++) {
    const entry = view.getInt32(8 * i + 4, true) * TWO_32 + view.getUint32(8 * i, true);
    if (i > 0 && entry < (entries[i - 1] as number)) sorted = false;
    entries[i] = entry;
  }
  // Calling the sort costs more than looking: the table is in order as a rule.
  if (!sorted) entries.sort();
  const init = layout === 'linux-6.1' ? initSite : initCallOpsSite;
  for (const entry of entries) if (entry !== 0 && !init(find, entry, nopOps)) return;
};

/** 6.1: the entry is the function's first NOP. */
const initSite = (find: FindSpot, entry: number): boolean => {
  const spot = find(entry);
  if (!spot || spot.bytes < 4 || spot.view.getUint32(spot.at, true) !== NOP) return false;
  spot.view.setUint32(spot.at, MOV_X9_X30, true);
  return true;
};

/** 6.12: two NOPs before the function hold the address of the ftrace_ops; a BTI may stand before the function's own NOPs. */
const initCallOpsSite = (find: FindSpot, entry: number, nopOps: number | undefined): boolean => {
  // The kernel warns of a misaligned entry and leaves it out.
  if (entry % 8 !== 0) return true;
  const spot = find(entry);
  if (!spot || spot.bytes < 20) return false;
  const { view, at } = spot;
  const first = is(INSN.bti, view.getUint32(at + 8, true)) ? at + 12 : at + 8;
  if (nopOps !== undefined) {
    view.setInt32(at, nopOps | 0, true);
    view.setInt32(at + 4, Math.floor(nopOps / TWO_32), true);
  }
  if (view.getUint32(first, true) !== NOP) return false;
  view.setUint32(first, MOV_X9_X30, true);
  return true;
};
