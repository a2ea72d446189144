import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { type Daemon, startDaemon } from '../../daemon/daemon.ts';
import { type Run, start } from '../e2e/cli-process.ts';
import { fixture } from '../fixtures/fixtures.ts';

const PATIENCE = 120_000;
const PROFILE = { vermagic: '6.1.0-fixture SMP mod_unload aarch64', openSymbols: true } as const;

describe('the past on the command line', { timeout: PATIENCE }, () => {
  let daemon: Daemon;
  let client: Client;
  let epoch: string;
  const run = (env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Run> =>
    start(args, { VENEERD_URL: daemon.url, ...env }).done;
  const veneer = (...args: readonly string[]): Promise<Run> => run({ VENEERD_MACHINE: 'lab' }, ...args);
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, out, err } = await veneer(...args, '--json');
    expect({ args, code, err: code === 0 ? '' : err }).toEqual({ args, code: 0, err: '' });
    return JSON.parse(out);
  };

  beforeAll(async () => {
    daemon = await startDaemon({
      host: '127.0.0.1',
      port: 0,
      stores: { memory: true },
      demo: 'off',
      logLevel: 'silent',
    });
    client = connect(daemon.url);
    for (const name of ['lab', 'other']) await client.boot(name, { preset: 'arm64-6.1', profile: PROFILE });
    const lab = client.machine('lab');
    for (const name of ['hello', 'chain-a', 'chain-b']) {
      const { sha256 } = await client.upload(fixture(`${name}.ko`), `${name}.ko`);
      await lab.command({ type: 'load', blob: sha256 });
    }
    ({ epoch } = (await lab.summary()).position);
    // The first start makes the bundle.
    await veneer('--version');
  }, PATIENCE);
  afterAll(async () => {
    client.close();
    await daemon.close();
  });

  it('AT-1: `at POSITION QUESTION` is the question with --at, to the last byte', async () => {
    const questions = [['modules'], ['module', 'hello'], ['map', '--json'], ['stats', '--over-time'], ['digest']];
    for (const [name = '', ...rest] of questions) {
      const before = await veneer('at', '-2', name, ...rest);
      expect(before).toMatchObject({ code: 0, err: '' });
      expect(await veneer(name, ...rest, '--at', '2')).toEqual(before);
    }
    const { out } = await veneer('at', '-2', 'modules');
    expect(out).toContain('hello');
    expect(out).not.toContain('chain_a');
  });

  it('AT-2: what asks nothing of the past is refused with what does; so is a second position', async () => {
    const load = await veneer('at', '1', 'load', 'hello.ko');
    expect(load).toMatchObject({ code: 2, out: '' });
    expect(load.err).toMatch(/load is no question about the past; these are: modules, module, plt, map, /);
    expect(await veneer('at', '1', 'modules', '--at', '2')).toMatchObject({ code: 2, out: '' });
    const mistaken = await veneer('at', 'yesterday', 'modules', '--json');
    expect(mistaken.code).toBe(2);
    expect(JSON.parse(mistaken.out)).toMatchObject({
      error: { code: 'usage', message: expect.stringMatching(/"yesterday": expected a commit number, -N, EPOCH:N, @/) },
    });
    expect(await veneer('at', '1')).toMatchObject({ code: 2 });
  });

  it('AT-3: a permalink picks the machine before the environment does, and not against -m', async () => {
    const link = `lab@${epoch}:2`;
    expect((await run({}, 'at', link, 'modules', '--json')).out).toBe(
      (await veneer('modules', '--at=2', '--json')).out,
    );
    expect((await run({ VENEERD_MACHINE: 'other' }, 'link', link)).out).toBe(`${link}\n`);
    const two = await veneer('at', link, 'modules', '-m', 'other');
    expect(two).toMatchObject({ code: 2, out: '' });
    expect(two.err).toContain('-m other and lab@…: these are two machines');
    expect((await veneer('at', link, 'modules', '-m', 'lab')).code).toBe(0);
  });

  it('AT-4: positions that are not there say why, with exit code 1', async () => {
    for (const [position, words] of [
      ['99', 'the newest commit is'],
      ['-99', '-99 is before the first commit'],
      ['@nowhere', 'lab has no bookmark called nowhere'],
      ['gonegone:1', `lab has the epoch ${epoch}, not gonegone`],
      [`lab@gonegone`, `lab has the epoch ${epoch}, not gonegone`],
    ] as const) {
      const { code, err } = await veneer('modules', '--at', position);
      expect({ position, code }).toEqual({ position, code: 1 });
      expect(err).toContain(words);
    }
  });

  it('AT-5, AT-6: bookmarks are set, listed, used and forgotten; JSON names machine, epoch and commit', async () => {
    const at = (commit: number) => ({ machine: 'lab', epoch, commit });
    expect(await json('bookmark', 'before-a', '2')).toEqual({ bookmark: 'before-a', position: at(2) });
    expect(await json('bookmark', 'here')).toEqual({ bookmark: 'here', position: at(5) });
    expect((await veneer('bookmark', 'here', '@before-a')).out).toBe(`@here is lab@${epoch}:2\n`);
    expect(await json('bookmarks')).toEqual({
      position: at(7),
      bookmarks: [
        { name: 'before-a', at: 2, since: 5, link: `lab@${epoch}:2` },
        { name: 'here', at: 2, since: 7, link: `lab@${epoch}:2` },
      ],
    });
    const link = await veneer('link', '@here');
    expect(link).toMatchObject({ code: 0, out: `lab@${epoch}:2\n`, err: 'bookmarked as @before-a, @here\n' });
    expect(await json('link', '-0')).toEqual({ ...at(7), link: `lab@${epoch}:7`, bookmarks: [] });
    expect(await json('digest', '--at', '@here')).toMatchObject({ position: at(2) });
    expect(await json('map', '--at', '@here')).toMatchObject({ position: at(2) });
    expect(await json('module', 'hello')).toMatchObject({ name: 'hello', position: at(7) });
    expect((await veneer('view', '--at', '@here')).out).toMatch(new RegExp(`^position +lab@${epoch}:2$`, 'm'));
    expect(await json('bookmark', '--remove', 'here')).toEqual({ removed: 'here', position: at(8) });
    const none = await veneer('bookmark', '--remove', 'here', '--json');
    expect(none.code).toBe(1);
    expect(JSON.parse(none.out)).toMatchObject({ error: { code: 'no-such-bookmark' } });
    expect((await veneer('bookmark', 'No Name')).code).toBe(2);
    expect((await veneer('bookmark', '--remove', 'before-a', '3')).code).toBe(2);
  });

  it('DIFF-6: `diff` ends with 0 where nothing differs, 1 where something does, 2 where nobody can say', async () => {
    const differs = await veneer('diff', '2', '4');
    expect(differs).toMatchObject({ code: 1, err: '' });
    expect(differs.out).toMatch(new RegExp(`^lab@${epoch}:2 -> lab@${epoch}:4\nmodules\n {2}\\+ chain_a +LIVE, `));
    expect(differs.out).toMatch(/~ direct: \+40 KiB used, now /);
    expect(await veneer('diff', '4', '-0', '--all')).toMatchObject({
      code: 1,
      out: expect.stringContaining('@before-a'),
    });
    expect(await veneer('diff', '3', '3')).toMatchObject({ code: 0, out: expect.stringContaining('nothing differs') });
    const { position } = await client.machine('other').summary();
    const machines = await run({}, 'diff', `lab@${epoch}:1`, `other@${position.epoch}`, '--json');
    expect(machines.code).toBe(0);
    expect(JSON.parse(machines.out)).toMatchObject({
      from: { machine: 'lab', epoch, commit: 1 },
      to: { machine: 'other', ...position },
      diff: { format: 'veneerd/diff@1', equal: true },
    });
    const ahead = await veneer('diff', '3', '99', '--json');
    expect(ahead.code).toBe(2);
    expect(JSON.parse(ahead.out)).toMatchObject({ error: { code: 'position-ahead' } });
    expect(await run({ VENEERD_URL: 'http://127.0.0.1:9' }, 'diff', '1', '2')).toMatchObject({ code: 3 });
  });
});
