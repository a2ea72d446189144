import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect, type MachineHandle } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { emptyView } from '../../protocol/view/fold.ts';
import { openGauge } from '../../protocol/view/gauge.ts';
import { viewFromJson } from '../../protocol/view/json.ts';
import { newSeries, seriesFrom, TIMELINE_POINTS_MAX } from '../../protocol/view/timeline.ts';
import { windowMaps } from '../../protocol/view/windows.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { startMemoryDaemon } from './daemon.ts';

let daemon: Daemon;
let client: Client;
let lab: MachineHandle;

const load = async (name: string): Promise<void> => {
  const { sha256 } = await client.upload(fixture(`${name}.ko`), `${name}.ko`);
  await lab.command({ type: 'load', blob: sha256 });
};

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  const profile = { vermagic: '6.1.0-fixture SMP mod_unload aarch64', openSymbols: true } as const;
  await client.boot('lab', { preset: 'arm64-6.1', profile });
  lab = client.machine('lab');
  for (const name of ['hello', 'chain-a', 'chain-b']) await load(name);
  await lab.command({ type: 'bookmark', name: 'two-are-there', at: 3 });
  await lab.command({ type: 'unload', module: 'hello' });
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

it('TIME-6: a timeline is asked for in so many points, up to a position in any form', async () => {
  const { position } = await lab.summary();
  const whole = await lab.timeline();
  expect(whole).toMatchObject({ position, first: 1, width: 1 });
  expect(whole.buckets.modules).toEqual([0, 1, 2, 3, 3, 2]);
  expect(new Set(Object.values(whole.buckets).map((column) => column.length))).toEqual(new Set([6]));
  const { view } = await lab.view();
  const [direct] = windowMaps(view);
  expect(whole.buckets.usedDirect.at(-1)).toBe(direct?.used);
  for (const at of [3, '-3', '@two-are-there', `${position.epoch}:3`]) {
    const then = await lab.timeline({ at, points: 2, epoch: position.epoch });
    expect(then).toMatchObject({ position: { epoch: position.epoch, commit: 3 }, width: 2 });
    expect(then.buckets).toMatchObject({ to: [2, 3], modules: [1, 2] });
  }
});

it('TIME-6: what makes no sense is refused with what was expected', async () => {
  for (const points of [0, TIMELINE_POINTS_MAX + 1]) {
    await expect(lab.timeline({ points })).rejects.toMatchObject({
      code: 'bad-command',
      message: `query: /points is ${points}, expected 1 to ${TIMELINE_POINTS_MAX}`,
    });
  }
  await expect(lab.timeline({ points: -1 })).rejects.toMatchObject({ code: 'bad-command' });
  await expect(lab.timeline({ at: 99 })).rejects.toMatchObject({ code: 'position-ahead' });
  await expect(lab.timeline({ at: 'x' })).rejects.toMatchObject({ code: 'bad-position' });
  await expect(lab.timeline({ at: '@nothing' })).rejects.toMatchObject({ code: 'no-such-bookmark' });
  await expect(lab.timeline({ epoch: 'gonegone' })).rejects.toMatchObject({ code: 'epoch-changed' });
  await expect(client.machine('none').timeline()).rejects.toMatchObject({ code: 'no-such-machine' });
  const stray = await fetch(`${daemon.url}/machines/lab/timeline?width=3`);
  expect([stray.status, await stray.json()]).toMatchObject([400, { code: 'bad-command' }]);
});

it('TIME-3: a page that goes on with an answer, as commits come, has what the daemon says then', async () => {
  const points = 4;
  const { position, ...before } = await lab.timeline({ points });
  const { view } = await lab.view({ at: position.commit });
  const gauge = openGauge(viewFromJson(view));
  const series = seriesFrom(points, before);
  for (const name of ['weak', 'sections', 'calls']) await load(name);
  for await (const item of lab.commits({ from: position })) {
    if (item.kind === 'live') break;
    gauge.fold(item.commit);
    series.add(item.commit, gauge.figures());
  }
  const { position: now, ...after } = await lab.timeline({ points });
  expect(now.commit).toBe(position.commit + 3);
  expect(series.timeline(points)).toEqual(after);

  const all = newSeries(points, 1);
  const fromStart = openGauge(emptyView());
  for await (const item of lab.commits()) {
    if (item.kind === 'live') break;
    fromStart.fold(item.commit);
    all.add(item.commit, fromStart.figures());
  }
  expect(all.timeline(points)).toEqual(after);
});
