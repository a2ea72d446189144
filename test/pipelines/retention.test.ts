import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mergeSessions } from '../../daemon/headless/session/merge.ts';
import { surveySession } from '../../daemon/headless/session/survey.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { openStores, type Stores } from '../../daemon/log/stores.ts';
import { type Trim, trimMachine } from '../../daemon/pipelines/retention.ts';
import { createSegment, openArchive, type Segment } from '../../daemon/pipelines/retention-archive.ts';
import type { Runtime } from '../../daemon/pipelines/runtime.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import type { Commit } from '../../protocol/commit.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';
import { made, readText } from '../sessions/make.ts';
import { noRedisServer, type RedisServer, startRedis } from '../support/redis.ts';
import { bootAndLoad, load, must, openTestRuntime } from './world.ts';

const running = new AbortController().signal;

/** Unloads of what is not there: small commits. */
async function grow(runtime: Runtime, count: number): Promise<void> {
  const { head } = must(await runtime.head('m'));
  for (let n = head + 1; n <= head + count; n++) {
    must(await runtime.command('m', { id: `u${n}`, command: { type: 'unload', module: 'none' } }));
  }
}

async function sessionOf(runtime: Runtime): Promise<string> {
  let text = '';
  for await (const piece of must(await exportSession(runtime.world, 'm'))) text += piece;
  return text;
}

async function trims(runtime: Runtime, commits: number, archive: string | null): Promise<readonly Trim[]> {
  const all: Trim[] = [];
  for await (const trim of trimMachine(runtime.world, 'm', { commits, archive }, running)) all.push(trim);
  return all;
}

