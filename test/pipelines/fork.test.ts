import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FORKS } from '../../daemon/limits.ts';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { compareMachines } from '../../daemon/pipelines/compare.ts';
import type { ForkWatch } from '../../daemon/pipelines/fork.ts';
import type { Outcome } from '../../daemon/pipelines/outcome.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import type { Commit } from '../../protocol/commit.ts';
import type { CompareLine } from '../../protocol/compare/form.ts';
import type { ForkBody, Forked } from '../../protocol/fork.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { bootAndLoad, commitsOf, load, must, openTestRuntime, stored } from './world.ts';

const fork = (
  runtime: Runtime,
  name: string,
  body: ForkBody,
  watch: Partial<ForkWatch> = {},
): Promise<Outcome<Forked>> =>
  runtime.forks.fork(name, body, { progress: () => {}, signal: new AbortController().signal, ...watch });

async function digestOf(runtime: Runtime, name: string): Promise<string> {
  return viewDigest(viewFromJson(JSON.parse(must(await runtime.view(name)).text)));
}

async function textsOf({ world }: Runtime, name: string): Promise<readonly string[]> {
  const machine = await world.log.head(name);
  const texts: string[] = [];
  while (machine !== undefined && texts.length < machine.head) {
    const page = await world.log.read(name, machine.epoch, { after: texts.length });
    if (page.status !== 'page') throw new Error(page.status);
    texts.push(...page.entries.map(({ text }) => text));
  }
  return texts;
}

/** The commits of a machine that loads m1, m2, … */
let recorded: Promise<readonly Commit[]> | undefined;

/** As `bootAndLoad`, at once. */
async function filled(runtime: Runtime, name: string, loads: number): Promise<void> {
  recorded ??= (async () => {
    const source = openTestRuntime();
    await bootAndLoad(source, 'm', 1000);
    return commitsOf(source, 'm');
  })();
  must(await runtime.append(name, null, (await recorded).slice(0, loads + 1)));
}

const exists = async (runtime: Runtime, name: string): Promise<boolean> =>
  (await runtime.world.log.head(name)) !== undefined;

/** Decides everything again, to the same. */
const SAME = { profile: { layout: 'linux-6.1' } } as const;

