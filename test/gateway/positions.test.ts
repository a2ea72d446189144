import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect, type MachineHandle } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import type { Position } from '../../protocol/commit.ts';
import { permalink } from '../../protocol/position.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { startMemoryDaemon } from './daemon.ts';

/** What the fixtures are built for. */
const PROFILE = { vermagic: '6.1.0-fixture SMP mod_unload aarch64', openSymbols: true } as const;

let daemon: Daemon;
let client: Client;
let lab: MachineHandle;
let newest: Position;

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  await client.boot('lab', { preset: 'arm64-6.1', profile: PROFILE });
  lab = client.machine('lab');
  for (const name of ['hello', 'chain-a', 'chain-b']) {
    const { sha256 } = await client.upload(fixture(`${name}.ko`), `${name}.ko`);
    await lab.command({ type: 'load', blob: sha256 });
  }
  newest = (await lab.command({ type: 'bookmark', name: 'two-are-there', at: 3 })).position;
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

const modules = async (at: string | number, epoch?: string): Promise<readonly string[]> => {
  const { view } = await lab.view({ at, ...(epoch !== undefined && { epoch }) });
  return view.modules.map(({ name }) => name);
};

it('POS-3: a view is that of the position, in whichever form it is asked for', async () => {
  const { epoch } = newest;
  const link = permalink({ machine: 'lab', epoch, commit: 3 });
  for (const at of [3, '3', '-2', '@two-are-there', `${epoch}:3`, link]) {
    expect(await modules(at)).toEqual(['hello', 'chain_a']);
    expect(await modules(at, epoch)).toEqual(['hello', 'chain_a']);
  }
  expect(await modules(`lab@${epoch}`)).toEqual(['hello', 'chain_a', 'chain_b']);
  expect(await modules('-0')).toEqual(['hello', 'chain_a', 'chain_b']);
  expect((await lab.view({ epoch })).position).toEqual(newest);
});

it('VIEW-13: a brief view lacks what modules import and export, and folds on to the same state', async () => {
  for (const at of [3, undefined]) {
    const asked = { ...(at !== undefined && { at }) };
    const whole = await lab.view(asked);
    const brief = await lab.view({ ...asked, brief: true });
    expect(brief.position).toEqual(whole.position);
    expect(whole.view.modules.some(({ imports }) => imports.length > 0)).toBe(true);
    const without = whole.view.modules.map((module) => ({ ...module, imports: [], exports: [] }));
    expect(brief.view).toEqual({ ...whole.view, modules: without });
  }
});

it('VIEW-14: a module is that of the whole view at the position', async () => {
  for (const at of [3, '@two-are-there', undefined]) {
    const asked = { ...(at !== undefined && { at }) };
    const { view, position } = await lab.view(asked);
    for (const module of view.modules) {
      expect(await lab.module(module.name, asked)).toEqual({ position, module });
    }
  }
});

it('VIEW-14: a name that no module has there is refused', async () => {
  const missing = { code: 'no-such-module', message: 'lab has no module chain_b after commit 3' };
  await expect(lab.module('chain_b', { at: 3 })).rejects.toMatchObject(missing);
  await expect(lab.module('nobody')).rejects.toMatchObject({ code: 'no-such-module' });
  await expect(lab.module('..')).rejects.toThrow();
});

it('POS-3: so are the answers about addresses', async () => {
  const { view } = await lab.view();
  const address = view.modules[2]?.parts.core?.address ?? '';
  expect(await lab.why(address)).toMatchObject({ position: newest, place: { owner: 'chain_b' } });
  const then = await lab.why(address, { at: '@two-are-there' });
  expect(then).toMatchObject({ position: { commit: 3 }, place: { kind: 'free' } });
  const { position } = await lab.disassembly(address, { at: '-1', count: 1 });
  expect(position).toEqual({ epoch: newest.epoch, commit: 4 });
});

it('POS-4: an epoch that is not the machine’s is refused, whatever is asked', async () => {
  const gone = { code: 'epoch-changed', message: expect.stringMatching(/^lab has the epoch \S+, not gonegone: /) };
  const options = { at: 1, epoch: 'gonegone' };
  await expect(lab.view(options)).rejects.toMatchObject(gone);
  await expect(lab.locate(options)).rejects.toMatchObject(gone);
  await expect(lab.why('0xffff800008000000', options)).rejects.toMatchObject(gone);
  await expect(lab.diff('gonegone:1', 1)).rejects.toMatchObject(gone);
});

it('BMK-1: a position is told with its names', async () => {
  expect(await lab.locate({ at: '-2' })).toEqual({
    position: { epoch: newest.epoch, commit: 3 },
    bookmarks: ['two-are-there'],
  });
  expect(await lab.locate()).toEqual({ position: newest, bookmarks: [] });
  expect(await lab.bookmarks()).toEqual({
    position: newest,
    bookmarks: [{ name: 'two-are-there', at: 3, since: 5 }],
  });
});

it('BMK-3: they go into a session file and come out of it, and the digest of what is without any stays', async () => {
  await client.importSession('copy', await lab.exportSession());
  const copy = client.machine('copy');
  expect((await copy.bookmarks()).bookmarks).toEqual((await lab.bookmarks()).bookmarks);
  const digest = async (machine: MachineHandle, at: string): Promise<string> =>
    viewDigest(viewFromJson((await machine.view({ at })).view));
  for (const at of ['@two-are-there', '-0']) expect(await digest(copy, at)).toBe(await digest(lab, at));
  const { bookmarks: _, ...older } = (await lab.view({ at: 4 })).view;
  expect(viewDigest(viewFromJson(older))).toBe(await digest(lab, '4'));
});

it('POS-5: a diff over HTTP names both places; a permalink reaches another machine', async () => {
  await client.boot('empty', { preset: 'arm64-6.1', profile: PROFILE });
  const { position } = await client.machine('empty').summary();
  const to = { machine: 'empty', ...position };
  expect(await lab.diff('@two-are-there', permalink(to))).toMatchObject({
    from: { machine: 'lab', epoch: newest.epoch, commit: 3 },
    to,
    diff: { equal: false, modules: { loaded: [], unloaded: [{ name: 'hello' }, { name: 'chain_a' }], changed: [] } },
  });
  expect((await lab.diff(1, permalink(to))).diff.equal).toBe(true);
  expect((await lab.diff(3, 4)).diff.modules.loaded.map(({ name }) => name)).toEqual(['chain_b']);
});
