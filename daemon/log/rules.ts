/** The refusals of docs/spec/log.md, for stores that decide in this process; redis/*.lua says the same in Lua. */
import {
  type AppendResult,
  type Entry,
  type Gone,
  type MachineHead,
  PAGE_BYTES,
  PAGE_ENTRIES,
  type ReadOptions,
  type ReadRefusal,
} from './log.ts';

type Incarnation = { readonly epoch: string };

export function isThere<M extends Incarnation>(machine: M | undefined, epoch: string): machine is M {
  return machine?.epoch === epoch;
}

/** Why a machine that is not there under the epoch asked for is not. */
export function gone(machine: Incarnation | undefined): Gone {
  return machine === undefined ? { status: 'no-such-machine' } : { status: 'epoch-changed', epoch: machine.epoch };
}

/** Gives the number of the commit that has this command id: of one that was not trimmed, or of the last one. */
export type Known = (id: string) => number | undefined;

/** A known id wins over the expected version: a reply was lost. */
export function appendRefusal(
  machine: MachineHead,
  expected: number,
  expectedId: string | undefined,
  id: string,
  known: Known,
): AppendResult | undefined {
  const number = known(id);
  if (number !== undefined && number >= machine.first) return { status: 'duplicate', number };
  const fits = machine.head === expected && isThis(machine, expected, expectedId, known);
  return fits ? undefined : { status: 'version-conflict', head: machine.head };
}

export function readRefusal(machine: MachineHead, options: ReadOptions, known: Known): ReadRefusal | undefined {
  const { head, first } = machine;
  const { after, afterId } = options;
  if (after < first - 1) return { status: 'trimmed', first };
  if (after > head) return { status: 'beyond-head', head };
  return isThis(machine, after, afterId, known) ? undefined : { status: 'history-lost', head };
}

/** Whether commit `number` has this id, if one is named. What was trimmed is taken for what it should be, except the head. */
function isThis({ first, head }: MachineHead, number: number, id: string | undefined, known: Known): boolean {
  if (id === undefined || (number < first && number < head)) return true;
  return known(id) === number;
}

/** A page out of `entries`, which start right after the position asked for. */
export function takePage(entries: Iterable<Entry>, options: ReadOptions): readonly Entry[] {
  const { limit, maxBytes } = pageLimits(options);
  const page: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    bytes += Buffer.byteLength(entry.text);
    if (page.length > 0 && bytes > maxBytes) break;
    page.push(entry);
    if (page.length >= limit) break;
  }
  return page;
}

export function pageLimits(options: ReadOptions): { readonly limit: number; readonly maxBytes: number } {
  return { limit: Math.max(1, options.limit ?? PAGE_ENTRIES), maxBytes: options.maxBytes ?? PAGE_BYTES };
}
