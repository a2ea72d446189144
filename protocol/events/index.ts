/**
 * Every event that a log can hold. Events are facts, complete in themselves: a client folds them into a view with no
 * knowledge of the kernel. An event that was released is frozen: a change of its form is a new version in upcast.ts.
 */
import Type from 'typebox';
import { BookmarkRemoved, BookmarkSet } from './bookmark.ts';
import { CommandRefused, MachineForked } from './fork.ts';
import {
  HostAreasObserved,
  HostModuleFreed,
  HostModuleLoaded,
  HostModuleObserved,
  HostModuleRequested,
  HostObserved,
} from './host.ts';
import { MachineBooted } from './machine.ts';
import { LazyAreasPurged, MemoryAllocated, MemoryFreed } from './memory.ts';
import {
  ModuleComing,
  ModuleGoing,
  ModuleGone,
  ModuleLaidOut,
  ModuleLive,
  ModuleLoadFailed,
  ModuleUnloadFailed,
  RelocationsApplied,
  SymbolsResolved,
  VeneerWritten,
} from './module.ts';
import {
  SiteModAllocated,
  SiteModAllocationFailed,
  SiteModsFreed,
  StaticCallFuncKept,
  StaticCallFuncSet,
  StaticCallKeysAdded,
  StaticCallKeysGone,
  StaticCallOrigRecorded,
  StaticCallPatched,
  StaticCallSitesRerouted,
  StaticCallSitesSorted,
  StaticCallStrayed,
} from './static-call.ts';

/** The schema of each event by its type: the one definition behind types, validation and the documents. */
export const EVENT_SCHEMAS = {
  MachineBooted,
  MemoryAllocated,
  MemoryFreed,
  LazyAreasPurged,
  ModuleLaidOut,
  SymbolsResolved,
  VeneerWritten,
  RelocationsApplied,
  ModuleComing,
  ModuleLive,
  ModuleLoadFailed,
  ModuleGoing,
  ModuleGone,
  ModuleUnloadFailed,
  StaticCallKeysAdded,
  StaticCallKeysGone,
  StaticCallSitesSorted,
  SiteModAllocated,
  SiteModAllocationFailed,
  SiteModsFreed,
  StaticCallFuncSet,
  StaticCallFuncKept,
  StaticCallOrigRecorded,
  StaticCallPatched,
  StaticCallStrayed,
  StaticCallSitesRerouted,
  HostObserved,
  HostModuleLoaded,
  HostModuleFreed,
  HostModuleRequested,
  HostModuleObserved,
  HostAreasObserved,
  BookmarkSet,
  BookmarkRemoved,
  MachineForked,
  CommandRefused,
} as const;

export type EventType = keyof typeof EVENT_SCHEMAS;
export type EventOf<T extends EventType> = Type.Static<(typeof EVENT_SCHEMAS)[T]>;
export type Event = { [T in EventType]: EventOf<T> }[EventType];

export const EventSchema = Type.Unsafe<Event>(Type.Union(Object.values(EVENT_SCHEMAS)));