describe.each(['memory', 'lmdb'])('forks in a log in %s', (store) => {
  async function using(work: (runtime: Runtime, log: EventLog, mistakes: unknown[]) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'veneerd-fork-'));
    const log = store === 'memory' ? openMemoryLog() : await openLmdbLog(join(folder, 'data'));
    const mistakes: unknown[] = [];
    const runtime = openTestRuntime(log, mistakes);
    try {
      await work(runtime, log, mistakes);
      expect(mistakes).toEqual([]);
    } finally {
      await runtime.close();
      await log.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  it('FORK-1, FORK-4, FORK-5: without a change a fork has the digest of its source, copied or decided', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 300);
      const { epoch } = must(await runtime.head('m'));
      const copied = must(await fork(runtime, 'm', { as: 'copied', changes: {} }));
      expect(copied).toMatchObject({ position: { commit: 301 }, repeated: false, counts: { copied: 301, decided: 0 } });
      const decided = must(await fork(runtime, 'm', { as: 'decided', at: `${epoch}:201`, changes: SAME }));
      expect(decided).toMatchObject({ position: { commit: 201 }, counts: { copied: 0, decided: 201 } });
      for (let n = 201; n <= 300; n++) await load(runtime, 'decided', `m${n}`);
      const digest = await digestOf(runtime, 'm');
      expect(await digestOf(runtime, 'copied')).toBe(digest);
      expect(await digestOf(runtime, 'decided')).toBe(digest);
      expect(JSON.parse(must(await runtime.view('decided')).text)).toMatchObject({
        fork: { from: { machine: 'm', epoch, commit: 201 }, changes: SAME, refused: 0 },
      });
      // It is a machine like any other.
      await load(runtime, 'copied', 'later');
      expect((await commitsOf(runtime, 'copied')).at(-1)?.number).toBe(302);
    }));

  it('FORK-4: the same fork twice is the same log, byte for byte; times and command ids are those of the source', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 20);
      const changes = { kaslrSeed: 7, without: ['m3'] };
      must(await fork(runtime, 'm', { as: 'one', changes }));
      must(await fork(runtime, 'm', { as: 'two', changes }));
      expect(await textsOf(runtime, 'two')).toEqual(await textsOf(runtime, 'one'));
      const source = (await commitsOf(runtime, 'm')).filter((_, index) => index !== 3);
      expect((await commitsOf(runtime, 'one')).map(({ id, time }) => [id, time])).toEqual(
        source.map(({ id, time }) => [id, time]),
      );
    }));

  it('FORK-2: nobody sees a fork before its last commit; given up, nothing of it is there', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 150);
      const seen: boolean[] = [];
      const looks: Promise<void>[] = [];
      const look = () => void looks.push(exists(runtime, 'whole').then((there) => void seen.push(there)));
      must(await fork(runtime, 'm', { as: 'whole', changes: SAME }, { progress: look }));
      await Promise.all(looks);
      expect(seen.length).toBeGreaterThan(2);
      expect(seen).not.toContain(true);
      expect(await exists(runtime, 'whole')).toBe(true);

      const gone = new AbortController();
      const told: number[] = [];
      const progress: ForkWatch['progress'] = ({ done }) => {
        told.push(done);
        if (done > 0) gone.abort();
      };
      const outcome = await fork(runtime, 'm', { as: 'half', changes: SAME }, { progress, signal: gone.signal });
      expect(outcome).toMatchObject({ ok: false, error: { code: 'shutting-down', message: 'the fork was given up' } });
      expect(told).toEqual([0, 64]);
      expect(await exists(runtime, 'half')).toBe(false);
      must(await fork(runtime, 'm', { as: 'half', changes: SAME }));
    }));

  it('FORK-2: nothing is there when the client goes away at the last commit', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 63);
      const gone = new AbortController();
      const progress: ForkWatch['progress'] = ({ done, of }) => {
        if (done === of) gone.abort();
      };
      const outcome = await fork(runtime, 'm', { as: 'f', changes: SAME }, { progress, signal: gone.signal });
      expect(outcome).toMatchObject({ error: { code: 'shutting-down', message: 'the fork was given up' } });
      expect(await exists(runtime, 'f')).toBe(false);
    }));

  it('FORK-2: a source that is removed meanwhile ends the fork, and nothing of it is there', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 900);
      const { blobs } = runtime.world;
      const { get } = blobs;
      let removed = false;
      const removing = async (sha256: string) => {
        if (!removed) must(await runtime.remove('m'));
        removed = true;
        return get(sha256);
      };
      Object.assign(blobs, { get: removing });
      const outcome = await fork(runtime, 'm', { as: 'f', changes: SAME });
      expect(outcome).toMatchObject({ error: { code: 'no-such-machine' } });
      expect(await exists(runtime, 'f')).toBe(false);
    }));

  it('FORK-13: the same fork under the same name is repeated; anything else of that name is in the way', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 10);
      const body = { as: 'f', changes: { kaslrSeed: 7 } };
      const first = must(await fork(runtime, 'm', body));
      await load(runtime, 'f', 'later');
      expect(must(await fork(runtime, 'm', body))).toEqual({ ...first, repeated: true });
      expect(await commitsOf(runtime, 'f')).toHaveLength(12);
      const exists = { error: { code: 'machine-exists', message: 'there is a machine called f' } };
      expect(await fork(runtime, 'm', { as: 'f', changes: { kaslrSeed: 8 } })).toMatchObject(exists);
      expect(await fork(runtime, 'm', { ...body, at: '-1' })).toMatchObject(exists);
      expect(await fork(runtime, 'm', { as: 'm', changes: {} })).toMatchObject({ error: { code: 'machine-exists' } });
    }));

  it('FORK-13: a machine that comes first, with the same command ids, is not taken for the fork', () =>
    using(async (runtime) => {
      await filled(runtime, 'm', 10);
      const commits = await commitsOf(runtime, 'm');
      let made: Promise<unknown> = Promise.resolve();
      const progress: ForkWatch['progress'] = ({ done }) => {
        if (done === 0) made = runtime.append('f', null, commits);
      };
      const outcome = fork(runtime, 'm', { as: 'f', changes: SAME }, { progress });
      expect(await outcome).toMatchObject({ error: { code: 'machine-exists' } });
      await made;
      expect(await commitsOf(runtime, 'f')).toEqual(commits);
    }));
});

