import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { Commit } from '../../protocol/commit.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import { bootAndLoad, commitsOf, openTestRuntime } from '../pipelines/world.ts';
import { check, type Found } from './checker.ts';
import { emptyHistory, type History, printOf, printOfCommit } from './history.ts';

const EPOCH = 'epoch000001';
const LOADS = 5;
let commits: readonly Commit[];
beforeAll(async () => {
  const runtime = openTestRuntime();
  await bootAndLoad(runtime, 'm', LOADS);
  commits = await commitsOf(runtime, 'm');
});

/** All that clients can know when nothing went wrong. */
function whole(): History {
  const history = emptyHistory('m');
  for (const commit of commits) {
    const { id, number } = commit;
    history.sent.set(id, number);
    history.answers.push({
      id,
      position: { epoch: EPOCH, commit: number },
      repeated: false,
      print: printOfCommit(commit),
    });
  }
  for (const reader of ['one', 'two'])
    history.seen.push({ reader, epoch: EPOCH, prints: commits.map((commit) => printOfCommit(commit)) });
  return history;
}

function digestAt(number: number): string {
  const view = emptyView();
  for (const commit of commits.slice(0, number)) fold(view, commit);
  return viewDigest(view);
}

const lines = (): string[] => commits.map((commit) => JSON.stringify(commit));
const found = (texts: readonly string[] = lines(), daemon = 'd1'): Found => ({
  daemon,
  epoch: EPOCH,
  lines: texts,
  views: new Map([
    [3, digestAt(3)],
    [texts.length, digestAt(texts.length)],
  ]),
});

const complaints = (history: History, ...logs: readonly Found[]): readonly string[] =>
  check(history, logs).map(({ kind, text }) => `${kind} ${text.replace('m: ', '')}`);

const edited = (index: number, change: (commit: Commit) => Partial<Commit>): readonly string[] =>
  lines().map((line, at) =>
    at === index ? JSON.stringify({ ...commits[at], ...change(commits[at] as Commit) }) : line,
  );

it('FAULT-1 to FAULT-7: a history that holds has no complaints', () => {
  expect(commits).toHaveLength(LOADS + 1);
  expect(complaints(whole(), found(), found(lines(), 'd2'))).toEqual([]);
});

it('FAULT-1: an answered command that the log has not, or not there, is lost', () => {
  const history = whole();
  const short = complaints(history, found(lines().slice(0, -1)));
  expect(short).toContain(`lost FAULT-1: m-load-m5 was answered as ${EPOCH}:6, the log ends with 5`);
  history.answers.push({ id: 'x', position: { epoch: EPOCH, commit: 2 }, repeated: true, print: printOf('another') });
  expect(complaints(history, found())).toEqual([
    `lost FAULT-1: x was answered as ${EPOCH}:2 (repeated), but that commit is another: it is nowhere`,
  ]);
  const before = whole();
  const [first, ...rest] = before.answers;
  if (first === undefined) throw new Error('no answers');
  before.answers.splice(0, 1, { ...first, position: { epoch: 'epoch000000', commit: 1 } });
  expect(rest).toHaveLength(LOADS);
  expect(complaints(before, found())).toEqual([
    `lost FAULT-1: m-boot was answered as epoch000000:1, the epoch is ${EPOCH}`,
  ]);
});

it('FAULT-1: an answer with another text than the log is lost', () => {
  const later = edited(3, () => ({ time: 1 }));
  expect(complaints({ ...whole(), seen: [] }, found(later))).toContain(
    `lost FAULT-1: m-load-m3 was answered as ${EPOCH}:4, but that commit is another: it is commit 4`,
  );
});

it('FAULT-2: an id twice in the log, or answered at two positions, is duplicated', () => {
  const twice = edited(4, () => ({ id: 'm-load-m1' }));
  expect(complaints({ ...whole(), answers: [], seen: [] }, found(twice))).toEqual([
    'duplicated FAULT-2: m-load-m1 is commit 2 and commit 5',
  ]);
  const history = whole();
  history.answers.push({
    id: 'm-load-m1',
    position: { epoch: EPOCH, commit: 5 },
    repeated: false,
    print: printOfCommit(commits[4] as Commit),
  });
  expect(complaints(history, found())).toEqual([
    `duplicated FAULT-2: m-load-m1 was answered as ${EPOCH}:5, and before as commit 2`,
  ]);
});

