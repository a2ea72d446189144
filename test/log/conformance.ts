/** The suite that every store runs: what docs/spec/log.md promises of all of them. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FollowEnded } from '../../daemon/log/errors.ts';
import { type Entry, type EventLog, MAX_COMMIT_BYTES } from '../../daemon/log/log.ts';
import { againstTheModel } from './model.ts';
import { stagingSuite } from './staging.ts';

export type StoreUnderTest = {
  readonly log: EventLog;
  /** Another handle on the same store: a second process of a shared one, or the same log if it can't be shared. */
  readonly other: EventLog;
  /** Closes the log and opens it again; absent where nothing outlives the process. */
  readonly reopen?: () => Promise<EventLog>;
  close(): Promise<void>;
};

const EPOCH = 'epoch001';
const LATER = 'epoch002';

export function conformance(store: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the event log on ${store}`, () => {
    let under: StoreUnderTest;
    let log: EventLog;
    let machines = 0;
    const fresh = (): string => `machine-${++machines}`;
    const first = { id: 'boot', text: text(1) };

    const booted = async (commits = 1, make = text): Promise<string> => {
      const name = fresh();
      await log.create(name, EPOCH, { id: 'boot', text: make(1) });
      for (let n = 1; n < commits; n++) await log.append(name, EPOCH, n, { id: `c${n + 1}`, text: make(n + 1) });
      return name;
    };
    const readAll = async (name: string, after = 0, epoch = EPOCH): Promise<readonly Entry[]> => {
      const page = await log.read(name, epoch, { after, limit: 100_000, maxBytes: 1 << 30 });
      if (page.status !== 'page') throw new Error(`expected a page, got ${page.status}`);
      return page.entries;
    };

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
      const a = await booted(2);
      const b = await booted(1);
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

    it('LOG-6: texts of every kind and size come back as they were', async () => {
      const name = await booted();
      const texts = ['', '\n', '\0\u{1f600}\ud7ff\n\r\n', `{"a":"${'ä'.repeat(70_000)}"}`, 'x'.repeat(3 << 20)];
      for (const [at, body] of texts.entries()) await log.append(name, EPOCH, at + 1, { id: `t${at}`, text: body });
      const entries = await readAll(name, 1);
      expect(entries.map((e) => e.number)).toEqual([2, 3, 4, 5, 6]);
      expect(entries.map((e) => e.id)).toEqual(['t0', 't1', 't2', 't3', 't4']);
      for (const [at, body] of texts.entries()) expect(entries[at]?.text === body, `text ${at}`).toBe(true);
    });

    it('LOG-6: many writers that retry on a conflict get 1 to n with no gap and no duplicate', async () => {
      const name = await booted();
      const writers = 8;
      const each = 25;
      const numbers = await Promise.all(
        Array.from({ length: writers }, (_, w) => optimisticWriter(w % 2 ? log : under.other, name, `w${w}`, each)),
      );
      const all = numbers.flat().sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: writers * each }, (_, n) => n + 2));
      const entries = await readAll(name);
      expect(entries.map((e) => e.number)).toEqual(Array.from({ length: writers * each + 1 }, (_, n) => n + 1));
      expect(new Set(entries.map((e) => e.id)).size).toBe(entries.length);
    });

    it('LOG-6: appends that are sent without waiting for each other are kept in order', async () => {
      const name = await booted();
      const sent = Array.from({ length: 200 }, (_, n) =>
        log.append(name, EPOCH, n + 1, { id: `p${n + 2}`, text: text(n + 2) }),
      );
      const results = await Promise.all(sent);
      expect(results).toEqual(Array.from({ length: 200 }, (_, n) => ({ status: 'appended', number: n + 2 })));
      expect((await readAll(name)).every((e) => e.text === text(e.number))).toBe(true);
    });

    it('LOG-7: an append that expects another version is refused with the actual one and changes nothing', async () => {
      const name = await booted(3);
      for (const expected of [0, 1, 2, 4, 1000]) {
        const result = await log.append(name, EPOCH, expected, { id: `x${expected}`, text: 'x' });
        expect(result).toEqual({ status: 'version-conflict', head: 3 });
      }
      expect(await readAll(name)).toHaveLength(3);
      const after = await log.append(name, EPOCH, 3, { id: 'x0', text: text(4) });
      expect(after).toEqual({ status: 'appended', number: 4 });
    });

    it('LOG-8: the same command appended again yields the first result', async () => {
      const name = await booted(3);
      const entry = { id: 'c2', text: 'other text' };
      for (const expected of [0, 1, 3, 7]) {
        expect(await log.append(name, EPOCH, expected, entry)).toEqual({ status: 'duplicate', number: 2 });
      }
      expect(await log.append(name, EPOCH, 3, { id: 'boot', text: 'x' })).toEqual({ status: 'duplicate', number: 1 });
      const both = await Promise.all([3, 3].map((n) => log.append(name, EPOCH, n, { id: 'twice', text: text(4) })));
      expect(both.map((r) => r.status).sort()).toEqual(['appended', 'duplicate']);
      expect(await readAll(name)).toHaveLength(4);
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

    it('LOG-11: pages start after the position, keep to their limits and hold at least one commit', async () => {
      const name = await booted(10, () => 'x'.repeat(100));
      const numbers = async (after: number, limit?: number, maxBytes?: number): Promise<readonly number[]> => {
        const page = await log.read(name, EPOCH, {
          after,
          ...(limit === undefined ? {} : { limit }),
          ...(maxBytes === undefined ? {} : { maxBytes }),
        });
        expect(page).toMatchObject({ status: 'page', head: 10 });
        return page.status === 'page' ? page.entries.map((e) => e.number) : [];
      };
      expect(await numbers(0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(await numbers(7)).toEqual([8, 9, 10]);
      expect(await numbers(10)).toEqual([]);
      expect(await numbers(2, 3)).toEqual([3, 4, 5]);
      expect(await numbers(2, 9, 250)).toEqual([3, 4]);
      expect(await numbers(2, 9, 300)).toEqual([3, 4, 5]);
      expect(await numbers(4, 9, 1)).toEqual([5]);
    });

    it('LOG-12: a position beyond the head is refused', async () => {
      const name = await booted(2);
      expect(await log.read(name, EPOCH, { after: 3 })).toEqual({ status: 'beyond-head', head: 2 });
      expect(await log.read(name, EPOCH, { after: 2 })).toEqual({ status: 'page', entries: [], head: 2 });
    });

    it('LOG-13: a follower gets what is there, then what comes, in order, once', async () => {
      const name = await booted(300);
      const stop = new AbortController();
      const seen: number[] = [];
      const following = (async () => {
        for await (const page of log.follow(name, EPOCH, 5, stop.signal)) {
          for (const entry of page) seen.push(entry.number);
          if (seen.at(-1) === 400) stop.abort();
        }
      })();
      for (let n = 300; n < 400; n++) {
        const writer = n % 2 ? log : under.other;
        await writer.append(name, EPOCH, n, { id: `f${n}`, text: text(n + 1) });
      }
      await following;
      expect(seen).toEqual(Array.from({ length: 395 }, (_, n) => n + 6));
    });

    it('LOG-13: many followers of many machines each get their own commits', async () => {
      const names = [await booted(), await booted(), await booted()];
      const stop = new AbortController();
      const follow = async (name: string): Promise<readonly string[]> => {
        const texts: string[] = [];
        for await (const page of log.follow(name, EPOCH, 1, stop.signal)) {
          texts.push(...page.map((e) => e.text));
          if (texts.length === 20) break;
        }
        return texts;
      };
      const followers = names.flatMap((name) => [follow(name), follow(name), follow(name)]);
      await Promise.all(
        names.map(async (name) => {
          for (let n = 1; n <= 20; n++) await under.other.append(name, EPOCH, n, { id: `m${n}`, text: `${name} ${n}` });
        }),
      );
      for (const [at, texts] of (await Promise.all(followers)).entries()) {
        const name = names[Math.floor(at / 3)];
        expect(texts).toEqual(Array.from({ length: 20 }, (_, n) => `${name} ${n + 1}`));
      }
    });

    it('LOG-14: a follower that waits ends when it is aborted', async () => {
      const name = await booted(2);
      const stop = new AbortController();
      const pages = log.follow(name, EPOCH, 0, stop.signal)[Symbol.asyncIterator]();
      expect((await pages.next()).value).toHaveLength(2);
      const waiting = pages.next();
      stop.abort();
      expect(await waiting).toEqual({ done: true, value: undefined });
      const early = log.follow(name, EPOCH, 0, AbortSignal.abort())[Symbol.asyncIterator]();
      expect(await early.next()).toEqual({ done: true, value: undefined });
    });

    it('LOG-14: a follower of a machine that is removed, or created again, is told so', async () => {
      const name = await booted(1);
      const forever = new AbortController().signal;
      const waiting = log.follow(name, EPOCH, 1, forever)[Symbol.asyncIterator]();
      const failed = expect(waiting.next()).rejects.toMatchObject({ reason: { status: 'no-such-machine' } });
      await turn();
      await under.other.remove(name, EPOCH);
      await failed;

      await log.create(name, LATER, first);
      const stale = log.follow(name, EPOCH, 1, forever)[Symbol.asyncIterator]();
      const refused = stale.next();
      await expect(refused).rejects.toBeInstanceOf(FollowEnded);
      await expect(refused).rejects.toMatchObject({ reason: { status: 'epoch-changed', epoch: LATER } });
    });

    it('LOG-15: a follower that is not read stays where it is and goes on from there', async () => {
      const name = await booted(3);
      const stop = new AbortController();
      const pages = log.follow(name, EPOCH, 0, stop.signal)[Symbol.asyncIterator]();
      expect((await pages.next()).value).toHaveLength(3);
      const body = 'x'.repeat(100_000);
      for (let n = 3; n < 33; n++) await log.append(name, EPOCH, n, { id: `s${n}`, text: body });
      const page = await pages.next();
      expect(page.value?.[0]?.number).toBe(4);
      expect(page.value?.length).toBeLessThanOrEqual(10);
      stop.abort();
    });

    it('LOG-16: the latest snapshot at or before a commit comes back as it was', async () => {
      const name = await booted(10);
      const bytes = (n: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, i) => (i * n) & 255);
      expect(await log.latestSnapshot(name, EPOCH, 10)).toBeUndefined();
      for (const n of [8, 3, 5]) expect(await log.putSnapshot(name, EPOCH, n, bytes(n))).toEqual({ status: 'stored' });
      expect(await log.latestSnapshot(name, EPOCH, 2)).toBeUndefined();
      for (const [at, number] of [
        [3, 3],
        [4, 3],
        [7, 5],
        [10, 8],
        [5000, 8],
      ] as const) {
        const snapshot = await log.latestSnapshot(name, EPOCH, at);
        expect(snapshot?.number).toBe(number);
        expect(Buffer.compare(snapshot?.bytes ?? Buffer.alloc(0), bytes(number))).toBe(0);
      }
      await log.putSnapshot(name, EPOCH, 5, bytes(99));
      expect(await log.snapshots(name, EPOCH)).toEqual([3, 5, 8]);
      expect(await log.snapshots(name, LATER)).toEqual([]);
      const replaced = await log.latestSnapshot(name, EPOCH, 6);
      expect(Buffer.compare(replaced?.bytes ?? Buffer.alloc(0), bytes(99))).toBe(0);
      expect(await log.putSnapshot(name, EPOCH, 11, bytes(1))).toEqual({ status: 'beyond-head', head: 10 });
    });

    it('LOG-17: trimming removes nothing that has no snapshot', async () => {
      const name = await booted(20);
      expect(await log.trim(name, EPOCH, 15)).toEqual({ status: 'trimmed', first: 1 });
      await log.putSnapshot(name, EPOCH, 4, Uint8Array.of(4));
      await log.putSnapshot(name, EPOCH, 9, Uint8Array.of(9));
      await log.putSnapshot(name, EPOCH, 18, Uint8Array.of(18));
      expect(await log.trim(name, EPOCH, 15)).toEqual({ status: 'trimmed', first: 10 });
      expect(await log.head(name)).toEqual({ name, epoch: EPOCH, first: 10, head: 20 });
      expect((await readAll(name, 9)).map((e) => e.number)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
      expect((await log.latestSnapshot(name, EPOCH, 12))?.number).toBe(9);
      expect(await log.latestSnapshot(name, EPOCH, 8)).toBeUndefined();
      expect(await log.snapshots(name, EPOCH)).toEqual([9, 18]);
      expect(await log.trim(name, EPOCH, 3)).toEqual({ status: 'trimmed', first: 10 });
    });

    it('LOG-17: a log that was trimmed whole goes on numbering', async () => {
      const name = await booted(3);
      await log.putSnapshot(name, EPOCH, 3, Uint8Array.of(3));
      expect(await log.trim(name, EPOCH, 1000)).toEqual({ status: 'trimmed', first: 4 });
      expect(await log.read(name, EPOCH, { after: 3 })).toEqual({ status: 'page', entries: [], head: 3 });
      expect(await log.append(name, EPOCH, 3, { id: 'n', text: text(4) })).toEqual({ status: 'appended', number: 4 });
      expect((await readAll(name, 3)).map((e) => e.number)).toEqual([4]);
    });

    it('LOG-18: who asks for what was trimmed is told where the log starts', async () => {
      const name = await booted(10);
      await log.putSnapshot(name, EPOCH, 6, Uint8Array.of(6));
      await log.trim(name, EPOCH, 6);
      for (const after of [0, 3, 5]) {
        expect(await log.read(name, EPOCH, { after })).toEqual({ status: 'trimmed', first: 7 });
      }
      const forever = new AbortController().signal;
      const pages = log.follow(name, EPOCH, 2, forever)[Symbol.asyncIterator]();
      await expect(pages.next()).rejects.toMatchObject({ reason: { status: 'trimmed', first: 7 } });
    });

    it('LOG-7: of appends that are sent at once each is decided as if it came alone', async () => {
      const name = await booted(3);
      const sent = async (appends: readonly (readonly [expected: number, id: string, expectedId?: string])[]) =>
        Promise.all(appends.map(([at, id, before]) => log.append(name, EPOCH, at, { id, text: text(at + 1) }, before)));
      const appended = (number: number) => ({ status: 'appended', number });
      const duplicate = (number: number) => ({ status: 'duplicate', number });
      const conflict = (head: number) => ({ status: 'version-conflict', head });
      expect(
        await sent([
          [3, 'd4'],
          [3, 'e4'],
          [4, 'd5', 'e4'],
          [4, 'e5', 'd4'],
          [5, 'e6'],
        ]),
      ).toEqual([...[appended(4), conflict(4), conflict(4)], ...[appended(5), appended(6)]]);
      expect(
        await sent([
          [3, 'd4'],
          [4, 'e5', 'd4'],
          [5, 'e6', 'e5'],
          [6, 'f7', 'e6'],
          [7, 'e5'],
          [7, 'f8', 'f7'],
        ]),
      ).toEqual([...[duplicate(4), duplicate(5), duplicate(6)], ...[appended(7), duplicate(5), appended(8)]]);
      expect(
        await sent([
          [9, 'g'],
          [10, 'h', 'g'],
          [8, 'g', 'x'],
          [8, 'g'],
          [9, 'g'],
          [9, 'h', 'g'],
        ]),
      ).toEqual([...[conflict(8), conflict(8), conflict(8)], ...[appended(9), duplicate(9), appended(10)]]);
      expect((await readAll(name)).map((e) => e.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('LOG-7: any sequence of calls answers as the model of the rules does', { timeout: 60_000 }, async () => {
      await fc.assert(
        againstTheModel(() => log, fresh),
        { numRuns: 40 },
      );
    });

    it('LOG-26: an append, and a read, that name another commit at their position are refused', async () => {
      const name = await booted(3);
      const entry = { id: 'c4', text: text(4) };
      const conflict = { status: 'version-conflict', head: 3 };
      for (const other of ['c2', 'c4', 'nobody'])
        expect(await log.append(name, EPOCH, 3, entry, other)).toEqual(conflict);
      expect(await log.append(name, EPOCH, 3, entry, 'c3')).toEqual({ status: 'appended', number: 4 });
      expect(await log.append(name, EPOCH, 9, entry, 'nobody')).toEqual({ status: 'duplicate', number: 4 });

      const lost = { status: 'history-lost', head: 4 };
      expect(await log.read(name, EPOCH, { after: 3, afterId: 'c3' })).toMatchObject({ entries: [entry] });
      expect(await log.read(name, EPOCH, { after: 3, afterId: 'c2' })).toEqual(lost);
      expect(await log.read(name, EPOCH, { after: 4, afterId: 'nobody' })).toEqual(lost);
      expect(await log.read(name, EPOCH, { after: 5, afterId: 'c4' })).toEqual({ status: 'beyond-head', head: 4 });
    });

    it('LOG-26: the last commit is known by its id after it was trimmed as well', async () => {
      const name = await booted(3);
      await log.putSnapshot(name, EPOCH, 3, Uint8Array.of(3));
      await log.trim(name, EPOCH, 3);
      const entry = { id: 'c4', text: text(4) };
      expect(await log.append(name, EPOCH, 3, entry, 'other')).toEqual({ status: 'version-conflict', head: 3 });
      expect(await log.read(name, EPOCH, { after: 3, afterId: 'other' })).toEqual({ status: 'history-lost', head: 3 });
      expect(await log.read(name, EPOCH, { after: 3, afterId: 'c3' })).toMatchObject({ status: 'page', entries: [] });
      expect(await log.append(name, EPOCH, 3, entry, 'c3')).toEqual({ status: 'appended', number: 4 });
      await log.putSnapshot(name, EPOCH, 4, Uint8Array.of(4));
      await log.trim(name, EPOCH, 4);
      expect(await log.append(name, EPOCH, 4, { id: 'c3', text: 'again' }, 'c4')).toMatchObject({ status: 'appended' });
    });

    stagingSuite({ log: () => log, other: () => under.other, fresh });

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

function text(number: number): string {
  return `{"v":1,"number":${number},"note":"commit ${number} ✓"}`;
}

async function optimisticWriter(log: EventLog, name: string, writer: string, count: number): Promise<number[]> {
  const numbers: number[] = [];
  let expected = (await log.head(name))?.head ?? 0;
  while (numbers.length < count) {
    const id = `${writer}-${numbers.length}`;
    const result = await log.append(name, EPOCH, expected, { id, text: id });
    if (result.status === 'appended') {
      numbers.push(result.number);
      expected = result.number;
    } else if (result.status === 'version-conflict') expected = result.head;
    else throw new Error(`unexpected ${result.status}`);
  }
  return numbers;
}

/** Time for a follower to come to its wait, which shows nowhere. What is expected holds as well where it did not. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