describe('what a fork needs', () => {
  it('FORK-12: everything that can be known before is said before, and by name', async () => {
    const runtime = openTestRuntime();
    await filled(runtime, 'm', 3);
    const refused = async (body: Partial<ForkBody>, code: string, words: RegExp, source = 'm') => {
      const outcome = await fork(
        runtime,
        source,
        { as: 'f', changes: {}, ...body },
        {
          progress: () => {
            throw new Error('it began');
          },
        },
      );
      expect(outcome).toMatchObject({ ok: false, error: { code } });
      expect(outcome.ok ? '' : outcome.error.message).toMatch(words);
      expect(await exists(runtime, 'f')).toBe(false);
    };
    await refused({}, 'no-such-machine', /nobody/, 'nobody');
    await refused({ at: '9' }, 'position-ahead', /newest commit is 4/);
    await refused({ at: '0' }, 'bad-position', /nothing to fork/);
    await refused({ at: 'x' }, 'bad-position', /^/);
    await refused({ at: '@x' }, 'no-such-bookmark', /x/);
    await refused({ at: 'otherepoch:2' }, 'epoch-changed', /otherepoch/);
    await refused({ as: 'm' }, 'machine-exists', /called m/);
    await refused({ changes: { without: ['m9'] } }, 'no-such-module', /^m: without m9: nothing/);
    const blob = 'f'.repeat(64);
    const words = /^1 of the 2 module files that the fork takes are not stored: more\.ko \(sha256 f{64}\)$/;
    await refused({ changes: { with: [{ blob, file: 'more.ko', before: 'm3' }] } }, 'no-such-blob', words);
  });

  it('FORK-12: every file that is missing is named; a log that names them all is there for it', async () => {
    const log = openMemoryLog();
    const source = openTestRuntime(log);
    await filled(source, 'm', 30);
    const lost = new Set([stored('m7'), stored('m21')]);
    const { blobs } = source.world;
    const runtime = openTestRuntime(log);
    Object.assign(runtime.world.blobs, {
      get: async (sha256: string) => (lost.has(sha256) ? undefined : blobs.get(sha256)),
      has: async (sha256: string) => !lost.has(sha256) && blobs.has(sha256),
    });
    const outcome = await fork(runtime, 'm', { as: 'f', changes: SAME });
    expect(outcome).toMatchObject({ error: { code: 'no-such-blob' } });
    for (const sha256 of lost) expect(outcome.ok ? '' : outcome.error.message).toContain(sha256);
    const { epoch } = must(await runtime.head('m'));
    const files = must(await runtime.forks.files({ machine: 'm', epoch, commit: 31 }, new AbortController().signal));
    expect(files).toHaveLength(30);
    expect(files.filter((file) => !file.stored).map(({ sha256 }) => sha256)).toEqual([...lost]);
    // A beginning that does not need them forks, and so does everything as it is.
    must(await fork(runtime, 'm', { as: 'f', at: '7', changes: SAME }));
    must(await fork(runtime, 'm', { as: 'g', changes: {} }));
    must(await fork(runtime, 'm', { as: 'h', changes: { without: ['m21'] } }));
  });

  it('FORK-12: changes that make no machine are refused, and nothing is there', async () => {
    const runtime = openTestRuntime();
    await filled(runtime, 'm', 3);
    const refused = async (changes: ForkBody['changes'], words: RegExp) => {
      const outcome = await fork(runtime, 'm', { as: 'f', changes });
      expect(outcome).toMatchObject({ ok: false, error: { code: 'bad-command' } });
      expect(outcome.ok ? '' : outcome.error.message).toMatch(words);
      expect(await exists(runtime, 'f')).toBe(false);
    };
    await refused({ profile: { staticCall: 'inline' } }, /^m: profile: \/staticCall is inline, expected one of/);
    await refused(
      { profile: { moduleRegion: { direct: { start: '0xffff800000000001', end: '0xffff800001000000' } } } },
      /\/moduleRegion\/direct\/start is 0xffff800000000001, expected a multiple of the page size/,
    );
    await refused({ staticCalls: { without: ['kfree'] } }, /\/without names kfree, expected a key of the machine/);
    await refused({ profile: { arch: 'x86-64', staticCall: 'literal' } }, /\/staticCall is literal/);
  });

  it('FORK-14: forks take turns; beyond so many they are refused, and a daemon that stops gives them up', async () => {
    const runtime = openTestRuntime();
    await filled(runtime, 'm', 100);
    const all = Array.from({ length: FORKS + 2 }, (_, n) => fork(runtime, 'm', { as: `f${n}`, changes: SAME }));
    const closed = runtime.close();
    const outcomes = await Promise.all(all);
    await closed;
    const codes = outcomes.map((outcome) => (outcome.ok ? 'done' : outcome.error.code));
    expect(codes.slice(FORKS)).toEqual(['too-busy', 'too-busy']);
    expect(new Set(codes.slice(0, FORKS))).toEqual(new Set(['shutting-down']));
    for (let n = 0; n < all.length; n++) expect(await exists(runtime, `f${n}`)).toBe(false);
  });
});