describe('retention', { timeout: 60_000 }, () => {
  let folder: string;
  let archive: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-retention-'));
    archive = join(folder, 'archive');
    await openArchive(archive);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const archived = async (): Promise<readonly string[]> => (await readdir(archive)).sort();

  /** The history that the archive and the log give together. */
  async function whole(runtime: Runtime): Promise<string> {
    const rest = join(folder, `rest-${Math.random()}.veneer.jsonl`);
    await writeFile(rest, await sessionOf(runtime));
    const out = join(folder, `whole-${Math.random()}.veneer.jsonl`);
    const segments = (await archived()).map((file) => join(archive, file));
    await made(out, (into) => mergeSessions([rest, ...segments.reverse()], into));
    return readText(out);
  }

  it('RET-1, RET-2: archive and export together give back the whole history, to the same digest', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ grow: fc.integer({ min: 1, max: 12 }), keep: fc.integer({ min: 1, max: 10 }) }), {
          maxLength: 5,
        }),
        async (steps) => {
          await rm(archive, { recursive: true });
          await openArchive(archive);
          const runtime = openTestRuntime();
          const reference = openTestRuntime();
          for (const each of [runtime, reference]) await bootAndLoad(each, 'm', 4);
          let allowed = 1;
          for (const step of steps) {
            for (const each of [runtime, reference]) await grow(each, step.grow);
            await trims(runtime, step.keep, archive);
            const { head, first } = must(await runtime.head('m'));
            allowed = Math.max(allowed, head - step.keep + 1);
            expect(first).toBeLessThanOrEqual(allowed);
          }
          const body = (text: string): string => text.slice(text.indexOf('\n'));
          expect(body(await whole(runtime))).toBe(body(await sessionOf(reference)));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('RET-1: a segment says in its name what it holds, and is whole', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 3);
    await grow(runtime, 20);
    const { epoch } = must(await runtime.head('m'));
    const name = (from: string, to: string) =>
      `m@${epoch}.${from.padStart(12, '0')}-${to.padStart(12, '0')}.veneer.jsonl.gz`;
    expect(await trims(runtime, 10, archive)).toEqual([
      { machine: 'm', epoch, from: 1, to: 14, archived: join(archive, name('1', '14')) },
    ]);
    expect(await trims(runtime, 10, archive)).toEqual([]);
    await grow(runtime, 5);
    await trims(runtime, 10, archive);
    expect(await archived()).toEqual([name('1', '14'), name('15', '19')]);
    expect(await surveySession(join(archive, name('1', '14')))).toMatchObject({ state: 'whole', range: [1, 14] });
    expect(await surveySession(join(archive, name('15', '19')))).toMatchObject({ header: { from: 15, epoch } });
  });

  it('RET-3: the machine works on after a trim, in this daemon and in one that starts later', async () => {
    const log = openMemoryLog();
    const runtime = openTestRuntime(log);
    await bootAndLoad(runtime, 'm', 6);
    const before = must(await runtime.view('m')).text;
    await trims(runtime, 1, archive);
    const { first, head } = must(await runtime.head('m'));
    expect([first, head]).toEqual([7, 7]);
    const later = openTestRuntime(log);
    expect(must(await later.view('m')).text).toBe(before);
    must(await later.command('m', { id: 'x', command: { type: 'unload', module: 'm3' } }));
    await load(runtime, 'm', 'more');
    expect(await runtime.view('m', 3)).toMatchObject({ error: { code: 'position-trimmed' } });
  });

  it('RET-4: a reader whose position is gone is told how to go on', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 6);
    await trims(runtime, 1, archive);
    const refused = await runtime.view('m', 3);
    expect(refused.ok ? '' : refused.error.message).toMatch(
      /commits before 7 are gone, the earliest position is 6, asked for 3; .*--archive.*veneer session merge/,
    );
  });

  it('RET-5: nothing is archived where commits are to be thrown away', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 6);
    expect(await trims(runtime, 2, null)).toMatchObject([{ from: 1, to: 5, archived: null }]);
    expect(await archived()).toEqual([]);
    expect(must(await runtime.head('m'))).toMatchObject({ first: 6, head: 7 });
  });

  it('RET-6: after a crash between archive and trim the file is used, not written again', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 8);
    const expected = await sessionOf(runtime);
    const machine = must(await runtime.head('m'));
    const view = emptyView();
    const segment = await createSegment(archive, machine, 4, view);
    await feed(runtime.world.log, segment, view, 4);
    const written = await readFile(segment.file);
    await grow(runtime, 10);
    expect(await trims(runtime, 5, archive)).toMatchObject([
      { from: 1, to: 4, archived: segment.file },
      { from: 5, to: 14 },
    ]);
    expect(await readFile(segment.file)).toEqual(written);
    expect((await whole(runtime)).startsWith(expected.slice(0, expected.lastIndexOf('{"end"')))).toBe(true);
  });

  it('RET-6: a segment that is damaged, or holds something else, is made anew before anything is trimmed', async () => {
    for (const damage of ['cut', 'other'] as const) {
      await rm(archive, { recursive: true, force: true });
      await openArchive(archive);
      const runtime = openTestRuntime();
      await bootAndLoad(runtime, 'm', 8);
      const machine = must(await runtime.head('m'));
      const view = emptyView();
      const segment = await createSegment(archive, machine, 4, view);
      await feed(runtime.world.log, segment, view, 4);
      const text = gunzipSync(await readFile(segment.file)).toString();
      if (damage === 'cut') await truncate(segment.file, 100);
      else await writeFile(segment.file, gzipSync(text.replace('"id":"m-load-m2"', '"id":"another"')));
      const expected = await sessionOf(runtime);
      expect(await trims(runtime, 5, archive)).toMatchObject([{ from: 1, to: 4, archived: segment.file }]);
      expect(await whole(runtime)).toBe(expected);
    }
  });

  it('RET-6: what a crash left half written is swept a day later, and never taken for a segment', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 8);
    const left = join(
      archive,
      `m@${must(await runtime.head('m')).epoch}.000000000001-000000000003.veneer.jsonl.gz.aa.part`,
    );
    await writeFile(left, 'half');
    await openArchive(archive);
    expect(await archived()).toHaveLength(1);
    await trims(runtime, 5, archive);
    expect(await archived()).toHaveLength(2);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    await utimes(left, yesterday, yesterday);
    await openArchive(archive);
    expect(await archived()).toHaveLength(1);
  });

  it('RET-7: a pass that is interrupted leaves no file and trims nothing', async () => {
    const runtime = openTestRuntime();
    await bootAndLoad(runtime, 'm', 8);
    const stop = new AbortController();
    const work = trimMachine(runtime.world, 'm', { commits: 2, archive }, stop.signal).next();
    stop.abort();
    await expect(work).rejects.toThrow();
    expect(await archived()).toEqual([]);
    expect(must(await runtime.head('m')).first).toBe(1);
  });

  describe('on stores that last', () => {
    let redis: RedisServer | undefined;
    const opened: Stores[] = [];
    beforeAll(async () => {
      if (noRedisServer() === undefined) redis = await startRedis();
    });
    afterAll(async () => {
      await Promise.all(opened.map((stores) => stores.close()));
      await redis?.close();
    });

    it.skipIf(noRedisServer() !== undefined)(
      'RET-8: several daemons on one Redis and one archive lose nothing',
      async () => {
        if (redis === undefined) throw new Error('no Redis');
        const runtimes: Runtime[] = [];
        for (let n = 0; n < 3; n++) {
          const stores = await openStores({ redisUrl: redis.url });
          opened.push(stores);
          runtimes.push(openTestRuntime(stores.log));
        }
        const [one] = runtimes;
        if (one === undefined) throw new Error('no daemon');
        await bootAndLoad(one, 'm', 5);
        for (let round = 0; round < 4; round++) {
          await grow(one, 15);
          await Promise.all(runtimes.map((runtime) => trims(runtime, 8, archive)));
        }
        const text = await whole(one);
        expect(text.trimEnd().split('\n')).toHaveLength(must(await one.head('m')).head + 2);
        expect((await archived()).every((file) => !file.endsWith('.part'))).toBe(true);
      },
    );

    it('RET-3: LMDB gives the room back, and everything is there after it was opened again', async () => {
      const stores = await openStores({ dataDir: join(folder, 'data') });
      const runtime = openTestRuntime(stores.log);
      await bootAndLoad(runtime, 'm', 5);
      await grow(runtime, 30);
      await trims(runtime, 10, archive);
      const text = await whole(runtime);
      await stores.close();
      const again = await openStores({ dataDir: join(folder, 'data') });
      try {
        expect(await whole(openTestRuntime(again.log))).toBe(text);
      } finally {
        await again.close();
      }
    });
  });
});

/** Writes commits 1 to `to` of machine m, as a daemon does before it trims. */
async function feed(log: EventLog, segment: Segment, view: View, to: number): Promise<void> {
  const epoch = (await log.head('m'))?.epoch ?? '';
  const page = await log.read('m', epoch, { after: 0, limit: to });
  if (page.status !== 'page') throw new Error(page.status);
  for (const entry of page.entries) {
    fold(view, JSON.parse(entry.text) as Commit);
    await segment.commit(entry);
  }
  await segment.finish(log, viewDigest(view));
}
