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

/** `known`: the number of the commit that has this command's id. It wins over the expected version: a reply was lost. */
export function appendRefusal(
  machine: MachineHead,
  expected: number,
  known: number | undefined,
): AppendResult | undefined {
  if (known !== undefined) return { status: 'duplicate', number: known };
  return machine.head === expected ? undefined : { status: 'version-conflict', head: machine.head };
}

export function readRefusal(machine: MachineHead, after: number): ReadRefusal | undefined {
  if (after < machine.first - 1) return { status: 'trimmed', first: machine.first };
  return after > machine.head ? { status: 'beyond-head', head: machine.head } : undefined;
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
