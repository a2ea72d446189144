/**
 * What is in the data folder's LMDB file. A machine's commits, ids and snapshots are keyed by its slot, a number that no
 * two machines share, so that a machine goes away by its one record, and the rest is swept up later, bit by bit.
 *
 *   machines    name            -> {form, slot, epoch, first, head}, with a version that every write changes
 *   commits     [slot, number]  -> id, newline, text
 *   ids         [slot, id]      -> number
 *   snapshots   [slot, number]  -> bytes
 *   garbage     slot            -> true: a slot whose machine was removed
 *   daemon      'form'          -> 1: the form of all this
 *               'owner'         -> {pid, started}: the process that has this folder
 *               'last-slot'     -> the slot given out last
 */
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { corrupt, isNumber, messageOf, otherForm, StoreError, shown } from './errors.ts';
import { cantWrite, isOfSystem } from './lmdb-errors.ts';
import { checkLmdbFile } from './lmdb-file.ts';
import type { Entry, NewEntry } from './log.ts';

export type MachineRecord = {
  readonly form: 1;
  readonly slot: number;
  readonly epoch: string;
  readonly first: number;
  readonly head: number;
};

export type Tables = {
  /** The folder of the file. */
  readonly path: string;
  readonly env: RootDatabase;
  readonly machines: Database<unknown, string>;
  readonly commits: Database<unknown, [number, number]>;
  readonly ids: Database<unknown, [number, string]>;
  readonly snapshots: Database<unknown, [number, number]>;
  readonly garbage: Database<unknown, number>;
  readonly daemon: Database<unknown, string>;
};

export function openTables(path: string): Tables {
  checkLmdbFile(join(path, 'data.mdb'));
  try {
    // A commit that syncs before it is answered, as stock LMDB does: pages, fdatasync, then the meta page with O_DSYNC.
    // Without its batches of an event turn, whose own promises nobody can catch when a commit fails; writes under way
    // share a commit all the same.
    const env = open({ path, overlappingSync: false, eventTurnBatching: false, maxDbs: 16, noSubdir: false });
    return {
      path,
      env,
      machines: env.openDB({ name: 'machines', encoding: 'json', useVersions: true }),
      commits: env.openDB({ name: 'commits', encoding: 'string' }),
      ids: env.openDB({ name: 'ids', encoding: 'json' }),
      snapshots: env.openDB({ name: 'snapshots', encoding: 'binary' }),
      garbage: env.openDB({ name: 'garbage', encoding: 'json' }),
      daemon: env.openDB({ name: 'daemon', encoding: 'json' }),
    };
  } catch (error) {
    if (isOfSystem(error)) throw cantWrite(path, error);
    throw new StoreError('store-corrupt', `${path}: expected an LMDB environment; ${messageOf(error)}`, error);
  }
}

/** @throws StoreError `store-newer`, and `store-corrupt`. A folder without a form is new, or of before there was one. */
export function checkForm(tables: Tables, path: string): void {
  const form = reading('daemon/form', () => tables.daemon.get('form'));
  if (form !== undefined && form !== 1) throw otherForm(`${path}, daemon/form`, form);
}

export function readLastSlot(tables: Tables): number {
  const key = 'daemon/last-slot';
  const slot = reading(key, () => tables.daemon.get('last-slot')) ?? 0;
  if (!isNumber(slot, 0)) throw corrupt(key, 'the number of a slot', shown(slot));
  return slot;
}

/** The record of a machine and the version that its next write has to name. */
export function machineRecord(
  tables: Tables,
  name: string,
): { readonly record: MachineRecord; readonly version: number } | undefined {
  const key = `machines/${name}`;
  const found = reading(key, () => tables.machines.getEntry(name));
  if (found === undefined) return undefined;
  const record = found.value as Partial<MachineRecord> | null;
  if (isNumber(record?.form, 2)) throw otherForm(key, record.form);
  const whole =
    record?.form === 1 &&
    isNumber(record.slot, 1) &&
    typeof record.epoch === 'string' &&
    isNumber(record.first, 1) &&
    isNumber(record.head, record.first - 1);
  if (!whole || found.version === undefined) throw corrupt(key, '{form, slot, epoch, first, head}', shown(record));
  return { record: record as MachineRecord, version: found.version };
}

/** The number of the commit with this command id: of one that is there, or of the last one, which a trim leaves alone. */
export function knownId(tables: Tables, record: MachineRecord, id: string): number | undefined {
  const key = `ids/${record.slot}/${id}`;
  const number = reading(key, () => tables.ids.get([record.slot, id]));
  if (number === undefined) return undefined;
  if (!isNumber(number, 1)) throw corrupt(key, 'the number of a commit', shown(number));
  return number >= keptFrom(record) && number <= record.head ? number : undefined;
}

/** The first commit that the file keeps: the last one stays when it is trimmed, so that its id stays known. */
export function keptFrom({ first, head }: MachineRecord): number {
  return Math.min(first, head);
}

/** The commits after a position, each the next one of the one before, up to the head. */
export function* commitsAfter(tables: Tables, record: MachineRecord, after: number, limit: number): Generator<Entry> {
  const { slot, head } = record;
  let number = after;
  const range = { start: [slot, after + 1], end: [slot, head + 1], limit } satisfies Parameters<
    Tables['commits']['getRange']
  >[0];
  for (const { key, value } of tables.commits.getRange(range)) {
    number++;
    if (key[1] !== number) throw corrupt(`commits/${slot}/${number}`, 'this commit', `a gap up to ${key[1]}`);
    yield decodeCommit(slot, number, value);
  }
  const last = Math.min(head, after + limit);
  if (number < last)
    throw corrupt(`commits/${slot}/${number + 1}`, 'this commit', `nothing, although ${head} is the head`);
}

export function encodeCommit(id: string, text: string): string {
  return `${id}\n${text}`;
}

export function decodeCommit(slot: number, number: number, value: unknown): Entry {
  const entry = commitIn(value);
  if (entry === undefined) {
    throw corrupt(`commits/${slot}/${number}`, 'a command id, a newline and a text', shown(value));
  }
  return { number, ...entry };
}

/** Undefined where it is none. */
export function commitIn(value: unknown): NewEntry | undefined {
  const end = typeof value === 'string' ? value.indexOf('\n') : -1;
  if (typeof value !== 'string' || end < 1 || end > 128) return undefined;
  return { id: value.slice(0, end), text: value.slice(end + 1) };
}

/** -1 if there is none. */
export function newestSnapshot(tables: Tables, slot: number, atOrBefore: number): number {
  for (const [, number] of tables.snapshots.getKeys({
    start: [slot, atOrBefore],
    end: [slot, -1],
    reverse: true,
    limit: 1,
  })) {
    return number;
  }
  return -1;
}

function reading<T>(key: string, get: () => T): T {
  try {
    return get();
  } catch (error) {
    throw new StoreError('store-corrupt', `${key}: expected a value in JSON; ${messageOf(error)}`, error);
  }
}
