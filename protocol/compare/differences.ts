/** What differs between what a command came to in two machines. */
import type { Commit } from '../commit.ts';
import type { MachineProfile } from '../profile.ts';
import type { Classes } from '../view/static-call.ts';
import type { Came, Effect, PlacedPart } from './effect.ts';
import type { Difference, Meant } from './form.ts';

/** Patches that a line shows; the others are counted. */
const PATCHES_SHOWN = 8;
/** Characters of a command or of a profile's field that are shown. */
const CLIP = 160;
/** Events that have differences of their own. */
const TOLD = new Set(['MachineForked', 'MemoryAllocated', 'VeneerWritten', 'StaticCallPatched', 'StaticCallStrayed']);

export interface Differs {
  readonly differences: readonly Difference[];
  /** Whether anything but addresses differs. */
  readonly changed: boolean;
}

export function differencesOf(a: Commit, b: Commit, before: Effect, after: Effect): Differs {
  const all: Difference[] = [];
  let changed = false;
  const add = (difference: Difference, matters: boolean): void => {
    all.push(difference);
    changed ||= matters;
  };

  const commands = [JSON.stringify(a.command), JSON.stringify(b.command)] as const;
  // The command of a boot says the same as the machine does, at length.
  if (commands[0] !== commands[1] && a.command.type !== 'boot') {
    add({ what: 'command', pair: [clip(commands[0]), clip(commands[1])] }, false);
  }
  const came = [before.came, after.came] as const;
  if (!alike(came)) add({ what: 'outcome', pair: came }, reasonOf(came[0]) !== reasonOf(came[1]));
  const fields = machineFields(before.machine, after.machine);
  if (fields.length > 0) add({ what: 'machine', fields }, true);
  const parts = [...partsOf(before.parts, after.parts)];
  if (parts.length > 0)
    add(
      { what: 'placed', parts },
      parts.some(([, x, y]) => !onlyMoved(x, y)),
    );
  const branches = [before.branches, after.branches] as const;
  if (!alike(branches)) add({ what: 'branches', pair: branches }, true);
  const plt = [before.plt, after.plt] as const;
  if (!alike(plt)) add({ what: 'plt', pair: plt }, true);
  if (before.veneers !== after.veneers) add({ what: 'veneers', pair: [before.veneers, after.veneers] }, true);
  const calls: readonly [Classes, Classes] = [before.calls, after.calls];
  if (!alike(calls)) add({ what: 'calls', pair: calls }, true);
  const keys = meanings(before.funcs, after.funcs);
  if (keys.length > 0) add({ what: 'funcs', keys }, true);
  const patches = meanings(before.patches, after.patches);
  if (patches.length > 0) {
    const same = new Set([...before.patches.keys(), ...after.patches.keys()]).size - patches.length;
    add({ what: 'patches', same, differ: patches.length, first: patches.slice(0, PATCHES_SHOWN) }, true);
  }
  const types = came[0].kind === came[1].kind ? [...counts(before.events, after.events)] : [];
  if (types.length > 0) add({ what: 'events', types }, true);
  return { differences: all, changed };
}

const alike = ([a, b]: readonly [unknown, unknown]): boolean => JSON.stringify(a) === JSON.stringify(b);
const clip = (text: string): string => (text.length <= CLIP ? text : `${text.slice(0, CLIP)}…`);

/** Words name addresses and sizes, which differ with the place. */
function reasonOf(came: Came): string {
  if (came.kind === 'failed') return `${came.errno} ${came.step}`;
  return came.kind === 'refused' ? came.code : '';
}

function onlyMoved(a: PlacedPart | null, b: PlacedPart | null): boolean {
  return a !== null && b !== null && a.size === b.size && a.window === b.window;
}

function* partsOf(
  a: ReadonlyMap<string, PlacedPart>,
  b: ReadonlyMap<string, PlacedPart>,
): Generator<readonly [string, PlacedPart | null, PlacedPart | null]> {
  for (const part of new Set([...a.keys(), ...b.keys()])) {
    const pair = [a.get(part) ?? null, b.get(part) ?? null] as const;
    if (!alike(pair)) yield [part, ...pair];
  }
}

function meanings(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly Meant[] {
  const all: Meant[] = [];
  for (const where of new Set([...a.keys(), ...b.keys()])) {
    if (a.get(where) !== b.get(where)) all.push([where, a.get(where) ?? null, b.get(where) ?? null]);
  }
  return all;
}

function* counts(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
): Generator<readonly [string, number, number]> {
  for (const type of new Set([...a.keys(), ...b.keys()])) {
    const pair = [a.get(type) ?? 0, b.get(type) ?? 0] as const;
    if (pair[0] !== pair[1] && !TOLD.has(type)) yield [type, ...pair];
  }
}

function machineFields(a: MachineProfile | undefined, b: MachineProfile | undefined): [string, string, string][] {
  const fields: [string, string, string][] = [];
  const before: Partial<Record<string, unknown>> = a ?? {};
  const after: Partial<Record<string, unknown>> = b ?? {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!alike([before[field], after[field]])) fields.push([field, text(before[field]), text(after[field])]);
  }
  return fields;
}

const text = (value: unknown): string => (value === undefined ? 'none' : clip(JSON.stringify(value)));
