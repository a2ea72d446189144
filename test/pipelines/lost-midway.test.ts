/** What is read in pieces, as fast as somebody takes it, while the store loses its newest commits in between. */
import { expect, it } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { compareMachines } from '../../daemon/pipelines/compare.ts';
import { exportSession } from '../../daemon/pipelines/session.ts';
import type { CompareLine } from '../../protocol/compare/form.ts';
import { bootAndLoad, commitsOf, must, openTestRuntime } from './world.ts';

const COMMITS = 600;
const EPOCH = 'epochmidway';

/** A world whose log, once it is asked to, has other commits from number 8 on; as many as before. */
async function losing() {
  const source = openTestRuntime();
  await bootAndLoad(source, 'm', 1);
  for (let n = 3; n <= COMMITS; n++) {
    must(await source.command('m', { id: `unload-${n}`, command: { type: 'unload', module: 'none' } }));
  }
  const [boot, ...rest] = await commitsOf(source, 'm');
  const logs = await Promise.all(
    ['', '-other'].map(async (suffix) => {
      const log = openMemoryLog();
      await log.create('m', EPOCH, { id: boot?.id ?? '', text: JSON.stringify(boot) });
      for (const commit of rest) {
        const id = commit.number < 8 ? commit.id : commit.id + suffix;
        await log.append('m', EPOCH, commit.number - 1, { id, text: JSON.stringify({ ...commit, id }) });
      }
      return log;
    }),
  );
  let [current, other] = logs as [EventLog, EventLog];
  const { world } = openTestRuntime(new Proxy(current, { get: (_, key) => Reflect.get(current, key) }));
  return {
    world,
    lose: () => {
      [current, other] = [other, current];
    },
  };
}

it('LOG-26: an export ends where it would go on with the commits of another history', async () => {
  const { world, lose } = await losing();
  const lines = must(await exportSession(world, 'm'))[Symbol.asyncIterator]();
  expect((await lines.next()).value).toContain('"unload-9"');
  lose();
  const rest = async () => {
    while (!(await lines.next()).done);
  };
  await expect(rest()).rejects.toThrow(/^m: the store lost commit \d+/);
});

it('LOG-26: a comparison ends where it would go on with the commits of another history', async () => {
  const { world, lose } = await losing();
  const place = { machine: 'm', epoch: EPOCH, commit: COMMITS };
  const lines: CompareLine[] = [];
  for await (const line of compareMachines(world, place, place)) if (lines.push(line) === 20) lose();
  expect(lines.length).toBeLessThan(COMMITS);
  expect(lines.at(-1)).toMatchObject({ error: { code: 'position-ahead' } });
});
