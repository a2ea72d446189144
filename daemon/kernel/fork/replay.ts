/**
 * A fork, commit by commit: what each commit of the source becomes in a machine with changed rules. Pure; whoever drives it
 * has the module files and keeps the commits. Up to the first command that a change touches the source's commits are taken
 * over as they are: the same commands on the same machine give the same events (EVT-5).
 */
import type { Command, CommandOf } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../../protocol/commit-version.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import type { ForkChanges, ForkCounts, ForkOrigin } from '../../../protocol/fork.ts';
import { type Blobs, decide, evolve, initialState, type State } from '../kernel.ts';
import { bootFork } from './changes.ts';
import { type Added, moduleOf, notDecided, type Plan } from './plan.ts';
import { namesItself, type Translated, translate } from './translate.ts';

export type Replayed =
  | { readonly ok: true; readonly commits: readonly Commit[] }
  /** There is no such fork. */
  | { readonly ok: false; readonly message: string };

export interface Replay {
  readonly counts: Readonly<ForkCounts>;
  /** What a commit of the source becomes; they come in order, from 1 on. `blobs` holds what the plan needs. */
  take(commit: Commit, plan: Plan, blobs: Blobs): Replayed;
  /** What the changes add at the end. */
  end(rest: readonly Added[], blobs: Blobs): readonly Commit[];
}

export function openReplay(from: ForkOrigin, changes: ForkChanges): Replay {
  const without = new Set(changes.without);
  const comesOrGoes = without.size > 0 || (changes.with ?? []).length > 0;
  const counts: ForkCounts = { copied: 0, decided: 0, refused: 0, added: 0, leftOut: 0, translated: 0 };
  /** From commit `at` of the source on, numbers here are those of the source plus `shift`. */
  const shifts: { readonly at: number; readonly shift: number }[] = [];
  let source = initialState();
  let fork = initialState();
  let samePlaces = true;
  let number = 0;
  let time = 0;

  const kept = (id: string, command: Command, events: readonly Event[]): Commit => {
    number++;
    return { v: COMMIT_VERSION, number, time, id, command, events: [...events] };
  };

  const refused = (id: string, command: Command, { code, message }: { code: string; message: string }): Commit => {
    counts.refused++;
    return kept(id, command, [{ type: 'CommandRefused', code, message }]);
  };

  const add = (added: readonly Added[], blobs: Blobs): readonly Commit[] =>
    added.map(({ index, load: { blob, file } }) => {
      const command: CommandOf<'load'> = { type: 'load', blob, ...(file !== undefined && { file }) };
      const id = `fork-${from.epoch}-${index + 1}`;
      const decision = decide(fork, command, blobs);
      if (!decision.ok) return refused(id, command, decision);
      fork = decision.state;
      counts.added++;
      return kept(id, command, decision.events);
    });

  function first(commit: Commit, { does, after }: Plan, blobs: Blobs): Replayed {
    const { id, command, events } = commit;
    const origin: EventOf<'MachineForked'> = { type: 'MachineForked', from, changes };
    source = events.reduce(evolve, source);
    if (does === 'copy') {
      fork = source;
      counts.copied++;
      const own = events.filter(({ type }) => type !== 'MachineForked');
      return { ok: true, commits: [kept(id, command, [...own, origin]), ...add(after, blobs)] };
    }
    if (command.type !== 'boot') return { ok: false, message: notDecided(commit) ?? 'commit 1: expected a boot' };
    const booted = bootFork(command, changes);
    if (!booted.ok) return booted;
    fork = booted.state;
    samePlaces = placesAlike(source, fork);
    counts.decided++;
    return { ok: true, commits: [kept(id, booted.command, [...booted.events, origin]), ...add(after, blobs)] };
  }

  function later(commit: Commit, plan: Plan, blobs: Blobs): Replayed {
    const { id, command, events } = commit;
    const commits = [...add(plan.before, blobs)];
    if (plan.does === 'copy') {
      counts.copied++;
      source = events.reduce(evolve, source);
      fork = source;
      commits.push(kept(id, command, events));
    } else {
      const fault = notDecided(commit);
      if (fault !== undefined) return { ok: false, message: fault };
      const mine = plan.does === 'decide' ? again(commit, blobs) : undefined;
      if (mine) commits.push(mine);
      else counts.leftOut++;
      source = events.reduce(evolve, source);
    }
    const shift = number - commit.number;
    if (shift !== (shifts.at(-1)?.shift ?? 0)) shifts.push({ at: commit.number, shift });
    commits.push(...add(plan.after, blobs));
    return { ok: true, commits };
  }

  /** Undefined for what turns out to be left out. */
  function again(commit: Commit, blobs: Blobs): Commit | undefined {
    const { id, command } = commit;
    const meant = meaning(commit, blobs);
    if (!meant.ok) return refused(id, command, meant);
    const decision = decide(fork, meant.command, blobs);
    if (!decision.ok) return refused(id, meant.command, decision);
    // A load that the source refused does not say what it loads.
    if (without.has(moduleOf({ command, events: [...decision.events] }) ?? '')) return undefined;
    fork = decision.state;
    counts.decided++;
    if (meant.command !== command) counts.translated++;
    return kept(id, meant.command, decision.events);
  }

  function meaning({ command, events }: Commit, blobs: Blobs): Translated {
    const mark = events.find((event) => event.type === 'BookmarkSet');
    if (command.type === 'bookmark' && mark) {
      const at = numberHere(mark.at);
      return { ok: true, command: at === command.at ? command : { ...command, at } };
    }
    const between = { source, fork, samePlaces: samePlaces && !comesOrGoes };
    const own = events.find((event) => event.type === 'ModuleLaidOut');
    if (command.type !== 'load' || !own || !namesItself(command, own)) return translate(command, between);
    // Where the module lies here is known when it was tried without its updates.
    const { updates: _, ...init } = command.init ?? {};
    const trial = translate({ ...command, init }, between);
    if (!trial.ok) return trial;
    const tried = decide(fork, trial.command, blobs);
    const there = tried.ok ? tried.events.find((event) => event.type === 'ModuleLaidOut') : undefined;
    return translate(command, there ? { ...between, own: { source: own, fork: there } } : between);
  }

  /** Of a commit that was left out, the number of the one before it. */
  function numberHere(at: number): number {
    return at + (shifts.findLast((one) => one.at <= at)?.shift ?? 0);
  }

  return {
    counts,
    take(commit, plan, blobs) {
      time = commit.time;
      return commit.number === 1 ? first(commit, plan, blobs) : later(commit, plan, blobs);
    },
    end: add,
  };
}

/** The facts that decide where something lands. */
const PLACING = [
  'arch',
  'layout',
  'pageSize',
  'kallsymsAll',
  'kernel',
  'moduleRegion',
  'reserved',
  'errata',
  'percpu',
] as const;

function placesAlike(source: State, fork: State): boolean {
  const facts = ({ profile }: State) => JSON.stringify(PLACING.map((field) => profile?.source[field] ?? null));
  return facts(source) === facts(fork);
}
