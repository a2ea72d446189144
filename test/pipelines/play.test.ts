/** A replay that is told things while it is busy: nothing is forgotten, and nothing is said after its end. */
import { beforeAll, expect, it } from 'vitest';
import type { Hubs } from '../../daemon/pipelines/hubs.ts';
import { type Audience, inTurn, openReplay, type PlayState, type Replay } from '../../daemon/pipelines/replay.ts';
import { must, openTestRuntime } from './world.ts';

const COMMITS = 20;
let hubs: Hubs;
let epoch: string;

beforeAll(async () => {
  const runtime = openTestRuntime();
  must(await runtime.command('film', { id: 'boot', command: { type: 'boot' } }));
  for (let i = 2; i <= COMMITS; i++) {
    must(await runtime.command('film', { id: `u${i}`, command: { type: 'unload', module: 'none' } }));
  }
  ({ epoch } = must(await runtime.head('film')));
  ({ hubs } = runtime.world);
});

interface Stage {
  readonly replay: Replay;
  readonly states: [PlayState, number][];
  readonly numbers: number[];
  readonly stop: AbortController;
}

/** A replay of the whole log, paused at its start; `moved` is what happens while the reader is told of a seek. */
function stage(moved: (stage: Stage) => void = () => {}): Stage {
  const stop = new AbortController();
  const states: [PlayState, number][] = [];
  const numbers: number[] = [];
  const audience: Audience = {
    commits: ({ entries }) => void numbers.push(...entries.map(({ number }) => number)),
    state: (state, { commit }) => void states.push([state, commit]),
    async moved() {
      await new Promise(setImmediate);
      moved(mine);
    },
    share: () => 1 << 20,
    full: () => false,
    room: async () => {},
  };
  const start = { machine: 'film', at: { epoch, commit: 0 }, to: COMMITS, pace: 'instant', paused: true };
  const replay = openReplay(hubs, start, audience, stop.signal);
  const mine: Stage = { replay, states, numbers, stop };
  return mine;
}

it('PLAY-2: a seek that comes while another is done is answered too', async () => {
  let sought = false;
  const { replay, states, stop } = stage(({ replay }) => {
    if (!sought) replay.control({ seek: 7 });
    sought = true;
  });
  const run = replay.run();
  replay.control({ seek: 4 });
  await expect.poll(() => states.at(-1)).toEqual(['paused', 7]);
  stop.abort();
  await run;
});

it('SUB-8: a replay that ends while a seek is done says nothing more', async () => {
  const { replay, states, stop } = stage(({ stop }) => stop.abort());
  const run = replay.run();
  await expect.poll(() => states).toEqual([['paused', 0]]);
  replay.control({ seek: 4 });
  await run;
  expect(stop.signal.aborted).toBe(true);
  expect(states).toEqual([['paused', 0]]);
});

it('PLAY-2: steps at the end are none: a seek back stays where it is', async () => {
  const { replay, states, numbers, stop } = stage();
  const run = replay.run();
  replay.control({ seek: COMMITS });
  await expect.poll(() => states.at(-1)).toEqual(['ended', COMMITS]);
  replay.control({ step: 3 });
  await expect.poll(() => states.length).toBeGreaterThan(2);
  replay.control({ seek: 5 });
  await expect.poll(() => states.at(-1)).toEqual(['paused', 5]);
  replay.control({ step: 1 });
  await expect.poll(() => states.at(-1)).toEqual(['paused', 6]);
  expect(numbers).toEqual([6]);
  stop.abort();
  await run;
});

it('PLAY-2: what is told before it runs counts in the order in which it was told', () => {
  expect(inTurn({ step: 2, seek: 3 }, { play: true })).toEqual({ seek: 3, play: true });
  expect(inTurn({ play: true }, { step: 2 })).toEqual({ step: 2 });
  expect(inTurn({ seek: 3, pace: 'x2' }, { seek: 4 })).toEqual({ seek: 4, pace: 'x2' });
});
