import { lstat, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CutError, cutSession } from '../../daemon/headless/session/cut.ts';
import { createFile } from '../../daemon/headless/session/file.ts';
import { openIdSet } from '../../daemon/headless/session/ids.ts';
import { linesOf } from '../../daemon/headless/session/lines.ts';
import { MergeError, mergeSessions, SegmentFault } from '../../daemon/headless/session/merge.ts';
import { surveySession } from '../../daemon/headless/session/survey.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import { commitsOf, made, readText, START, sessionText, writeText } from './make.ts';

const COUNT = 40;
const commits = commitsOf(COUNT);
const whole = sessionText(commits);
const lines = whole.trimEnd().split('\n');
const digestAt = (count: number): string =>
  viewDigest(commits.slice(0, count).reduce((view, commit) => fold(view, commit), emptyView()));

describe('files of sessions', { timeout: 120_000 }, () => {
  let folder: string;
  let made_ = 0;
  const fresh = (end = '.veneer.jsonl'): string => join(folder, `${++made_}${end}`);
  const file = (text: string, end?: string): Promise<string> => writeText(fresh(end), text);
  const cut = async (from?: string, to?: string, source?: string): Promise<string> => {
    const out = fresh();
    await made(out, async (into) => cutSession({ file: source ?? (await file(whole)), from, to }, into));
    return out;
  };
  const merge = async (files: readonly string[]): Promise<string> => {
    const out = fresh();
    await made(out, (into) => mergeSessions(files, into));
    return readText(out);
  };
  const refusal = (work: Promise<unknown>): Promise<Error> =>
    work.then(
      () => Promise.reject(new Error('expected a refusal')),
      (error: Error) => error,
    );

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-sessions-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('SES-20: info and validate say what is in a whole file, plain and gzip', async () => {
    for (const end of ['.veneer.jsonl', '.veneer.jsonl.gz']) {
      expect(await surveySession(await file(whole, end))).toMatchObject({
        state: 'whole',
        fault: null,
        header: { ...START, profile: { release: '6.1.0-fixture', arch: 'arm64', layout: 'linux-6.1', pageSize: 4096 } },
        commits: COUNT,
        range: [1, COUNT],
        time: [commits[0]?.time, commits.at(-1)?.time],
        commands: { boot: 1, load: 21, unload: 12, bookmark: 6 },
        loads: 14,
        failures: 7,
        unloads: 12,
        modules: 2,
        digest: digestAt(COUNT),
        digestChecked: true,
      });
    }
  });

  it.each<
    readonly [what: string, damage: (lines: readonly string[]) => readonly string[], line: number, words: RegExp]
  >([
    ['a line that is no JSON', (all) => all.with(9, '{"v":1,'), 10, /^not JSON/],
    ['a commit left out', (all) => all.toSpliced(9, 1), 10, /^expected commit 9, found commit 10$/],
    ['an id twice', (all) => all.with(9, (all[9] ?? '').replace('"c-9"', '"c-8"')), 10, /c-8 is there twice/],
    [
      'a module from nowhere',
      (all) => all.with(8, (all[8] ?? '').replace('"ModuleLive","module":"hello"', '"ModuleLive","module":"nobody"')),
      9,
      /^commit 8: /,
    ],
    ['another digest', (all) => all.with(-1, (all.at(-1) ?? '').replace(/"digest":"./, '"digest":"')), 42, /digest/],
    ['a fact altered', (all) => all.with(38, (all[38] ?? '').replace('"direct"', '"fallback"')), 42, /^digest: found/],
    ['more behind the footer', (all) => [...all, '{}'], 43, /^expected nothing after the footer$/],
    ['a later version', (all) => all.with(9, '{"v":99}'), 10, /newer veneerd$/],
  ])('SES-21: %s is told with its line, and what is before it can be saved', async (_, damage, line, words) => {
    const source = await file(`${damage(lines).join('\n')}\n`);
    const out = fresh();
    const found = await made(out, (salvage) => surveySession(source, { salvage }));
    expect(found.state).toBe('damaged');
    expect(found.fault?.line).toBe(line);
    expect(found.fault?.message).toMatch(words);
    const saved = await surveySession(out);
    expect(saved).toMatchObject({
      state: 'whole',
      commits: found.commits,
      digest: found.digest,
      modules: found.modules,
    });
    if (found.commits < COUNT) expect(found.digest).toBe(digestAt(found.commits));
    expect((await readText(out)).split('\n').slice(1, -2)).toEqual(
      (await readText(source)).split('\n').slice(1, found.commits + 1),
    );
  });

  it('SES-21: a file cut off anywhere keeps all whole commits before the cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: (lines[0] ?? '').length, max: whole.length - 2 }), async (end) => {
        const text = whole.slice(0, end);
        const source = await file(text);
        const kept = text.split('\n').length - 2 + (whole[end] === '\n' ? 1 : 0);
        const out = fresh();
        const found = await made(out, (salvage) => surveySession(source, { salvage }));
        expect(found).toMatchObject({ state: 'cut-off', commits: kept, digest: digestAt(kept) });
        expect(await surveySession(out)).toMatchObject({ state: 'whole', commits: kept });
      }),
      { numRuns: 25 },
    );
  });

  it('SES-22: what is cut at any place joins again to the same session, in any order', async () => {
    const source = await file(whole);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 2, max: COUNT }), { maxLength: 4 }),
        fc.infiniteStream(fc.nat()),
        async (cuts, order) => {
          const starts = [1, ...cuts.toSorted((a, b) => a - b)];
          const pieces: string[] = [];
          for (const [i, from] of starts.entries()) {
            pieces.push(await cut(String(from), String((starts[i + 1] ?? COUNT + 1) - 1), source));
          }
          const shuffled = pieces
            .map((piece) => ({ piece, at: order.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ piece }) => piece);
          expect(await merge(shuffled)).toBe(whole);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('SES-22: a prefix is a session, a piece from the middle a segment with the digest of the view before it', async () => {
    const prefix = await surveySession(await cut(undefined, '10'));
    expect(prefix).toMatchObject({ state: 'whole', range: [1, 10], digest: digestAt(10), digestChecked: true });
    const middle = await surveySession(await cut('11', '20'));
    expect(middle).toMatchObject({
      header: { from: 11, base: digestAt(10), epoch: START.epoch, profile: { arch: 'arm64' } },
      range: [11, 20],
      digest: digestAt(20),
      digestChecked: false,
    });
    expect(await readText(await cut('11', '20'))).toBe(sessionText(commits, 11, 20));
  });

  it('SES-22: positions are numbers, bookmarks, from the end, and with the epoch', async () => {
    const range = async (from?: string, to?: string) => (await surveySession(await cut(from, to))).range;
    expect(await range('@b13', '@b19')).toEqual([12, 18]);
    expect(await range('-1')).toEqual([COUNT - 1, COUNT]);
    expect(await range(undefined, '-30')).toEqual([1, COUNT - 30]);
    expect(await range(`${START.epoch}:5`, `lab@${START.epoch}:6`)).toEqual([5, 6]);
  });

  it.each([
    ['5', '4', /would begin with commit 5 and end with commit 4/],
    ['1', '41', /it has 40 commits/],
    ['50', undefined, /it has 40 commits/],
    ['0', undefined, /counted from 1/],
    ['@nobody', undefined, /no bookmark is called nobody, there are b1?7/],
    ['x!', undefined, /expected a commit number/],
    ['epoch0000002:5', undefined, /its commits are of the epoch epoch0000001/],
  ])('SES-22: a cut from %s to %s makes no sense', async (from, to, words) => {
    const error = await refusal(cut(from, to));
    expect(error).toBeInstanceOf(CutError);
    expect(error.message).toMatch(words);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('SES-23: a segment is cut only together with what is before it', async () => {
    const error = await refusal(cut('15', '16', await file(sessionText(commits, 11, 20))));
    expect(error.message).toMatch(/begins with commit 11: join it/);
  });

  it('SES-23: segments that overlap join where they are the same, and twice the same is once', async () => {
    const pieces = [sessionText(commits, 1, 20), sessionText(commits, 11, 30), sessionText(commits, 12, 13)];
    const files = await Promise.all([...pieces, whole, whole].map((text) => file(text)));
    expect(await merge(files)).toBe(whole);
    expect(await merge(files.slice(0, 3).reverse())).toBe(sessionText(commits, 1, 30));
  });

  it('SES-23: segments without the beginning join to a segment', async () => {
    const files = [
      await file(sessionText(commits, 21, 30), '.veneer.jsonl.gz'),
      await file(sessionText(commits, 11, 20)),
    ];
    expect(await merge(files)).toBe(sessionText(commits, 11, 30));
  });

  it('SES-23: what does not belong together is refused by name', async () => {
    const one = await file(sessionText(commits, 1, 10));
    const other = commitsOf(COUNT, 'd');
    const refused = async (text: string, kind: typeof MergeError | typeof SegmentFault, words: RegExp) => {
      const error = await refusal(merge([one, await file(text)]));
      expect(error).toBeInstanceOf(kind);
      expect(error.message).toMatch(words);
    };
    await refused(sessionText(commits, 12, 20), MergeError, /^commits 11 to 11 are missing/);
    await refused(sessionText(other, 6, 20), MergeError, /^commit 6 is not the same in/);
    const epoch = { ...START, epoch: 'epoch0000002' };
    await refused(sessionText(commits, 11, 20, epoch), MergeError, /the epoch of .* is epoch0000001, .* epoch0000002$/);
    await refused(sessionText(commits, 11, 20, { machine: 'other' }), MergeError, /the machine of/);
    const segment = sessionText(commits, 11, 20);
    await refused(segment.replace(/"base":"."?/, '"base":"'), SegmentFault, /base/);
    const zeros = '0'.repeat(64);
    await refused(
      segment.replace(/"base":"[^"]*"/, `"base":"${zeros}"`),
      SegmentFault,
      /^base: found 0{64}, the commits up to 10/,
    );
    await refused(segment.replace(/"digest":"[^"]*"/, `"digest":"${zeros}"`), SegmentFault, /^digest: found 0{64}/);
    await refused(segment.slice(0, -20), SegmentFault, /cut off/);
    await refused(segment.split('\n').toSpliced(3, 1).join('\n'), SegmentFault, /expected commit 13, found commit 14/);
    await refused(`${sessionText(commits, 11, 20)}{}\n`, SegmentFault, /nothing after the footer/);
    expect((await refusal(merge(['-']))).message).toMatch(/give files/);
    expect(await refusal(merge([one, folder]))).toMatchObject({ file: folder, cause: { code: 'EISDIR' } });
  });

  it('SES-24: nothing is there under the name of a file that could not be made', async () => {
    const out = fresh('.veneer.jsonl.gz');
    await refusal(made(out, async (into) => cutSession({ file: await file(whole), to: '99' }, into)));
    expect(await readdir(folder)).not.toContain(out);
    expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([]);
    await writeText(out, whole);
    await expect(made(out, async () => undefined)).rejects.toThrow(/exists/);
    await expect(createFile('/dev/null', true)).rejects.toThrow(/is no regular file/);
  });

  it('SES-24: a link is followed, not replaced', async () => {
    const [real, link] = [await file('old'), fresh()];
    await symlink(real, link);
    const out = await createFile(link, true);
    await out.write('new');
    await out.finish();
    await out.publish();
    expect(await readText(real)).toBe('new');
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
  });
});

describe('lines', () => {
  const chunked = async (bytes: Uint8Array, size: number) => {
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    const texts: string[] = [];
    for await (const { text } of linesOf(chunks())) texts.push(text);
    return texts;
  };

  it('SES-5: are the same in chunks of any size, plain and gzip', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 50 }),
        async (texts, size) => {
          const wanted = texts.map((text) => text.replaceAll('\n', ' ').replaceAll('\ufeff', ' '));
          const bytes = Buffer.from(wanted.map((text) => `${text}\n`).join(''));
          expect(await chunked(bytes, size)).toEqual(wanted);
          expect(await chunked(gzipSync(bytes), size)).toEqual(wanted);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the set of ids', () => {
  it('SES-21: knows an id that was added, and no other, however many there are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 3000 }), (ids) => {
        const set = openIdSet();
        const known = new Set<string>();
        for (const id of ids) {
          expect(set.add(id)).toBe(!known.has(id));
          known.add(id);
        }
      }),
      { numRuns: 30 },
    );
  });
});
