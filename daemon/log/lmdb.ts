/** The log in a data folder: LMDB, one process, every answer durable. lmdb-schema.ts says what is stored how. */
import { join } from 'node:path';
import { Bell } from './bell.ts';
import { listOf, orDamaged } from './damage.ts';
import { corrupt, shown } from './errors.ts';
import { makeFolder } from './folder.ts';
import { cantWrite, freeIn } from './lmdb-errors.ts';
import { leaveFolder, takeFolder } from './lmdb-owner.ts';
import { openRoom } from './lmdb-room.ts';
import {
  checkForm,
  commitsAfter,
  encodeCommit,
  knownId,
  type MachineRecord,
  machineRecord,
  newestSnapshot,
  openTables,
  readLastSlot,
  type Tables,
} from './lmdb-schema.ts';
import { type Slots, stageInLmdb } from './lmdb-staging.ts';
import { sweepSome } from './lmdb-sweep.ts';
import { openWrites } from './lmdb-writes.ts';
import type {
  AppendResult,
  CreateResult,
  EventLog,
  MachineHead,
  PutSnapshotResult,
  RemoveResult,
  TrimResult,
} from './log.ts';
import { appendRefusal, gone, isThere, type Known, pageLimits, readRefusal, takePage } from './rules.ts';
import { eventLog } from './store.ts';

/** LMDB maps a file of locks, and a process that touches a page of it for which the disk has no room is killed. */
const OPEN_BYTES = 1 << 20;

/** @throws StoreError `store-locked`, `store-corrupt`, `store-newer`, `store-unavailable` when the disk is full */
export async function openLmdbLog(dataDir: string): Promise<EventLog> {
  const path = join(dataDir, 'log');
  try {
    makeFolder(path);
  } catch (error) {
    throw cantWrite(dataDir, error);
  }
  if (freeIn(path) < OPEN_BYTES) throw cantWrite(path, 'it takes 1 MiB to open it');
  const tables = openTables(path);
  try {
    checkForm(tables, path);
    takeFolder(tables, dataDir);
  } catch (error) {
    await tables.env.close();
    throw error;
  }
  return logOf(tables);
}

