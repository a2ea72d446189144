/** Snapshots, and what is kept in memory, of commits that the store has lost: others have their numbers. */
import { expect, it } from 'vitest';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { STATE } from '../../daemon/pipelines/snapshots-parts.ts';
import { seek } from '../../daemon/pipelines/snapshots-seek.ts';
import { bootAndLoad, commitsOf, epochOf, lengthen, load, must, openTestRuntime } from './world.ts';

/** Two logs of one machine that have four commits in common; of one, a snapshot at commit 7 is in the other as well. */
async function parted(more: readonly string[]) {
  const [kept, other] = [openMemoryLog(), openMemoryLog()];
  const source = openTestRuntime(kept);
  await bootAndLoad(source, 'm', 6);
  must(await source.world.snapshots.ensure('m'));
  const epoch = await epochOf(source, 'm');
  const [boot, ...rest] = (await commitsOf(source, 'm')).slice(0, 4);
  if (boot === undefined) throw new Error('no commit');
  await other.create('m', epoch, { id: boot.id, text: JSON.stringify(boot) });
  for (const commit of rest) {
    await other.append('m', epoch, commit.number - 1, { id: commit.id, text: JSON.stringify(commit) });
  }
  const survivor = openTestRuntime(other);
  for (const name of more) await load(survivor, 'm', name);
  const truth = must(await survivor.view('m')).text;
  const lost = await kept.latestSnapshot('m', epoch, 7);
  await other.putSnapshot('m', epoch, 7, lost?.bytes ?? Uint8Array.of());
  return { kept, other, epoch, survivor, truth };
}

it('SNAP-13: what was made of commits that the store has lost since is worth nothing', async () => {
  const { kept, other, survivor, truth } = await parted(['x', 'y', 'z', 'w', 'v']);
  let current = kept;
  const log = new Proxy(kept, { get: (_, key) => Reflect.get(current, key) });
  const runtime = openTestRuntime(log);
  must(await runtime.view('m'));
  must(await runtime.command('m', { id: 'before', command: { type: 'unload', module: 'm1' } }));
  current = other;
  expect(must(await runtime.view('m')).text).toBe(truth);
  expect(must(await openTestRuntime(other).view('m')).text).toBe(truth);
  const answer = must(await runtime.command('m', { id: 'after', command: { type: 'unload', module: 'm1' } }));
  expect(answer.number).toBe(10);
  expect(must(await runtime.view('m')).text).toBe(must(await survivor.view('m')).text);
});

it('SNAP-13: not even at the very commit that it was made at, nor for the next snapshot', async () => {
  const { kept, other, epoch, survivor, truth } = await parted(['x', 'y', 'z']);
  const daemon = openTestRuntime(other);
  expect(must(await daemon.view('m')).text).toBe(truth);
  expect(must(await daemon.view('m', 7)).text).toBe(truth);
  const known = must(await seek(kept, 'm', 7, [STATE] as const));
  expect(must(await seek(other, 'm', 7, [STATE] as const, known)).values[0].modules.get('z')).toBeDefined();
  expect(must(await daemon.command('m', { id: 'on', command: { type: 'unload', module: 'x' } })).number).toBe(8);
  await lengthen(daemon, 'm', 1);
  await expect.poll(async () => (await other.snapshots('m', epoch)).at(-1)).toBeGreaterThan(7);
  await daemon.close();
  expect(must(await survivor.world.snapshots.verify('m')).at(-1)).toMatchObject({ result: 'same' });
});
