import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliFailure } from '../../clients/cli/failure.ts';
import { readSession, writeSession } from '../../clients/cli/session-file.ts';
import type { SessionItem } from '../../daemon/headless/session/read.ts';
import { VERSION } from '../../daemon/version.ts';
import { SESSION_FORMAT } from '../../protocol/session.ts';
import { session } from './sessions.ts';

const START = { machine: 'lab', epoch: 'epoch0000001' } as const;
const HEADER = {
  format: SESSION_FORMAT,
  ...START,
  by: `veneerd ${VERSION}`,
  profile: { arch: 'arm64', layout: 'linux-6.1', pageSize: 4096 },
} as const;
const commits = session('hello.ko', 'chain-a.ko', 'unknown-symbol.ko');

describe('session files', { timeout: 60_000 }, () => {
  let folder: string;
  let text: string;
  let files = 0;
  const fresh = (): string => join(folder, `${++files}.veneer.jsonl`);
  const read = async (file: string): Promise<SessionItem[]> => {
    const items: SessionItem[] = [];
    for await (const item of readSession(file)) items.push(item);
    return items;
  };
  const failureOf = async (content: string | Uint8Array): Promise<CliFailure> => {
    const file = fresh();
    await writeFile(file, content);
    const error = await read(file).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof CliFailure)) throw new Error(`expected a refusal, got ${String(error)}`);
    return error;
  };
  const record = async (file: string): Promise<string> => {
    const writer = await writeSession(file, START, { overwrite: false });
    for (const commit of commits) await writer.commit(commit);
    return (await writer.finish()).digest;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-session-'));
    const file = fresh();
    await record(file);
    text = await readFile(file, 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('SES-1: hold a header, the commits and a footer, one on a line', () => {
    const lines = text.split('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject(HEADER);
    expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ end: true, commits: commits.length });
    expect(lines).toHaveLength(commits.length + 3);
    expect(lines.at(-1)).toBe('');
  });

  it('SES-1: are gzipped when the name says so, and read by their bytes when it does not', async () => {
    const file = `${fresh()}.gz`;
    await record(file);
    const packed = await readFile(file);
    expect(gunzipSync(packed).toString()).toBe(text);
    const misnamed = fresh();
    await writeFile(misnamed, packed);
    expect(await read(misnamed)).toEqual(await read(file));
  });

  it('SES-2: give back the commits that were written', async () => {
    const file = fresh();
    const digest = await record(file);
    const items = await read(file);
    expect(items[0]).toMatchObject({ kind: 'header', line: 1, header: HEADER });
    expect(items.slice(1, -1)).toEqual(
      commits.map((commit, i) => ({ kind: 'commit', line: i + 2, commit, text: JSON.stringify(commit) })),
    );
    expect(items.at(-1)).toMatchObject({ kind: 'footer', footer: { end: true, commits: commits.length, digest } });
  });

  it.each([
    ['a line that is not JSON', (lines: string[]) => lines.with(2, '{"v":1,'), ':3: not JSON'],
    ['a commit without events', (lines: string[]) => lines.with(1, '{"v":1,"number":1}'), ':2: '],
    [
      'a commit of a later version',
      (lines: string[]) => lines.with(1, '{"v":99}'),
      ':2: v: this commit has version 99',
    ],
    ['a commit left out', (lines: string[]) => lines.toSpliced(2, 1), ':3: expected commit 2, found commit 3'],
    [
      'another format',
      (lines: string[]) => lines.with(0, '{"format":"x"}'),
      `:1: expected a header of ${SESSION_FORMAT}`,
    ],
    [
      'a commit behind the footer',
      (lines: string[]) => [...lines, lines[1] ?? ''],
      ':7: expected nothing after the footer',
    ],
    [
      'a footer that counts wrong',
      (lines: string[]) => lines.with(-1, (lines.at(-1) ?? '').replace(/"commits":\d+/, '"commits":9')),
      ':6: the footer counts 9 commits, the file holds 4',
    ],
  ])('SES-3: %s is reported with file and line', async (_, damage, words) => {
    const failure = await failureOf(`${damage(text.trimEnd().split('\n')).join('\n')}\n`);
    expect(failure.message).toContain(`.veneer.jsonl${words}`);
    expect(failure.exit).toBe(2);
  });

  it('SES-3: bytes that are not UTF-8 and damaged gzip data are reported', async () => {
    const bytes = Buffer.from(text);
    bytes[text.indexOf('\n') + 5] = 0xff;
    expect((await failureOf(bytes)).message).toMatch(/:2: not UTF-8$/);
    const packed = gzipSync(text);
    packed.fill(0xff, 40, 60);
    expect((await failureOf(packed)).message).toMatch(/:\d+: gzip: /);
  });

  it('SES-3: an empty file, and one that is not there, are refused by name', async () => {
    expect((await failureOf('')).message).toMatch(/expected veneerd\/session@1, it is empty$/);
    await expect(read(join(folder, 'absent.jsonl'))).rejects.toThrow(/absent\.jsonl: no such file/);
  });

  it('SES-4: a file cut anywhere after its header gives its whole commits, then says that it was cut', async () => {
    const header = text.indexOf('\n') + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: header, max: text.length - 2 }), async (cut) => {
        const file = fresh();
        await writeFile(file, text.slice(0, cut));
        const items = await read(file);
        // A last line that lacks only its newline is whole.
        const whole = `${text.slice(0, cut)}`.split('\n').length - 2 + (text[cut] === '\n' ? 1 : 0);
        expect(items.filter((item) => item.kind === 'commit')).toHaveLength(whole);
        expect(items.at(-1)).toMatchObject({
          kind: 'cut-off',
          line: text.slice(0, cut).split('\n').length + (text[cut] === '\n' ? 1 : 0),
        });
        await rm(file);
      }),
      { numRuns: 60 },
    );
  });

  it('SES-4: a gzip file that was cut is told from a damaged one', async () => {
    // Random text does not compress, so that half of the bytes hold about half of the commits.
    const noisy = text.replaceAll(
      '"id":"c',
      () => `"id":"${createHash('sha256').update(String(files)).digest('hex')}c`,
    );
    const packed = gzipSync(noisy);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: packed.length - 1 }), async (cut) => {
        const file = fresh();
        await writeFile(file, packed.subarray(0, cut));
        const items = await read(file).catch((error: unknown) => error);
        if (items instanceof CliFailure) expect(items.message).toMatch(/found the start of a gzip file only/);
        else expect(['cut-off', 'footer']).toContain((items as SessionItem[]).at(-1)?.kind);
        await rm(file);
      }),
      { numRuns: 60 },
    );
  });

  it('SES-7: are not overwritten unless asked', async () => {
    const file = fresh();
    await record(file);
    await expect(record(file)).rejects.toThrow(/exists already/);
    const writer = await writeSession(file, START, { overwrite: true });
    await writer.finish();
    expect((await read(file)).map((item) => item.kind)).toEqual(['header', 'footer']);
  });

  it('SES-2: a folder that is not there is refused by name', async () => {
    await expect(writeSession(join(folder, 'no', 'x.jsonl'), START, { overwrite: false })).rejects.toThrow(
      /no such file or folder/,
    );
  });
});
