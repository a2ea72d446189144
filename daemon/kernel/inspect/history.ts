/**
 * What the log says of one address: a fold that keeps only the events near it. It takes all commits, or those that the
 * ledger (ledger.ts) names: the answer is the same. Memory is bounded by what was written there.
 */
import { fromHex } from '../../../protocol/address.ts';
import type { Command } from '../../../protocol/commands.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import { VMLINUX } from '../static-call/state.ts';

/** More than any place holds: a trampoline has 16 bytes. */
const NEAR = 16;
export const LONG = 8;
const VENEER = 12;
/** Writes that are kept: of a place that was written more often, the newest. */
export const WRITES_KEPT = 1000;

export interface Cause {
  readonly commit: number;
  readonly time: number;
  readonly words: string;
}

export type Trace =
  | { readonly kind: 'veneer'; readonly cause: Cause; readonly event: EventOf<'VeneerWritten'> }
  | { readonly kind: 'patch'; readonly cause: Cause; readonly event: EventOf<'StaticCallPatched'> }
  | {
      readonly kind: 'func';
      readonly cause: Cause;
      readonly address: number;
      readonly event: EventOf<'StaticCallFuncSet'>;
    }
  | { readonly kind: 'stray'; readonly cause: Cause; readonly event: EventOf<'StaticCallStrayed'> }
  | { readonly kind: 'orig'; readonly cause: Cause; readonly event: EventOf<'StaticCallOrigRecorded'> }
  /** Bytes that boot left: of a trampoline, a literal, a key, a site of the kernel's own. */
  | {
      readonly kind: 'boot';
      readonly cause: Cause;
      readonly address: number;
      readonly bytes: string;
      readonly what: string;
    };

/** Who has, or last had, the memory. */
export interface Tenant {
  readonly module: string;
  readonly part: string;
  readonly loaded: Cause;
  readonly file: string | undefined;
  freed: Cause | undefined;
}

export interface History {
  readonly address: number;
  tenant: Tenant | undefined;
  /** Earlier tenants of the same memory. */
  earlier: number;
  /** Oldest first. */
  traces: Trace[];
  dropped: number;
  /** The key whose func stands at the address. */
  key: { readonly name: string; readonly address: number } | undefined;
}

/** Whether `size` bytes at `start` may belong to a place that holds `address`. */
export const isNear = (address: number, start: number, size: number): boolean =>
  start < address + NEAR && start + size > address - NEAR;

export function emptyHistory(address: number): History {
  return { address, tenant: undefined, earlier: 0, traces: [], dropped: 0, key: undefined };
}

/** Folds one commit into `history`, which the caller owns. */
export function foldHistory(history: History, commit: Commit): void {
  let cause: Cause | undefined;
  for (const event of commit.events) {
    cause ??= { commit: commit.number, time: commit.time, words: commandWords(commit.command, event) };
    see(history, event, cause, commit.command);
  }
}

/** A command as a person would type it. */
export function commandWords(command: Command, event?: Event): string {
  switch (command.type) {
    case 'boot':
      return 'boot';
    case 'load':
      return `load ${command.file ?? (event && 'module' in event ? event.module : command.blob.slice(0, 16))}`;
    case 'unload':
      return `unload ${command.module}`;
    case 'update':
      return `update ${command.key} ${command.func}`;
    case 'observe':
      return `observe ${command.what}`;
    case 'bookmark':
      return `bookmark ${command.name}`;
    default:
      return (command as Command).type;
  }
}

function see(history: History, event: Event, cause: Cause, command: Command): void {
  const { address } = history;
  const covers = (start: number, size: number) => address >= start && address < start + size;
  const near = (start: number, size: number) => isNear(address, start, size);
  switch (event.type) {
    case 'MemoryAllocated':
      if (!covers(fromHex(event.address), event.size + event.guard)) return;
      if (history.tenant) history.earlier++;
      history.traces = [];
      history.dropped = 0;
      history.tenant = {
        module: event.module,
        part: event.part,
        loaded: cause,
        file: command.type === 'load' ? command.file : undefined,
        freed: undefined,
      };
      return;
    case 'MemoryFreed':
      if (history.tenant && covers(fromHex(event.address), event.size + event.guard)) history.tenant.freed = cause;
      return;
    case 'VeneerWritten':
      if (near(fromHex(event.address), VENEER)) keep(history, { kind: 'veneer', cause, event });
      return;
    case 'StaticCallPatched':
      if (near(fromHex(event.address), event.bytes[1].length / 2)) keep(history, { kind: 'patch', cause, event });
      return;
    case 'StaticCallStrayed':
      if (near(fromHex(event.site), 1)) keep(history, { kind: 'stray', cause, event });
      return;
    case 'StaticCallOrigRecorded':
      if (near(fromHex(event.site), 1) || near(fromHex(event.orig), 1)) keep(history, { kind: 'orig', cause, event });
      return;
    case 'StaticCallKeysAdded':
      for (const key of event.keys) seeKey(history, event.module, key, cause, near, covers);
      return;
    case 'StaticCallKeysGone':
      if (history.key && event.keys.includes(history.key.name)) history.key = undefined;
      return;
    case 'StaticCallFuncSet':
      if (event.key === history.key?.name) keep(history, { kind: 'func', cause, address: history.key.address, event });
      return;
    case 'StaticCallSitesSorted': {
      if (event.module !== VMLINUX) return;
      const what = 'static_call_init() transformed the site';
      for (const { sites } of event.runs) {
        for (const [hex, , bytes] of sites) {
          const site = fromHex(hex);
          if (bytes !== null && near(site, bytes.length / 2))
            keep(history, { kind: 'boot', cause, address: site, bytes, what });
        }
      }
      return;
    }
    default:
      return;
  }
}

function seeKey(
  history: History,
  owner: string,
  key: EventOf<'StaticCallKeysAdded'>['keys'][number],
  cause: Cause,
  near: (start: number, size: number) => boolean,
  covers: (start: number, size: number) => boolean,
): void {
  const address = fromHex(key.address);
  if (covers(address, LONG)) history.key = { name: key.name, address };
  // What a module's key and trampoline begin as stands in its file.
  if (owner !== VMLINUX) return;
  const put = (at: number, bytes: string, what: string) => {
    if (near(at, bytes.length / 2)) keep(history, { kind: 'boot', cause, address: at, bytes, what });
  };
  put(fromHex(key.tramp), key.bytes, `the trampoline of ${key.name}`);
  if (key.literal !== undefined && key.literalBytes !== undefined) {
    put(fromHex(key.literal), key.literalBytes, `the literal of ${key.name}`);
  }
  put(address, longBytes(key.func), `key.func of ${key.name}`);
}

/** The eight bytes of a hex value in memory order. */
export function longBytes(hex: string): string {
  return (hex.slice(2).padStart(16, '0').match(/../g) ?? []).reverse().join('');
}

function keep(history: History, trace: Trace): void {
  history.traces.push(trace);
  if (history.traces.length <= WRITES_KEPT) return;
  history.traces.shift();
  history.dropped++;
}
