/**
 * A long log of a large machine: the demo, and then a few small modules of it go and come back to where they were, over and over.
 * So most positions have the 1,200 modules of the demo's end.
 */
import { freeze } from '../../../daemon/kernel/freeze.ts';
import { decide, evolve, initialState, type State } from '../../../daemon/kernel/kernel.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../../protocol/commit-version.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { demoCommits } from '../long-log.ts';

/** Modules that go and come back, and the most characters that the load of one of them may have. */
const LEAVING = 4;
const SMALL = 6000;

type Content = Pick<Commit, 'command' | 'events'>;

/** Gives the commit of each number from 1 on. */
export async function wornLog(): Promise<(number: number) => Commit> {
  const beginning: Commit[] = [];
  for await (const commit of demoCommits()) beginning.push(commit);
  const end = beginning.reduce((state, { events }) => events.reduce(evolve, state), initialState());
  const cycle = cycleOf(beginning, end);
  const start = beginning.at(-1)?.time ?? 0;
  return (number) => {
    const known = beginning[number - 1];
    if (known !== undefined) return known;
    const content = cycle[(number - 1 - beginning.length) % cycle.length] as Content;
    return {
      v: COMMIT_VERSION,
      number,
      time: start + (number - beginning.length) * 1000,
      id: `bench-${number}`,
      ...content,
    };
  };
}

/** Who went first comes back first: after one round the state is what it is after all of them. */
function cycleOf(commits: readonly Commit[], end: State): readonly Content[] {
  const cycle: Content[] = [];
  let state = end;
  for (const load of commits.toReversed()) {
    if (cycle.length === 2 * LEAVING) break;
    const round = comesBack(state, load);
    if (round === undefined) continue;
    state = round.state;
    cycle.push(...round.contents);
  }
  if (cycle.length < 2 * LEAVING) throw new Error(`only ${cycle.length / 2} modules go and come back`);
  const again = cycle.reduce((after, { events }) => events.reduce(evolve, after), state);
  if (JSON.stringify(freeze(again)) !== JSON.stringify(freeze(state))) throw new Error('they do not come back alike');
  return cycle;
}

function comesBack(
  state: State,
  { command, events }: Commit,
): { state: State; contents: readonly Content[] } | undefined {
  const laidOut = events.find((event) => event.type === 'ModuleLaidOut');
  if (command.type !== 'load' || laidOut === undefined || !events.some(isLive)) return undefined;
  if (JSON.stringify(events).length > SMALL || state.modules.get(laidOut.module)?.users !== 0) return undefined;
  const unload = { type: 'unload', module: laidOut.module } as const;
  const gone = decide(state, unload, new Map());
  if (!gone.ok || !gone.events.some(({ type }) => type === 'ModuleGone')) return undefined;
  try {
    const back = events.reduce(evolve, gone.state);
    return {
      state: back,
      contents: [
        { command: unload, events: [...gone.events] },
        { command, events },
      ],
    };
  } catch {
    // It was loaded elsewhere the first time.
    return undefined;
  }
}

const isLive = ({ type }: Event): boolean => type === 'ModuleLive';
