import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Run, start } from '../e2e/cli-process.ts';
import { commitsOf, longSession, readText, sessionText, writeText } from '../sessions/make.ts';

const PATIENCE = 120_000;
const commits = commitsOf(30);
const whole = sessionText(commits);

describe('session files on the command line', { timeout: PATIENCE }, () => {
  let folder: string;
  let count = 0;
  const fresh = (end = '.veneer.jsonl'): string => join(folder, `s${++count}${end}`);
  const veneer = (...args: readonly string[]): Promise<Run> => start(args, {}, folder).done;
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, out, err } = await veneer(...args, '--json');
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-session-cli-'));
    await veneer('--version');
  }, PATIENCE);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('SES-20: info tells of a file and of stdin, as words and as JSON, and of a damaged one where', async () => {
    const file = await writeText(fresh('.veneer.jsonl.gz'), whole);
    expect(await json('session', 'info', file)).toMatchObject({ file, state: 'whole', commits: 30, modules: 0 });
    const words = await veneer('session', 'info', file);
    expect(words.out).toMatch(
      /machine +lab @ epoch0000001\n.*\n.*veneerd.*\n +kernel +simulated, 6\.1\.0-fixture, arm64/,
    );
    const piped = start(['session', 'info', '-', '--json'], {}, folder);
    await pipeline(createReadStream(file), piped.child.stdin);
    expect(JSON.parse((await piped.done).out)).toMatchObject({ file: '-', state: 'whole', commits: 30 });
    const broken = await writeText(fresh(), whole.replace('"number":7', '"number":8'));
    const found = await veneer('session', 'info', broken, file);
    expect(found.code).toBe(1);
    expect(found.out).toMatch(/damaged\n.*:8: expected commit 7, found commit 8\n[\s\S]*whole/);
    expect((await veneer('session', 'info', join(folder, 'absent'))).code).toBe(2);
  });

  it('SES-21: validate says where, and saves what is whole', async () => {
    const file = await writeText(fresh(), whole.slice(0, whole.length / 2));
    const out = fresh('.veneer.jsonl.gz');
    const run = await veneer('session', 'validate', file, '--salvage', out);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/:\d+: expected a footer, the file was cut off\n/);
    const ok = await veneer('session', 'validate', out);
    expect(ok).toMatchObject({ code: 0, err: '' });
    expect(ok.out).toMatch(/whole, \d+ commits, digest [0-9a-f]{64}\n$/);
    expect((await veneer('session', 'validate', file, '--salvage', out)).err).toMatch(/exists already; --force/);
    const untouched = fresh();
    expect((await veneer('session', 'validate', out, '--salvage', untouched)).err).toMatch(
      /not written: the file is whole/,
    );
    await expect(stat(untouched)).rejects.toThrow();
    const segment = await writeText(fresh(), sessionText(commits, 11, 20).slice(0, -20));
    const refused = await veneer('session', 'validate', segment, '--salvage', untouched);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/nothing can be kept of it/);
  });

  it('SES-22, SES-23: cut and merge give the same file back; replay refuses a segment with what to do', async () => {
    const file = await writeText(fresh(), whole);
    const [head, tail, joined] = [fresh(), fresh(), fresh()];
    expect(await json('session', 'cut', file, '--to', '@b13', '-o', head)).toMatchObject({
      from: 1,
      to: 12,
      commits: 12,
    });
    expect(await json('session', 'cut', file, '--from', '13', '-o', tail)).toMatchObject({
      from: 13,
      to: 30,
      commits: 18,
    });
    expect(await json('session', 'merge', tail, head, '-o', joined)).toMatchObject({ files: 2, commits: 30 });
    expect(await readText(joined)).toBe(whole);
    expect((await veneer('session', 'merge', tail, head, '-o', joined)).code).toBe(2);
    const refused = await veneer('replay', tail);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/begins with commit 13: join it .*veneer session merge/);
    const gap = fresh();
    await json('session', 'cut', file, '--from', '14', '-o', gap);
    const missing = await veneer('session', 'merge', head, gap, '-o', fresh());
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.err).toMatch(/commits 13 to 13 are missing/);
  });

  it('SES-5: a file larger than the heap is checked, cut and joined', async () => {
    const file = fresh('.veneer.jsonl.gz');
    await pipeline(
      Readable.from(longSession(2600, 32 * 1024)),
      createGzip({ level: 1 }),
      (await open(file, 'w')).createWriteStream(),
    );
    const env = { NODE_OPTIONS: '--max-old-space-size=64' };
    const small = async (...args: readonly string[]): Promise<unknown> => {
      const { code, out, err } = await start([...args, '--json'], env, folder).done;
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
      return JSON.parse(out);
    };
    expect(await small('session', 'validate', file)).toMatchObject({ state: 'whole', commits: 2600 });
    const [head, tail, joined] = [fresh('.veneer.jsonl.gz'), fresh('.veneer.jsonl.gz'), fresh('.veneer.jsonl.gz')];
    await small('session', 'cut', file, '--to', '1600', '-o', head);
    await small('session', 'cut', file, '--from', '1300', '-o', tail);
    expect(await small('session', 'merge', tail, head, '-o', joined)).toMatchObject({ from: 1, to: 2600 });
  });

  it('SES-24: a command that Ctrl-C ends leaves nothing behind', async () => {
    const file = fresh();
    await pipeline(Readable.from(longSession(20_000, 1024)), (await open(file, 'w')).createWriteStream());
    const out = fresh();
    const run = start(['session', 'cut', file, '-o', out], {}, folder);
    await expect
      .poll(async () => (await readdir(folder)).some((name) => name.endsWith('.part')), {
        interval: 5,
        timeout: 30_000,
      })
      .toBe(true);
    run.child.kill('SIGINT');
    const { code, err } = await run.done;
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^veneer: stopped: .* was not written\n$/) });
    expect((await readdir(folder)).filter((name) => name.includes('.part'))).toEqual([]);
    await expect(stat(out)).rejects.toThrow();
  });
});
