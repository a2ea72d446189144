/** The suite that every store runs: what docs/spec/log.md promises of all of them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventLog, MAX_COMMIT_BYTES } from '../../daemon/log/log.ts';
import { appendingSuite } from './appending.ts';
import { againstTheModel } from './model.ts';
import { readingSuite } from './reading.ts';
import { stagingSuite } from './staging.ts';
import { EPOCH, LATER, suiteOn, text, turn } from './suite.ts';
import { trimmingSuite } from './trimming.ts';

export type StoreUnderTest = {
  readonly log: EventLog;
  /** Another handle on the same store: a second process of a shared one, or the same log if it can't be shared. */
  readonly other: EventLog;
  /** Closes the log and opens it again; absent where nothing outlives the process. */
  readonly reopen?: () => Promise<EventLog>;
  close(): Promise<void>;
};

export function conformance(store: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the event log on ${store}`, () => {
    let under: StoreUnderTest;
    let log: EventLog;
    const suite = suiteOn(
      () => log,
      () => under.other,
    );
    const { fresh, booted, readAll } = suite;
    const first = { id: 'boot', text: text(1) };

    beforeAll(async () => {
      under = await open();
      log = under.log;
    });
    afterAll(() => under.close());

    it('LOG-1: a machine is created with its first commit and not without it', async () => {
      const name = fresh();
      expect(await log.head(name)).toBeUndefined();
      expect(await log.create(name, EPOCH, first)).toEqual({ status: 'created', epoch: EPOCH, number: 1 });
      expect(await log.head(name)).toEqual({ name, epoch: EPOCH, first: 1, head: 1 });
      expect(await readAll(name)).toEqual([{ number: 1, ...first }]);
    });

    it('LOG-1: of many that create the same machine one does, and the others are told which epoch it has', async () => {
      const name = fresh();
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 ? log : under.other).create(name, `epoch10${n}`, { id: `boot-${n}`, text: text(1) }),
        ),
      );
      const created = results.filter((r) => r.status === 'created');
      expect(created).toHaveLength(1);
      const epoch = created[0]?.epoch;
      for (const r of results) {
        if (r.status !== 'created') expect(r).toEqual({ status: 'machine-exists', epoch, head: 1 });
      }
    });

    it('LOG-2: creating a machine again with the same command yields the first result', async () => {
      const name = await booted(3);
      const again = await log.create(name, LATER, first);
      expect(again).toEqual({ status: 'duplicate', epoch: EPOCH, number: 1 });
      const other = await log.create(name, LATER, { id: 'c2', text: text(1) });
      expect(other).toEqual({ status: 'machine-exists', epoch: EPOCH, head: 3 });
    });

    it('LOG-3: a machine created again under its name starts afresh', async () => {
      const name = await booted(3);
      await log.putSnapshot(name, EPOCH, 2, Uint8Array.of(1));
      expect(await log.remove(name, EPOCH)).toEqual({ status: 'removed' });
      expect(await log.head(name)).toBeUndefined();
      expect(await log.create(name, LATER, first)).toMatchObject({ status: 'created' });
      expect(await readAll(name, 0, LATER)).toHaveLength(1);
      expect(await log.latestSnapshot(name, LATER, 100)).toBeUndefined();
      const again = await log.append(name, LATER, 1, { id: 'c2', text: 'new' });
      expect(again).toEqual({ status: 'appended', number: 2 });
    });

    it('LOG-4: every call under another epoch or name is refused', async () => {
      const name = await booted(2);
      const entry = { id: 'x', text: text(3) };
      const changed = { status: 'epoch-changed', epoch: EPOCH };
      expect(await log.append(name, LATER, 2, entry)).toEqual(changed);
      expect(await log.read(name, LATER, { after: 0 })).toEqual(changed);
      expect(await log.trim(name, LATER, 1)).toEqual(changed);
      expect(await log.putSnapshot(name, LATER, 1, Uint8Array.of(1))).toEqual(changed);
      expect(await log.latestSnapshot(name, LATER, 1)).toBeUndefined();
      expect(await log.remove(name, LATER)).toEqual(changed);

      const nobody = fresh();
      const none = { status: 'no-such-machine' };
      expect(await log.append(nobody, EPOCH, 0, entry)).toEqual(none);
      expect(await log.read(nobody, EPOCH, { after: 0 })).toEqual(none);
      expect(await log.trim(nobody, EPOCH, 1)).toEqual(none);
      expect(await log.putSnapshot(nobody, EPOCH, 1, Uint8Array.of(1))).toEqual(none);
      expect(await log.latestSnapshot(nobody, EPOCH, 1)).toBeUndefined();
      expect(await log.remove(nobody, EPOCH)).toEqual(none);
      expect(await log.head(nobody)).toBeUndefined();
      expect(await readAll(name)).toHaveLength(2);
    });

    it('LOG-5: the list has every machine, by name', async () => {
      const before = await log.count();
      const a = await booted(2);
      const b = await booted(1);
      expect(await log.count()).toBe(before + 2);
      const removed = await booted(1);
      await log.remove(removed, EPOCH);
      const { machines: list, damaged } = await log.list();
      expect(damaged).toEqual([]);
      const names = list.map((m) => m.name);
      expect(names).toEqual([...names].sort());
      expect(list).toContainEqual({ name: a, epoch: EPOCH, first: 1, head: 2 });
      expect(list).toContainEqual({ name: b, epoch: EPOCH, first: 1, head: 1 });
      expect(names).not.toContain(removed);
    });

    it('LOG-10: what breaks the rules is refused and changes nothing', async () => {
      const name = await booted(1);
      const invalid = { code: 'invalid-argument' };
      const entry = { id: 'a', text: 'b' };
      for (const bad of ['', 'A', '{x}', '../x', 'a'.repeat(64)]) {
        await expect(log.create(bad, EPOCH, entry)).rejects.toMatchObject(invalid);
        await expect(log.append(bad, EPOCH, 1, entry)).rejects.toMatchObject(invalid);
        await expect(log.head(bad)).rejects.toMatchObject(invalid);
      }
      for (const bad of ['', 'short', 'UPPERCASE', 'has space']) {
        await expect(log.append(name, bad, 1, entry)).rejects.toMatchObject(invalid);
      }
      for (const bad of ['', 'new\nline', 'ä', 'x'.repeat(129)]) {
        await expect(log.append(name, EPOCH, 1, { id: bad, text: 'b' })).rejects.toMatchObject(invalid);
      }
      for (const bad of [-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
        await expect(log.append(name, EPOCH, bad, entry)).rejects.toMatchObject(invalid);
        await expect(log.read(name, EPOCH, { after: bad })).rejects.toMatchObject(invalid);
        await expect(log.putSnapshot(name, EPOCH, bad, Uint8Array.of(1))).rejects.toMatchObject(invalid);
        await expect(log.latestSnapshot(name, EPOCH, bad)).rejects.toMatchObject(invalid);
        await expect(log.trim(name, EPOCH, bad)).rejects.toMatchObject(invalid);
        expect(() => log.follow(name, EPOCH, bad, new AbortController().signal)).toThrow(/position/);
      }
      const huge = 'x'.repeat(MAX_COMMIT_BYTES + 1);
      await expect(log.append(name, EPOCH, 1, { id: 'huge', text: huge })).rejects.toMatchObject({ code: 'too-large' });
      expect(await log.head(name)).toMatchObject({ head: 1 });
    });

    it('LOG-7: any sequence of calls answers as the model of the rules does', { timeout: 60_000 }, async () => {
      await fc.assert(
        againstTheModel(() => log, fresh),
        { numRuns: 40 },
      );
    });

    appendingSuite(suite);
    readingSuite(suite);
    trimmingSuite(suite);
    stagingSuite(suite);

    it('LOG-8: commits, ids, snapshots and trims are there when the store is opened again', async ({ skip }) => {
      if (under.reopen === undefined) return skip('nothing outlives the process');
      const name = await booted(12);
      const removed = await booted(2);
      await log.putSnapshot(name, EPOCH, 5, Uint8Array.of(5, 5));
      await log.trim(name, EPOCH, 5);
      await log.remove(removed, EPOCH);
      log = await under.reopen();
      expect(await log.head(name)).toEqual({ name, epoch: EPOCH, first: 6, head: 12 });
      expect(await log.head(removed)).toBeUndefined();
      expect((await readAll(name, 5)).map((e) => e.text)).toEqual([6, 7, 8, 9, 10, 11, 12].map(text));
      expect((await log.latestSnapshot(name, EPOCH, 12))?.number).toBe(5);
      expect(await log.append(name, EPOCH, 3, { id: 'c9', text: 'x' })).toEqual({ status: 'duplicate', number: 9 });
      const next = await log.append(name, EPOCH, 12, { id: 'after', text: text(13) });
      expect(next).toEqual({ status: 'appended', number: 13 });
    });

    it('LOG-14: closing the store ends its followers, and later calls say that it is closed', async () => {
      const name = await booted(1);
      const pages = log.follow(name, EPOCH, 1, new AbortController().signal)[Symbol.asyncIterator]();
      const waiting = pages.next();
      await turn();
      await log.close();
      expect(await waiting).toEqual({ done: true, value: undefined });
      await expect(log.head(name)).rejects.toMatchObject({ code: 'store-closed' });
      await expect(log.append(name, EPOCH, 1, { id: 'z', text: '' })).rejects.toMatchObject({ code: 'store-closed' });
    });
  });
}
