/** The feed of a worker, beside a real daemon that has the demo and the tour. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect, type MachineHandle } from '../../../clients/sdk/node.ts';
import { type Feed, openFeed } from '../../../clients/web/model/feed/feed.ts';
import type { FeedRow, FeedWindow, FeedWish, PatchRow } from '../../../clients/web/model/feed/form.ts';
import { readStretch } from '../../../clients/web/model/feed/history.ts';
import { KEPT } from '../../../clients/web/model/feed/store.ts';
import { parseTerms } from '../../../clients/web/model/feed/terms.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import type { Commit, Position } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

let daemon: Daemon;
let client: Client;
let demo: MachineHandle;
let commits: readonly Commit[];
let head: Position;

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  const file = new URL('../../../sessions/demo.veneer.jsonl.gz', import.meta.url);
  head = (await client.importSession('demo', new Uint8Array(readFileSync(file)))).position;
  demo = client.machine('demo');
  commits = await readStretch(demo, { epoch: head.epoch, from: 0, to: head.commit }).commits;
}, 60_000);
afterAll(async () => {
  client.close();
  await daemon.close();
});

const ALL = 1e9;
const WISH: FeedWish = {
  terms: parseTerms('').terms,
  all: false,
  held: false,
  further: 0,
  open: [],
  top: 0,
  height: 2_000,
  show: null,
};
const wishFor = (text: string, more: Partial<FeedWish> = {}): FeedWish => ({
  ...WISH,
  terms: parseTerms(text).terms,
  ...more,
});

interface Seen {
  readonly feed: Feed;
  /** The window once nothing is searched any more. */
  settled(): Promise<FeedWindow>;
}

function open(machine: MachineHandle = demo): Seen {
  let last: FeedWindow | undefined;
  let tell = (): void => {};
  const feed = openFeed(machine, () => tell());
  return {
    feed,
    settled: () =>
      new Promise((resolve) => {
        tell = () =>
          queueMicrotask(() => {
            last = feed.take() ?? last;
            if (last !== undefined && last.older !== 'searching') resolve(last);
          });
        tell();
      }),
  };
}

const patchesOf = (rows: readonly FeedRow[]): readonly PatchRow[] => rows.filter((row) => row.kind === 'patch');
type Patch = Extract<Event, { type: 'StaticCallPatched' }>;

/** What the log has up to a commit, newest first. */
const logged = (to: number, wanted: (event: Patch) => boolean = () => true): readonly Patch[] =>
  commits
    .filter(({ number }) => number <= to)
    .flatMap(({ events }) => events)
    .filter((event): event is Patch => event.type === 'StaticCallPatched' && wanted(event))
    .reverse();

const everyCommit = (): readonly number[] => commits.map(({ number }) => number);

