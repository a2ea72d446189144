/**
 * The patches up to the position, newest first. What is folded comes along with it; what was before is read from the log,
 * backwards and only as far as somebody looks. So much is kept as store.ts says, and anything that was let go of is still in
 * the log.
 */
import { ClientError } from '../../../sdk/errors.ts';
import type { MachineHandle } from '../../../sdk/types.ts';
import type { Companion } from '../picture.ts';
import type { FeedWindow, FeedWish } from './form.ts';
import { type Group, groupOf } from './group.ts';
import { type Reading, readStretch } from './history.ts';
import { type Matching, matching, wireFilter } from './matching.ts';
import { DECISIVE, PATCHES } from './notes.ts';
import { openStore } from './store.ts';
import { openWaiting } from './waiting.ts';

export interface Feed extends Companion {
  wish(wish: FeedWish): void;
  /** What is on the screen now; null where nothing changed since the last call, or nobody looks. */
  take(): FeedWindow | null;
}

/** Commits of the first stretch, and of the longest. */
const FIRST = 32;
const LONGEST = 4_096;
/** A stretch with fewer rows than this may be followed by a longer one, one with more by a shorter one. */
const FEW = 100;
const MANY = 1_000;
/** Commits that are searched without a find before somebody has to ask for more. */
const SEARCHED = 8_192;
const SEARCHED_FURTHER = 131_072;
/** Milliseconds between attempts while the daemon has no answer. */
const RETRY_MS = 500;

export function openFeed(machine: MachineHandle, changed: () => void): Feed {
  const store = openStore();
  const waiting = openWaiting();
  let wish: FeedWish | undefined;
  let match: Matching | undefined;
  let epoch = '';
  /** What is shown is of the commits after `floor` up to `through`. */
  let floor = 0;
  let through = 0;
  /** Where the picture is: ahead of `through` while the feed is held. */
  let position = 0;
  /** The log has nothing before this one. */
  let start = 0;
  let full = false;
  let problem: string | null = null;
  let dirty = false;
  let stretch = FIRST;
  let budget = SEARCHED;
  let reading: Reading | undefined;
  let busy = false;
  /** Of what is being read: another one has other rows. */
  let turn = 0;

  function touch(): void {
    dirty = true;
    changed();
  }

  /** Begins anew at the position. */
  function reset(): void {
    turn++;
    reading?.end();
    store.clear();
    waiting.clear();
    floor = position;
    through = position;
    start = 0;
    full = false;
    problem = null;
    stretch = FIRST;
    budget = SEARCHED;
    touch();
    void readOn();
  }

  function add(group: Group): void {
    const dropped = store.append(group);
    if (dropped === undefined) return;
    floor = dropped;
    full = true;
  }

  function letGo(): void {
    const groups = waiting.take();
    if (groups.lost !== undefined) {
      // More came than is kept: what is shown begins after the last that was let go of.
      store.clear();
      floor = groups.lost;
      full = true;
      turn++;
    }
    for (const group of groups.groups) add(group);
    through = position;
    touch();
  }

  function wantsOlder(): boolean {
    if (wish === undefined || epoch === '' || floor <= start || full || budget <= 0 || problem !== null) return false;
    return store.height < wish.top + 2 * wish.height;
  }

  function olderOf(): FeedWindow['older'] {
    if (floor <= start) return 'start';
    if (full) return 'full';
    return busy && wantsOlder() ? 'searching' : 'idle';
  }

  async function readOn(): Promise<void> {
    if (busy) return;
    busy = true;
    while (wantsOlder()) await readStretchBack();
    busy = false;
    touch();
  }

  async function readStretchBack(): Promise<void> {
    if (wish === undefined || match === undefined) return;
    const mine = turn;
    const to = floor;
    const from = Math.max(start, to - Math.min(stretch, budget));
    const wanted = { matching: match, all: wish.all, whole: false };
    reading = readStretch(machine, { epoch, from, to, filter: wireFilter(wish.terms, wish.all ? DECISIVE : PATCHES) });
    try {
      const commits = await reading.commits;
      if (mine !== turn) return;
      const groups = commits.map((commit) => groupOf(commit, wanted)).filter((group) => group !== null);
      take(groups, from, to - from);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (mine !== turn) return;
      if (error.code === 'position-trimmed') {
        // The log begins somewhere in this stretch.
        if (to - from === 1) start = to;
        stretch = Math.max(1, (to - from) >> 1);
      } else if (error.temporary) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      else problem = error.message;
    }
  }

  function take(groups: readonly Group[], from: number, commits: number): void {
    const rows = groups.reduce((sum, { entries }) => sum + entries.length, 0);
    const dropped = store.prepend(groups);
    floor = dropped ?? from;
    full = dropped !== undefined;
    budget = rows > 0 ? SEARCHED : budget - commits;
    if (rows > MANY) stretch = Math.max(1, stretch >> 2);
    else if (rows < FEW) stretch = Math.min(LONGEST, stretch * 4);
    touch();
  }

  return {
    jump(to) {
      const same = to.epoch === epoch;
      epoch = to.epoch;
      position = to.commit;
      if (!same || wish === undefined || position > through || position < floor) {
        reset();
        return;
      }
      waiting.clear();
      store.cut(position);
      full = false;
      through = position;
      touch();
      void readOn();
    },

    fold(commit) {
      position = commit.number;
      if (wish === undefined || match === undefined) {
        floor = position;
        through = position;
        return;
      }
      const group = groupOf(commit, { matching: match, all: wish.all, whole: true });
      if (wish.held) {
        if (group === null) return;
        waiting.add(group);
      } else {
        through = position;
        if (group !== null) add(group);
      }
      touch();
    },

    wish(next) {
      const before = wish;
      wish = next;
      match ??= matching(next.terms);
      if (before === undefined || before.all !== next.all || !sameTerms(before, next)) {
        match = matching(next.terms);
        reset();
      }
      if (before !== undefined && next.further > before.further) budget = SEARCHED_FURTHER;
      if (before?.open.join() !== next.open.join()) store.open(new Set(next.open));
      if (before?.held && !next.held) letGo();
      touch();
      void readOn();
    },

    take() {
      if (!dirty || wish === undefined || epoch === '') return null;
      dirty = false;
      const { top, height, show } = wish;
      return {
        turn,
        epoch,
        through,
        floor,
        older: olderOf(),
        height: store.height,
        rows: store.window(top, height),
        patches: store.patches,
        notes: store.rows - store.patches,
        waiting: waiting.rows,
        shown: show === null ? null : store.where(show.commit, show.address),
        problem,
      };
    },
  };
}

const sameTerms = (a: FeedWish, b: FeedWish): boolean => JSON.stringify(a.terms) === JSON.stringify(b.terms);
