/**
 * One process at a time has a data folder. The owner's record is written inside an LMDB transaction, which excludes
 * every other process; an owner that no longer runs is nobody. Should two still get in (two containers that share a
 * folder and can't see each other's pids), the log stays whole, since every append is a transaction with a condition;
 * only the followers of one don't hear of the other's commits.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { StoreError } from './errors.ts';
import { cantWrite, isOfSystem, written } from './lmdb-errors.ts';
import type { Tables } from './lmdb-schema.ts';

/** Folders that this process has: its own pid in a record says nothing when leaving could not be written. */
const here = new Set<string>();

type Owner = { readonly pid: number; readonly started: string | null };

/** @throws StoreError `store-locked`, `store-unavailable` when the disk is full */
export function takeFolder(tables: Tables, path: string): void {
  const me: Owner = { pid: process.pid, started: startOf(process.pid) };
  const there = transaction(tables, (): Owner | undefined => {
    const owner = tables.daemon.get('owner') as Owner | undefined;
    if (owner !== undefined && runs(owner, tables.path)) return owner;
    tables.daemon.put('owner', me);
    tables.daemon.put('form', 1);
    return undefined;
  });
  if (there !== undefined) {
    const who = there.pid === process.pid ? 'this process already' : 'another process';
    throw new StoreError('store-locked', `the data folder ${path} is in use by ${who}, pid ${there.pid}`);
  }
  here.add(realpathSync(tables.path));
}

/** Resolves when everything that was written before is on disk too. A full disk is no reason to stay. */
export async function leaveFolder(tables: Tables): Promise<void> {
  await written(tables.path, [tables.daemon.remove('owner')]).catch(() => undefined);
  here.delete(realpathSync(tables.path));
}

function transaction<T>(tables: Tables, work: () => T): T {
  try {
    return tables.daemon.transactionSync(work);
  } catch (error) {
    if (isOfSystem(error)) throw cantWrite(tables.path, error);
    throw error;
  }
}

function runs(owner: Owner, path: string): boolean {
  if (!Number.isInteger(owner.pid) || owner.pid <= 0) return false;
  if (owner.pid === process.pid) return here.has(realpathSync(path));
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