describe('PAGE-30: rows are what the log has', () => {
  it('PAGE-30: every patch up to the position, newest first, each under its commit', async () => {
    const { feed, settled } = open();
    feed.jump(head);
    feed.wish(wishFor('', { height: ALL, open: everyCommit() }));
    const window = await settled();
    expect(window.older).toBe('start');
    expect(patchesOf(window.rows).map(({ event }) => event)).toEqual(logged(head.commit));
    expect(window.patches).toBe(logged(head.commit).length);
    let commit = Number.POSITIVE_INFINITY;
    for (const row of window.rows) {
      if (row.kind === 'commit') {
        expect(row.commit).toBeLessThan(commit);
        commit = row.commit;
      } else if (row.kind === 'patch') expect(row.commit).toBe(commit);
    }
  });

  it('PAGE-31: at an earlier position it has what was before, and going on adds what comes', async () => {
    const { feed, settled } = open();
    feed.wish(wishFor('', { height: ALL, open: everyCommit() }));
    feed.jump({ epoch: head.epoch, commit: 600 });
    await settled();
    for (const commit of commits.slice(600, 700)) feed.fold(commit);
    const window = await settled();
    expect(window.through).toBe(700);
    expect(patchesOf(window.rows).map(({ event }) => event)).toEqual(logged(700));
  });

  it('PAGE-31: a step back takes what is newer away, and a jump begins anew', async () => {
    const { feed, settled } = open();
    feed.wish(wishFor('', { height: ALL, open: everyCommit() }));
    feed.jump({ epoch: head.epoch, commit: 300 });
    await settled();
    feed.jump({ epoch: head.epoch, commit: 290 });
    expect(patchesOf((await settled()).rows).map(({ event }) => event)).toEqual(logged(290));
    feed.jump({ epoch: head.epoch, commit: 900 });
    const window = await settled();
    expect(window.through).toBe(900);
    expect(patchesOf(window.rows).map(({ event }) => event)).toEqual(logged(900));
  });

  it('PAGE-39: a patch that came with a whole commit has its index; one that the daemon filtered has none', async () => {
    const { feed, settled } = open();
    feed.wish(wishFor(''));
    const last = commits.findLast(({ events }) => events.some(({ type }) => type === 'StaticCallPatched')) as Commit;
    feed.jump({ epoch: head.epoch, commit: last.number - 1 });
    await settled();
    feed.fold(last);
    for (const { commit, index, event } of patchesOf((await settled()).rows)) {
      if (commit === last.number) expect(last.events[index as number]).toEqual(event);
      else expect(index).toBeNull();
    }
  });
});

describe('PAGE-32: the filter', () => {
  it.each([
    ['key:schedule', (event: Patch) => event.key === 'schedule'],
    ['module:drm module:xfs', ({ owner }: Patch) => owner === 'drm' || owner === 'xfs'],
    ['what:trampoline', ({ what }: Patch) => what === 'trampoline'],
    ['atomicity:stop-machine key:schedule', (e: Patch) => e.atomicity === 'stop-machine' && e.key === 'schedule'],
    [
      'addr:0xffff800000d00000-0xffff800000d40000',
      ({ address }: Patch) => address >= '0xffff800000d00000' && address < '0xffff800000d40000',
    ],
    ['defused', ({ reason }: Patch) => reason.includes('defused')],
    ['class:trapped', () => false],
  ])('PAGE-32: %s', async (text, wanted) => {
    const { feed, settled } = open();
    feed.jump(head);
    feed.wish(wishFor(text, { height: ALL, open: everyCommit() }));
    const window = await settled();
    expect(window.older).toBe('start');
    expect(patchesOf(window.rows).map(({ event }) => event)).toEqual(logged(head.commit, wanted));
  });

  it('PAGE-32: what is folded passes the same filter as what is read', async () => {
    const { feed, settled } = open();
    feed.wish(wishFor('module:drm', { height: ALL, open: everyCommit() }));
    feed.jump({ epoch: head.epoch, commit: 0 });
    for (const commit of commits) feed.fold(commit);
    expect(patchesOf((await settled()).rows).map(({ event }) => event)).toEqual(
      logged(head.commit, ({ owner }) => owner === 'drm'),
    );
  });
});

