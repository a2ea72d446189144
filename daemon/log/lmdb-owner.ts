/**
 * One process at a time has a data folder. The owner's record is written inside an LMDB transaction, which excludes
 * every other process; an owner that no longer runs is nobody. Should two still get in (two containers that share a
 * folder and can't see each other's pids), the log stays whole, since every append is a transaction with a condition;
 * only the followers of one don't hear of the other's commits.
 */
import { readFileSync } from 'node:fs';
import { StoreError } from './errors.ts';
import type { Tables } from './lmdb-schema.ts';

type Owner = { readonly pid: number; readonly started: string | null };

/** @throws StoreError `store-locked` */
export function takeFolder(tables: Tables, path: string): void {
  const me: Owner = { pid: process.pid, started: startOf(process.pid) };
  const there = tables.daemon.transactionSync((): Owner | undefined => {
    const owner = tables.daemon.get('owner') as Owner | undefined;
    if (owner !== undefined && runs(owner)) return owner;
    tables.daemon.put('owner', me);
    tables.daemon.put('form', 1);
    return undefined;
  });
  if (there !== undefined) {
    const who = there.pid === process.pid ? 'this process already' : 'another process';
    throw new StoreError('store-locked', `the data folder ${path} is in use by ${who}, pid ${there.pid}`);
  }
}

/** Resolves when everything that was written before is on disk too. */
export async function leaveFolder(tables: Tables): Promise<void> {
  await tables.daemon.remove('owner');
}

function runs(owner: Owner): boolean {
  if (!Number.isInteger(owner.pid) || owner.pid <= 0) return false;
  // Without a start time a pid that is ours says nothing: it may have been given out again.
  if (owner.pid === process.pid && owner.started === null) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.started === startOf(owner.pid);
}

/** When a process started, in clock ticks since boot (proc(5), stat, field 22); null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