describe('two machines side by side', () => {
  async function linesOf(runtime: Runtime, a: string, b: string): Promise<readonly CompareLine[]> {
    const place = async (machine: string) => {
      const { epoch, head } = must(await runtime.head(machine));
      return { machine, epoch, commit: head };
    };
    const lines: CompareLine[] = [];
    for await (const line of compareMachines(runtime.world, await place(a), await place(b))) lines.push(line);
    return lines;
  }

  it('CMP-6, CMP-9: a fork beside its source: same, moved, only in one, and the sum of it', async () => {
    const runtime = openTestRuntime();
    await filled(runtime, 'm', 100);
    must(await fork(runtime, 'm', { as: 'same', changes: SAME }));
    must(await fork(runtime, 'm', { as: 'lean', changes: { without: ['m2'] } }));
    const same = await linesOf(runtime, 'm', 'same');
    expect(same).toHaveLength(102);
    expect(same.at(-1)).toMatchObject({
      summary: { commands: [101, 101], same: 101, moved: 0, changed: 0, first: null },
    });
    const lean = await linesOf(runtime, 'm', 'lean');
    expect(lean.at(-1)).toMatchObject({
      summary: {
        commands: [101, 100],
        ...{ same: 2, moved: 98, changed: 0, onlyA: 1, onlyB: 0 },
        first: { a: { number: 3, what: 'm2' }, b: null, verdict: 'only-a' },
      },
    });
    const back = await linesOf(runtime, 'lean', 'm');
    expect(back.at(-1)).toMatchObject({ summary: { onlyA: 0, onlyB: 1, moved: 98 } });
  });

  it('CMP-10: a log that can not be read to its end ends the answer with the error', async () => {
    const runtime = openTestRuntime();
    await filled(runtime, 'm', 5);
    await filled(runtime, 'n', 5);
    const { epoch } = must(await runtime.head('m'));
    const lines: CompareLine[] = [];
    const b = { machine: 'n', epoch: 'otherepoch', commit: 3 };
    for await (const line of compareMachines(runtime.world, { machine: 'm', epoch, commit: 6 }, b)) lines.push(line);
    expect(lines).toMatchObject([{ error: { code: 'epoch-changed' } }]);
  });
});
