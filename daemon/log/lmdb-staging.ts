/**
 * A machine in the making in LMDB: a slot of its own, which is garbage until its machine is there. So what a crash
 * leaves is swept when the folder is opened again; while this process stages, its sweep leaves the slot alone.
 */
import { written } from './lmdb-errors.ts';
import type { Room } from './lmdb-room.ts';
import { encodeCommit, type Tables } from './lmdb-schema.ts';
import type { Writes } from './lmdb-writes.ts';
import { type RawPublished, type RawStaging, stagedTwice } from './staging.ts';

export type Slots = {
  /** A number that no machine has had. It is put under `last-slot` by whoever takes it, in the same turn. */
  take(): number;
  /** Slots that are staged to now. */
  readonly staged: Set<number>;
  sweep(): void;
};

export function stageInLmdb(
  tables: Tables,
  writes: Writes,
  room: Room,
  slots: Slots,
  name: string,
  epoch: string,
): RawStaging {
  let begun: { readonly slot: number; readonly registered: Promise<unknown> } | undefined;

  /** The slot, registered as garbage on disk before anything is in it. */
  const begin = (): { readonly slot: number; readonly registered: Promise<unknown> } => {
    const slot = slots.take();
    slots.staged.add(slot);
    const registered = written(tables.path, [tables.daemon.put('last-slot', slot), tables.garbage.put(slot, true)]);
    return { slot, registered };
  };

  return {
    async append(from, entries) {
      room.take(entries.reduce((sum, { text }) => sum + text.length, 0));
      begun ??= begin();
      const { slot, registered } = begun;
      await registered;
      const stored = await written(
        tables.path,
        entries.map(({ id, text }, at) =>
          tables.ids.ifNoExists([slot, id], () => {
            tables.ids.put([slot, id], from + at);
            tables.commits.put([slot, from + at], encodeCommit(id, text));
          }),
        ),
      );
      const twice = stored.indexOf(false);
      if (twice >= 0) throw stagedTwice(entries[twice]?.id ?? '');
    },

    async publish(count) {
      const slot = begun?.slot ?? 0;
      const result = await writes.write<RawPublished>(name, ({ record }) => {
        if (record !== undefined) return { refusal: { created: false, epoch: record.epoch, head: record.head } };
        return {
          result: { created: true, epoch, head: count },
          record: { form: 1, slot, epoch, first: 1, head: count },
          write: () => {
            tables.garbage.remove(slot);
          },
        };
      });
      if (result.created) slots.staged.delete(slot);
      return result;
    },

    async discard() {
      if (begun === undefined) return;
      slots.staged.delete(begun.slot);
      slots.sweep();
    },
  };
}
