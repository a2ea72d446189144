/** Deletes what trimming and removing left behind, some at a time, so that no transaction is long. */
import type { Database, Key } from 'lmdb';
import { written } from './lmdb-errors.ts';
import { commitIn, keptFrom, type MachineRecord, type Tables } from './lmdb-schema.ts';

const SLICE = 256;

/** Whether there is more to sweep. `staged` are slots in the making: they are garbage only once their process is gone. */
export async function sweepSome(
  tables: Tables,
  machines: Iterable<MachineRecord>,
  staged: ReadonlySet<number>,
): Promise<boolean> {
  for (const slot of [...tables.garbage.getKeys()]) {
    if (staged.has(slot)) continue;
    await written(tables.path, [tables.env.transaction(() => sweepSlot(tables, slot))]);
    return true;
  }
  for (const machine of machines) {
    const { slot } = machine;
    const first = keptFrom(machine);
    if (isEmpty(tables.commits.getKeys({ start: [slot, 0], end: [slot, first], limit: 1 }))) continue;
    await written(tables.path, [tables.env.transaction(() => sweepTrimmed(tables, slot, first))]);
    return true;
  }
  return false;
}

function sweepSlot(tables: Tables, slot: number): void {
  let swept = 0;
  const tablesBySlot: readonly Database<unknown, Key>[] = [tables.commits, tables.ids, tables.snapshots];
  for (const table of tablesBySlot) {
    for (const key of [...table.getKeys({ start: [slot], end: [slot + 1], limit: SLICE })]) {
      table.remove(key);
      swept++;
    }
  }
  if (swept === 0) tables.garbage.remove(slot);
}

function sweepTrimmed(tables: Tables, slot: number, first: number): void {
  for (const { key, value } of [...tables.commits.getRange({ start: [slot, 0], end: [slot, first], limit: SLICE })]) {
    // The id of a damaged one stays as long as its machine: nobody takes it for that of a commit which is there.
    const id = commitIn(value)?.id;
    // The same id may have come again after the trim.
    if (id !== undefined && tables.ids.get([slot, id]) === key[1]) tables.ids.remove([slot, id]);
    tables.commits.remove(key);
  }
}

function isEmpty(keys: Iterable<unknown>): boolean {
  for (const _ of keys) return false;
  return true;
}
