/**
 * Writes to a machine's record, each conditional on the one before. LMDB's writer thread checks the condition, so that
 * many writes are under way at once and share one sync (group commit), while a write whose predecessor failed fails too.
 */
import { closed } from './errors.ts';
import { unavailable, written } from './lmdb-errors.ts';
import type { Room } from './lmdb-room.ts';
import { type MachineRecord, machineRecord, type Tables } from './lmdb-schema.ts';

/** A machine as it will be when all writes under way are done. */
export type Pending = {
  readonly record: MachineRecord | undefined;
  /** Command ids of appends under way, by id. */
  readonly ids: ReadonlyMap<string, number>;
};

export type Decision<R> =
  | { readonly refusal: R }
  | {
      readonly result: R;
      /** The machine's record after this write; undefined removes it. */
      readonly record: MachineRecord | undefined;
      /** A command id that this write makes known. */
      readonly id?: string;
      /** Further puts and removes of the same transaction. */
      readonly write: () => void;
    };

type Chain = {
  record: MachineRecord | undefined;
  version: number | undefined;
  ids: Map<string, number>;
  underWay: number;
  failed: boolean;
  /** Resolves to whether the last write, and with it all before, was done. */
  last: Promise<boolean>;
};

export type Writes = {
  /** Decides on the machine as it will be; a refusal is answered when what it rests on is durable. */
  write<R>(name: string, decide: (machine: Pending) => Decision<R>): Promise<R>;
  /** Writes a value that nobody reads. */
  check(): Promise<void>;
  close(): void;
};

export function openWrites(tables: Tables, room: Room): Writes {
  const chains = new Map<string, Chain>();
  let open = true;

  const chainOf = (name: string): Chain => {
    const there = chains.get(name);
    if (there !== undefined) return there;
    const found = machineRecord(tables, name);
    return {
      record: found?.record,
      version: found?.version,
      ids: new Map(),
      underWay: 0,
      failed: false,
      last: Promise.resolve(true),
    };
  };

  const commit = async <R>(
    name: string,
    chain: Chain,
    decision: Exclude<Decision<R>, { refusal: R }>,
  ): Promise<boolean> => {
    const from = chain.version;
    const to = (from ?? 0) + 1;
    const { ids } = chain;
    const { record, id } = decision;
    chain.record = record;
    chain.version = record === undefined ? undefined : to;
    if (id !== undefined && record !== undefined) ids.set(id, record.head);
    if (record === undefined) chain.ids = new Map();
    chain.underWay++;
    chains.set(name, chain);
    const all = (): void => {
      decision.write();
      if (record === undefined) tables.machines.remove(name);
      else tables.machines.put(name, record, to);
    };
    // Accounts come before anybody who waits for this write hears of it.
    const account = (ok: boolean): boolean => {
      if (!ok) chain.failed = true;
      if (id !== undefined) ids.delete(id);
      if (--chain.underWay === 0) chains.delete(name);
      return ok;
    };
    const condition =
      from === undefined ? tables.machines.ifNoExists(name, all) : tables.machines.ifVersion(name, from, all);
    const done = condition.then(account, (error: unknown) => {
      account(false);
      throw error;
    });
    chain.last = done.catch(() => false);
    try {
      return await done;
    } catch (error) {
      throw await unavailable(tables.path, error);
    }
  };

  return {
    async write(name, decide) {
      for (;;) {
        if (!open) throw closed();
        const chain = chainOf(name);
        if (chain.failed) {
          await chain.last;
          continue;
        }
        const decision = decide(chain);
        if ('refusal' in decision) {
          if (await chain.last) return decision.refusal;
        } else if (await commit(name, chain, decision)) return decision.result;
      }
    },
    async check() {
      room.take(0);
      await written(tables.path, [tables.daemon.put('check', Date.now())]);
    },
    close() {
      open = false;
    },
  };
}
