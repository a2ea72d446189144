import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/address.ts';
import type { Commit } from '../../protocol/commit.ts';
import { align, type Pair } from '../../protocol/compare/align.ts';
import { compareLogs } from '../../protocol/compare/compare.ts';
import type { ComparedCommand, CompareSummary, Difference } from '../../protocol/compare/form.ts';
import type { ForkChanges } from '../../protocol/fork.ts';
import { forked, Log } from '../kernel/fork/support.ts';
import { manifestBytes } from '../kernel/loader/machine.ts';
import { calls, FUNCS, staticCallProfile, TEXT } from '../kernel/static-call/machine.ts';

async function* stream<T>(all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

async function compared(a: readonly Commit[], b: readonly Commit[]) {
  const lines: ComparedCommand[] = [];
  let summary: CompareSummary | undefined;
  for await (const line of compareLogs(stream(a), stream(b))) {
    if ('summary' in line) summary = line.summary;
    else lines.push(line);
  }
  if (summary === undefined) throw new Error('expected a summary');
  return { lines, summary };
}

const withFork = (log: Log, changes: ForkChanges) =>
  compared(log.commits, forked(log.commits, changes, log.blobs).commits);

const only = <T extends Difference['what']>(line: ComparedCommand | undefined, what: T) =>
  line?.differences.find((one): one is Extract<Difference, { what: T }> => one.what === what);

describe('two logs, aligned', () => {
  const commit = (id: number): Commit => ({
    v: 1,
    number: 1,
    time: id,
    id: `c${id}`,
    command: { type: 'unload', module: `m${id}` },
    events: [{ type: 'ModuleUnloadFailed', module: `m${id}`, errno: 'ENOENT', words: '' }],
  });
  async function pairs(a: readonly Commit[], b: readonly Commit[]): Promise<readonly Pair[]> {
    const all: Pair[] = [];
    for await (const pair of align(stream(a), stream(b))) all.push(pair);
    return all;
  }

  it('CMP-6: what both have belongs together, whatever is left out or put in; nothing is lost or told twice', async () => {
    const ids = fc.uniqueArray(fc.nat(400), { maxLength: 200 }).map((all) => all.toSorted((x, y) => x - y));
    await fc.assert(
      fc.asyncProperty(ids, fc.infiniteStream(fc.constantFrom('a', 'b', 'both', 'both')), async (all, where) => {
        const places = all.map((id) => [id, where.next().value] as const);
        const side = (name: string) =>
          places.filter(([, at]) => at === name || at === 'both').map(([id]) => commit(id));
        const result = await pairs(side('a'), side('b'));
        const told = result.map(({ a, b }) => [(a ?? b)?.id, a && b ? 'both' : a ? 'a' : 'b']);
        expect(told.toSorted()).toEqual(places.map(([id, at]) => [`c${id}`, at]).toSorted());
        for (const name of ['a', 'b'] as const) {
          expect(result.flatMap((pair) => pair[name] ?? [])).toEqual(side(name));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('CMP-6: a run that only one has may be longer than the look ahead', async () => {
    const long = Array.from({ length: 300 }, (_, n) => commit(n));
    const short = [...long.slice(0, 20), ...long.slice(250)];
    const result = await pairs(long, short);
    expect(result.filter(({ a, b }) => a && b)).toHaveLength(70);
    expect(result).toHaveLength(300);
    expect(await pairs(short, long)).toHaveLength(300);
  });

  it('CMP-6: of other ids, what does the same belongs together', async () => {
    const other = [1, 2, 3].map((n) => ({ ...commit(n), id: `other-${n}` }));
    const result = await pairs([1, 2, 3].map(commit), other);
    expect(result.map(({ a, b }) => [a?.id, b?.id])).toEqual([
      ['c1', 'other-1'],
      ['c2', 'other-2'],
      ['c3', 'other-3'],
    ]);
  });
});

/** More than what the direct window of a `mixed` machine holds. */
const SEVEN = ['mod_a', 'mod_b', 'mod_c', 'mod_d', 'mod_e', 'mod_f', 'mod_g'];

describe('a command in two machines', () => {
  const kernel = { text: toHex(TEXT), etext: toHex(TEXT + 2 ** 20), end: toHex(TEXT + 2 ** 21) };
  const machine = (placement: 'near' | 'far' | 'mixed' = 'near') =>
    new Log({ profile: staticCallProfile('inline-defuse', placement, { kernel }) });

  it('CMP-7, CMP-8: moved by KASLR nothing but addresses differs: patches mean the same', async () => {
    const log = machine();
    log.load(calls('mod_a'));
    log.take({ type: 'update', key: 'kfree', func: '_printk' });
    log.take({ type: 'unload', module: 'mod_a' });
    log.take({ type: 'unload', module: 'mod_a' });
    const { lines, summary } = await withFork(log, { kaslrSeed: 4 });
    expect(lines.map(({ verdict }) => verdict)).toEqual(['changed', 'moved', 'moved', 'moved', 'same']);
    expect(only(lines[0], 'machine')?.fields.map(([field]) => field)).toContain('kaslrSeed');
    expect(only(lines[1], 'placed')?.parts.map(([part]) => part)).toEqual(['core', 'init']);
    expect(summary).toMatchObject({ first: null, moved: 3, failsNow: { count: 0 }, worksNow: { count: 0 } });
    expect(summary.figures[0]).toEqual(summary.figures[1]);
  });

  it('CMP-7, CMP-8: another flavour writes something else at the same places', async () => {
    const log = machine();
    log.load(calls('mod_a'));
    log.take({ type: 'update', key: 'kfree', func: FUNCS.image });
    const { lines, summary } = await withFork(log, { profile: { staticCall: 'literal' } });
    expect(lines.map(({ verdict }) => verdict)).toEqual(['changed', 'changed', 'changed']);
    const patches = only(lines[2], 'patches');
    expect(patches?.differ).toBeGreaterThan(0);
    const literal = patches?.first.find(([where]) => where.startsWith('literal of kfree'));
    expect(literal?.[1]).toBeNull();
    expect(literal?.[2]).toMatch(/^\.quad -> vmlinux\+0x40000 \(\w+, single-word\)$/);
    const site = patches?.first.find(([where]) => where.startsWith('site of kfree at mod_a:.text+0x'));
    expect(site?.[1]).toMatch(/^bl? -> .* \(direct, single-word\)$/);
    expect(summary.first).toMatchObject({ a: { number: 2, type: 'load', what: 'mod_a' }, verdict: 'changed' });
  });

  it('CMP-7, CMP-9: who fails now, who works now, with the words of the kernel; windows and veneers', async () => {
    const log = machine('mixed');
    for (const name of SEVEN) log.load(calls(name));
    const profile = { moduleRegion: { fallback: null } };
    const { lines, summary } = await withFork(log, { profile });
    const fork = forked(log.commits, { profile }, log.blobs).commits;
    const failed = lines.filter((line) => only(line, 'outcome'));
    expect(failed.length).toBeGreaterThan(0);
    expect(only(failed[0], 'outcome')?.pair).toMatchObject([{ kind: 'done' }, { kind: 'failed', errno: 'ENOMEM' }]);
    expect(summary.failsNow).toMatchObject({
      count: failed.length,
      first: [{ type: 'load', errno: 'ENOMEM', words: expect.stringContaining('vmap allocation') }, {}],
    });
    const back = await compared(fork, log.commits);
    expect(back.summary.worksNow.count).toBe(failed.length);
    expect(back.summary.failsNow.count).toBe(0);
    const near = machine();
    for (const name of SEVEN) near.load(calls(name));
    const spread = await compared(near.commits, log.commits);
    expect(spread.summary.windows.toFallback).toBe(2);
    expect(spread.summary.veneers).toMatchObject({ a: 0, more: 2, fewer: 0 });
    expect(spread.summary.veneers.b).toBe(spread.summary.figures[1].plt);
  });

  it('CMP-7: a command that makes no sense in one of them is told with why, and counted', async () => {
    const log = machine();
    log.take({ type: 'update', key: 'kfree', func: '_printk' });
    const { lines, summary } = await withFork(log, { staticCalls: { without: ['kfree'] } });
    expect(only(lines[1], 'outcome')?.pair[1]).toEqual({
      kind: 'refused',
      code: 'no-such-key',
      words: 'there is no static-call key kfree',
    });
    expect(summary.figures[1]).toMatchObject({ refused: 1, updates: 0 });
  });

  it('CMP-7: any two logs can be held side by side, and with itself each is the same', async () => {
    const log = machine('far');
    for (const name of ['mod_a', 'mod_b']) log.load(calls(name));
    log.load(manifestBytes({ name: 'plain' }));
    const { summary } = await compared(log.commits, log.commits);
    expect(summary).toMatchObject({ same: log.commits.length, moved: 0, changed: 0, onlyA: 0, onlyB: 0, first: null });
    const none = await compared(log.commits, []);
    expect(none.summary).toMatchObject({ commands: [4, 0], onlyA: 4, first: { a: { number: 2 } } });
  });
});