describe('PAGE-34: the log is read as far as somebody looks', () => {
  it('PAGE-34: a screen is filled and no more; who scrolls gets more', async () => {
    const { feed, settled } = open();
    feed.jump(head);
    feed.wish(wishFor('', { height: 800 }));
    const first = await settled();
    expect(first.older).toBe('idle');
    expect(first.height).toBeGreaterThan(800);
    expect(first.floor).toBeGreaterThan(0);
    feed.wish(wishFor('', { height: 800, top: first.height - 800 }));
    const second = await settled();
    expect(second.floor).toBeLessThan(first.floor);
    expect(second.height).toBeGreaterThan(first.height);
  });

  it('PAGE-34: a search that finds nothing stops, says where, and goes on when it is asked to', async () => {
    const name = 'long';
    await client.boot(name);
    const machine = client.machine(name);
    const { position } = await machine.summary();
    const batch = Array.from({ length: 9_000 }, (_, i): Commit => {
      const number = position.commit + 1 + i;
      const bookmark = { name: `b${i % 4}`, at: 1 };
      return {
        v: 1,
        number,
        time: 1,
        id: `long-${number}`,
        command: { type: 'bookmark', ...bookmark },
        events: [{ type: 'BookmarkSet', ...bookmark }],
      };
    });
    const { position: end } = await machine.append(position, batch);
    const { feed, settled } = open(machine);
    feed.jump(end);
    feed.wish(WISH);
    const first = await settled();
    expect(first.older).toBe('idle');
    expect(first.floor).toBeGreaterThan(0);
    expect(first.floor).toBeLessThanOrEqual(end.commit - 8_192);
    feed.wish({ ...WISH, further: 1 });
    expect(await settled()).toMatchObject({ older: 'start', floor: 0, patches: 0 });
  });
});

describe('PAGE-36: held', () => {
  it('PAGE-36: what is shown stays while what comes is counted; let go of, nothing is missing', async () => {
    const { feed, settled } = open();
    const shown = wishFor('', { height: ALL, open: everyCommit() });
    feed.jump({ epoch: head.epoch, commit: 100 });
    feed.wish({ ...shown, held: true });
    const before = await settled();
    for (const commit of commits.slice(100, 200)) feed.fold(commit);
    const held = await settled();
    expect(held.rows).toEqual(before.rows);
    expect(held.through).toBe(100);
    expect(held.waiting).toBe(logged(200).length - logged(100).length);
    feed.wish(shown);
    const after = await settled();
    expect(after.waiting).toBe(0);
    expect(patchesOf(after.rows).map(({ event }) => event)).toEqual(logged(200));
  });

  it('PAGE-35, PAGE-36: more may come than is kept: all of it is counted, and shown is what is kept, without a gap', async () => {
    const { feed, settled } = open();
    const busy = commits.find(({ events }) => events.filter(({ type }) => type === 'StaticCallPatched').length > 500);
    const patches = (busy?.events ?? []).filter(({ type }) => type === 'StaticCallPatched').length;
    feed.jump({ epoch: head.epoch, commit: 100 });
    feed.wish(wishFor('', { held: true }));
    await settled();
    const times = Math.ceil((KEPT * 2.5) / patches);
    for (let i = 1; i <= times; i++) feed.fold({ ...(busy as Commit), number: 100 + i });
    expect((await settled()).waiting).toBe(patches * times);
    feed.wish(WISH);
    const window = await settled();
    expect(window.older).toBe('full');
    expect(window.patches).toBeLessThanOrEqual(KEPT + patches);
    expect(window.patches).toBe(patches * (100 + times - window.floor));
  });
});

describe('PAGE-38: all events', () => {
  it('PAGE-38: with them, loads and failures have a line each; commits without a patch show too', async () => {
    const { feed, settled } = open();
    feed.jump(head);
    feed.wish(wishFor('', { all: true, height: ALL, open: everyCommit() }));
    const { rows, notes } = await settled();
    const texts = rows.flatMap((row) => (row.kind === 'note' ? [row.note] : []));
    expect(notes).toBe(texts.length);
    const events = commits.flatMap((commit) => commit.events);
    const count = (type: Event['type']): number => events.filter((event) => event.type === type).length;
    expect(texts.filter(({ text }) => text.endsWith(' is LIVE'))).toHaveLength(count('ModuleLive'));
    expect(texts.filter(({ text }) => text.startsWith('load failed'))).toHaveLength(count('ModuleLoadFailed'));
    expect(texts.filter(({ text }) => text.includes('relocation'))).toHaveLength(count('RelocationsApplied'));
    expect(rows.filter(({ kind }) => kind === 'commit').length).toBe(commits.length);
  });
});
