/**
 * A kernel's state as plain JSON and back: what a snapshot keeps, so that nobody has to replay a log from its start. The
 * same state gives the same text, whichever way it came about: tables are in order of name or address. The form is
 * released: forms of earlier versions are read for ever, by steps as in protocol/upcast.ts.
 */
import { fromHex, type Hex, toHex } from '../../protocol/address.ts';
import { fromTable, type ImportTable, intoTable } from '../../protocol/import-table.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { type FrozenStaticCalls, freezeStaticCalls, thawStaticCalls } from './freeze-static-calls.ts';
import { byKey, tableOf } from './freeze-table.ts';
import { readProfile } from './profile.ts';
import { areasIn, insertArea, NO_AREAS } from './region/areas.ts';
import type { Allocation } from './region/region.ts';
import type { LoadedModule, ModuleArea, State } from './state.ts';
import { staticCallArch } from './static-call/select.ts';

export const STATE_FORMAT = 'veneerd/kernel-state@1';

type Placed<T extends { readonly address: number }> = Omit<T, 'address'> & { readonly address: Hex };
type FrozenModule = Omit<LoadedModule, 'areas'> & { readonly areas: readonly Placed<ModuleArea>[] };

/** Addresses are hex; intervals are half open. Modules are in order of their names, their imports in a table. */
export interface FrozenState extends ImportTable<FrozenModule> {
  readonly format: typeof STATE_FORMAT;
  readonly profile: MachineProfile | null;
  readonly vermagic: string | null;
  /** All that is taken of the windows, by address. */
  readonly areas: readonly (readonly [start: Hex, end: Hex])[];
  /** Those of them that the next purge gives back, in the order in which they were freed. */
  readonly lazy: readonly Placed<Allocation>[];
  readonly percpu: readonly (readonly [start: Hex, end: Hex, owner: string])[];
  /** By name. */
  readonly exports: readonly (readonly [
    name: string,
    address: Hex,
    owner: string,
    gplOnly: boolean,
    namespace: string,
  ])[];
  /** By name. */
  readonly bookmarks: readonly (readonly [name: string, at: number])[];
  readonly staticCalls: FrozenStaticCalls | null;
}

/** Shares structure with the state, which is a value: it never changes. */
export function freeze(state: State): FrozenState {
  const { profile, region, modules, exports, vermagic, percpu, staticCalls, bookmarks } = state;
  return {
    format: STATE_FORMAT,
    profile: profile?.source ?? null,
    vermagic: vermagic ?? null,
    areas: Array.from(areasIn(region.areas, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), ({ start, end }) => {
      return [toHex(start), toHex(end)] as const;
    }),
    lazy: region.lazy.map(placed),
    percpu: percpu.map(([start, end, owner]) => [toHex(start), toHex(end), owner]),
    ...intoTable(byKey(modules).map(([, module]) => ({ ...module, areas: module.areas.map(placed) }))),
    exports: byKey(exports).map(([name, { address, owner, gplOnly, namespace }]) => {
      return [name, toHex(address), owner, gplOnly, namespace];
    }),
    bookmarks: byKey(bookmarks),
    staticCalls: staticCalls ? freezeStaticCalls(staticCalls) : null,
  };
}

/** The state that `json` was made of; it shares structure with `json`. Throws a RangeError for a form that this version can't read. */
export function thaw(json: { readonly format: string }): State {
  const frozen = ofToday(json);
  const profile = frozen.profile === null ? undefined : readProfile(frozen.profile);
  const arch = profile && staticCallArch(profile);
  if (frozen.staticCalls !== null && !arch) throw new RangeError(`${STATE_FORMAT}: static calls of a machine without`);
  return {
    profile,
    region: {
      areas: frozen.areas.reduce((tree, [start, end]) => insertArea(tree, fromHex(start), fromHex(end)), NO_AREAS),
      lazy: frozen.lazy.map(unplaced),
    },
    modules: tableOf(fromTable(frozen).map((module) => [module.name, thawModule(module)])),
    exports: tableOf(
      frozen.exports.map(([name, address, owner, gplOnly, namespace]) => {
        return [name, { address: fromHex(address), owner, gplOnly, namespace }];
      }),
    ),
    vermagic: frozen.vermagic ?? undefined,
    percpu: frozen.percpu.map(([start, end, owner]) => [fromHex(start), fromHex(end), owner]),
    staticCalls: frozen.staticCalls && arch ? thawStaticCalls(arch, frozen.staticCalls) : undefined,
    bookmarks: tableOf(frozen.bookmarks),
  };
}

function ofToday(json: { readonly format: string }): FrozenState {
  if (json.format !== STATE_FORMAT) {
    throw new RangeError(`expected a state of format ${STATE_FORMAT} or earlier, found ${json.format}`);
  }
  return json as FrozenState;
}

/** One literal, so that thawed modules have the shape of those that events make. */
function thawModule(module: FrozenModule): LoadedModule {
  return {
    name: module.name,
    state: module.state,
    blob: module.blob,
    areas: module.areas.map(unplaced),
    laidOut: module.laidOut,
    imports: module.imports,
    exports: module.exports,
    uses: module.uses,
    users: module.users,
    hasInit: module.hasInit,
    hasExit: module.hasExit,
    proprietary: module.proprietary,
  };
}

function placed<T extends { readonly address: number }>(place: T): Placed<T> {
  return { ...place, address: toHex(place.address) };
}

function unplaced<T extends { readonly address: Hex }>(place: T): Omit<T, 'address'> & { readonly address: number } {
  return { ...place, address: fromHex(place.address) };
}