it('FAULT-3: a gap is torn', () => {
  const gap = complaints({ ...whole(), answers: [], seen: [] }, found(lines().toSpliced(2, 1)));
  expect(gap).toContain('torn FAULT-3: where commit 3 should be is commit 4');
});

it('FAULT-4: what is half there, does not follow, or was never sent is torn', () => {
  const known = { ...whole(), answers: [], seen: [] };
  const half = lines().map((line, at) => (at === 2 ? line.slice(0, line.length / 2) : line));
  expect(complaints(known, found(half))[0]).toMatch(/^torn FAULT-4: commit 3 is not whole: SyntaxError/);
  const noEvents = edited(2, () => ({ events: [] }));
  expect(complaints(known, found(noEvents))[0]).toMatch(/^torn FAULT-4: commit 3 is not whole: /);
  const foreign = edited(2, () => ({ id: 'stranger' }));
  expect(complaints(known, found(foreign))).toEqual(['torn FAULT-4: commit 3 has the id stranger, which nobody sent']);
});

it('FAULT-5: a command that was refused and yet done is torn', () => {
  const history = whole();
  history.refused.add('m-load-m2');
  expect(complaints(history, found())).toEqual(['torn FAULT-5: m-load-m2 was refused for good, and is commit 3']);
});

it('FAULT-6: readers and daemons that show another order, too little or another machine', () => {
  const swapped = whole();
  const prints = swapped.seen[1]?.prints as string[];
  [prints[2], prints[3]] = [prints[3] as string, prints[2] as string];
  expect(complaints(swapped, found())).toEqual(['disordered FAULT-6: two saw another commit 3 than the log has']);

  const behind = whole();
  behind.seen[0]?.prints.pop();
  expect(complaints(behind, found())).toEqual(['torn FAULT-6: one saw 5 commits, the log has 6']);

  const elsewhere = whole();
  elsewhere.seen[0] = { reader: 'one', epoch: 'epoch000000', prints: whole().seen[0]?.prints ?? [] };
  expect(complaints(elsewhere, found())).toEqual([
    `torn FAULT-6: one read the epoch epoch000000, the log has ${EPOCH}`,
  ]);

  const other = { ...found(edited(3, () => ({ time: 1 }))), daemon: 'd2' };
  expect(complaints(whole(), found(), other)).toEqual(['disordered FAULT-6: d1 and d2 show different commits 4']);
  expect(complaints(whole(), found(), found(lines().slice(0, -1), 'd2'))).toEqual([
    'torn FAULT-6: d1 and d2 show 6 and 5 commits',
  ]);
  expect(complaints(whole(), found(), { ...found(), daemon: 'd2', epoch: 'epoch000000' })).toEqual([
    `torn FAULT-6: d1 and d2 show the epochs ${EPOCH}, epoch000000`,
  ]);
});

it('FAULT-7: a view that is not the fold of the log is torn, at the head and before', () => {
  for (const at of [3, LOADS + 1]) {
    const log = found();
    const views = new Map(log.views).set(at, digestAt(2));
    expect(complaints(whole(), log, { ...log, daemon: 'd2', views })).toEqual([
      `torn FAULT-7: the view of d2 at commit ${at} is not the fold of the log`,
    ]);
  }
});

it('FAULT-1 to FAULT-6: whatever single thing is changed in a log, there is a complaint', () => {
  const change = fc.record({
    at: fc.nat(LOADS),
    how: fc.constantFrom('drop', 'double', 'swap', 'cut', 'retime', 'rename'),
  });
  fc.assert(
    fc.property(change, ({ at, how }) => {
      const all = lines();
      const line = all[at] as string;
      const next = (at + 1) % all.length;
      if (how === 'drop') all.splice(at, 1);
      else if (how === 'double') all.splice(at, 0, line);
      else if (how === 'swap') [all[at], all[next]] = [all[next] as string, line];
      else if (how === 'cut') all[at] = line.slice(0, -2);
      else if (how === 'retime') all[at] = line.replace('"time":', '"time":1');
      else all[at] = line.replace('"id":"m-', '"id":"n-');
      expect(complaints(whole(), found(all)).length).toBeGreaterThan(0);
    }),
  );
});