function logOf(tables: Tables): EventLog {
  const bell = new Bell();
  const room = openRoom(tables.path);
  const writes = openWrites(tables, room);
  let lastSlot = readLastSlot(tables);
  const slots: Slots = { take: () => ++lastSlot, staged: new Set(), sweep: () => startSweep() };
  let open = true;
  let sweeping: Promise<void> | undefined;

  const sweep = async (): Promise<void> => {
    while (open && (await sweepSome(tables, allRecords(tables), slots.staged))) {}
  };
  // A sweep that fails is no harm: what it leaves is never read, and the next one takes it.
  const startSweep = (): void => {
    sweeping = (sweeping ?? Promise.resolve()).then(sweep).catch(() => undefined);
  };
  startSweep();

  return eventLog({
    listen: (name) => bell.listen(name),

    async create(name, epoch, first) {
      const result = await writes.write<CreateResult>(name, ({ record, ids }) => {
        if (record !== undefined) {
          const known = ids.get(first.id) ?? knownId(tables, record, first.id);
          return known === 1 && record.first === 1
            ? { refusal: { status: 'duplicate', epoch: record.epoch, number: 1 } }
            : { refusal: { status: 'machine-exists', epoch: record.epoch, head: record.head } };
        }
        room.take(first.text.length);
        const slot = slots.take();
        return {
          result: { status: 'created', epoch, number: 1 },
          record: { form: 1, slot, epoch, first: 1, head: 1 },
          id: first.id,
          write: () => {
            tables.daemon.put('last-slot', slot);
            tables.commits.put([slot, 1], encodeCommit(first.id, first.text));
            tables.ids.put([slot, first.id], 1);
          },
        };
      });
      if (result.status === 'created') bell.ring(name);
      return result;
    },

    stage: (name, epoch) => stageInLmdb(tables, writes, room, slots, name, epoch),

    async remove(name, epoch) {
      const result = await writes.write<RemoveResult>(name, ({ record }) => {
        if (!isThere(record, epoch)) return { refusal: gone(record) };
        const { slot } = record;
        return {
          result: { status: 'removed' },
          record: undefined,
          write: () => {
            tables.garbage.put(slot, true);
          },
        };
      });
      if (result.status === 'removed') {
        bell.ring(name);
        startSweep();
      }
      return result;
    },

    async list() {
      const names = [...tables.machines.getKeys()];
      return listOf(names.map((name) => orDamaged(name, () => foundHead(tables, name))));
    },

    async count() {
      return (tables.machines.getStats() as { readonly entryCount: number }).entryCount;
    },

    async head(name) {
      return foundHead(tables, name);
    },

    async append(name, epoch, expected, entry, expectedId) {
      const result = await writes.write<AppendResult>(name, ({ record, ids }) => {
        if (!isThere(record, epoch)) return { refusal: gone(record) };
        const known: Known = (id) => ids.get(id) ?? knownId(tables, record, id);
        const refusal = appendRefusal(headOf(name, record), expected, expectedId, entry.id, known);
        if (refusal !== undefined) return { refusal };
        room.take(entry.text.length);
        const { slot } = record;
        const number = expected + 1;
        return {
          result: { status: 'appended', number },
          record: { ...record, head: number },
          id: entry.id,
          write: () => {
            tables.commits.put([slot, number], encodeCommit(entry.id, entry.text));
            tables.ids.put([slot, entry.id], number);
          },
        };
      });
      if (result.status === 'appended') bell.ring(name);
      return result;
    },

    async find(name, epoch, id) {
      const record = machineRecord(tables, name)?.record;
      if (!isThere(record, epoch)) return undefined;
      const number = knownId(tables, record, id);
      return number !== undefined && number >= record.first ? number : undefined;
    },

    async read(name, epoch, options) {
      const record = machineRecord(tables, name)?.record;
      if (!isThere(record, epoch)) return gone(record);
      const refusal = readRefusal(headOf(name, record), options, (id) => knownId(tables, record, id));
      if (refusal !== undefined) return refusal;
      const commits = commitsAfter(tables, record, options.after, pageLimits(options).limit);
      return { status: 'page', entries: takePage(commits, options), head: record.head };
    },

    async putSnapshot(name, epoch, number, bytes) {
      return writes.write<PutSnapshotResult>(name, ({ record }) => {
        if (!isThere(record, epoch)) return { refusal: gone(record) };
        if (number > record.head) return { refusal: { status: 'beyond-head', head: record.head } };
        room.take(bytes.length);
        const { slot } = record;
        return {
          result: { status: 'stored' },
          record,
          write: () => {
            tables.snapshots.put([slot, number], bytes);
          },
        };
      });
    },

    async latestSnapshot(name, epoch, atOrBefore) {
      const record = machineRecord(tables, name)?.record;
      if (!isThere(record, epoch)) return undefined;
      const number = newestSnapshot(tables, record.slot, atOrBefore);
      const bytes = number < 0 ? undefined : tables.snapshots.get([record.slot, number]);
      if (bytes === undefined) return undefined;
      if (!(bytes instanceof Uint8Array)) throw corrupt(`snapshots/${record.slot}/${number}`, 'bytes', shown(bytes));
      return { number, bytes };
    },

    async snapshots(name, epoch) {
      const record = machineRecord(tables, name)?.record;
      if (!isThere(record, epoch)) return [];
      const { slot } = record;
      const keys = tables.snapshots.getKeys({ start: [slot, 0], end: [slot, Number.MAX_SAFE_INTEGER] });
      return Array.from(keys, ([, number]) => number);
    },

    async trim(name, epoch, upTo) {
      const result = await writes.write<TrimResult>(name, ({ record }) => {
        if (!isThere(record, epoch)) return { refusal: gone(record) };
        const { slot } = record;
        const cut = Math.min(newestSnapshot(tables, slot, upTo), record.head);
        if (cut < record.first) return { refusal: { status: 'trimmed', first: record.first } };
        const older = [...tables.snapshots.getKeys({ start: [slot, 0], end: [slot, cut] })];
        return {
          result: { status: 'trimmed', first: cut + 1 },
          record: { ...record, first: cut + 1 },
          write: () => {
            for (const key of older) tables.snapshots.remove(key);
          },
        };
      });
      if (result.status === 'trimmed') startSweep();
      return result;
    },

    check: writes.check,

    async close() {
      open = false;
      writes.close();
      bell.ringAll();
      await sweeping;
      await leaveFolder(tables);
      await tables.env.close();
    },
  });
}

function headOf(name: string, { epoch, first, head }: MachineRecord): MachineHead {
  return { name, epoch, first, head };
}

function foundHead(tables: Tables, name: string): MachineHead | undefined {
  const found = machineRecord(tables, name);
  return found === undefined ? undefined : headOf(name, found.record);
}

/** Of the machines that are whole: what belongs to a damaged one stays as it is. */
function* allRecords(tables: Tables): Generator<MachineRecord> {
  for (const name of [...tables.machines.getKeys()]) {
    const found = orDamaged(name, () => machineRecord(tables, name));
    if (found !== undefined && !('message' in found)) yield found.record;
  }
}
