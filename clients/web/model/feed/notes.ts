/** The events beside patches that decide what becomes of a command, as one line each. */
import type { Command } from '../../../../protocol/commands.ts';
import { count, counted } from '../../../../protocol/count.ts';
import type { Event, EventType } from '../../../../protocol/events/index.ts';
import { bytes, distance } from '../../../../protocol/size.ts';

export type Tone = 'good' | 'bad' | 'plain';

export interface Note {
  readonly text: string;
  readonly tone: Tone;
  /** The module that it is about. */
  readonly module: string | null;
}

/** What the daemon is asked for. */
export const PATCHES: readonly EventType[] = ['StaticCallPatched'];
export const DECISIVE: readonly EventType[] = [
  ...PATCHES,
  'MachineBooted',
  'MachineForked',
  'CommandRefused',
  'ModuleLive',
  'ModuleGone',
  'ModuleLoadFailed',
  'ModuleUnloadFailed',
  'RelocationsApplied',
  'StaticCallFuncSet',
  'StaticCallFuncKept',
  'StaticCallStrayed',
  'SiteModAllocationFailed',
  'LazyAreasPurged',
  'BookmarkSet',
  'BookmarkRemoved',
  'HostObserved',
  'HostModuleLoaded',
  'HostModuleFreed',
];

const good = (module: string | null, text: string): Note => ({ text, tone: 'good', module });
const bad = (module: string | null, text: string): Note => ({ text, tone: 'bad', module });
const plain = (module: string | null, text: string): Note => ({ text, tone: 'plain', module });

/** Null for an event that has no line. */
export function noteOf(event: Event): Note | null {
  switch (event.type) {
    case 'MachineBooted':
      return plain(null, `booted: ${event.profile.layout} ${event.profile.arch}`);
    case 'MachineForked':
      return plain(null, `forked from ${event.from.machine} at commit ${count(event.from.commit)}`);
    case 'CommandRefused':
      return bad(null, `refused here: ${event.message}`);
    case 'ModuleLive':
      return good(event.module, `${event.module} is LIVE`);
    case 'ModuleGone':
      return plain(event.module, `${event.module} is gone`);
    case 'ModuleLoadFailed':
      return bad(event.module, `load failed, ${event.errno}: ${event.words}`);
    case 'ModuleUnloadFailed':
      return bad(event.module, `unload failed, ${event.errno}: ${event.words}`);
    case 'RelocationsApplied': {
      const veneers = event.pltUsed.core + event.pltUsed.init;
      const text = `${counted(event.relocations, 'relocation')}, ${counted(veneers, 'veneer')} written`;
      return plain(event.module, `${text}; branches: ${branches(event.branches)}`);
    }
    case 'StaticCallFuncSet':
      return plain(null, `${event.key}.func ${event.from} → ${event.to}, by ${event.by}`);
    case 'StaticCallFuncKept':
      return plain(null, `${event.key}.func is ${event.func} already: nothing is done`);
    case 'StaticCallStrayed':
      return bad(
        event.owner,
        `${event.site} is ${distance(event.distance).replace('-', '−')} from ${event.key}.func and would trap`,
      );
    case 'SiteModAllocationFailed':
      return bad(event.module, `${event.key}: allocation ${event.allocation}: ${event.words}`);
    case 'LazyAreasPurged':
      return plain(null, `${counted(event.areas.length, 'freed area')} usable again: ${bytes(sizeOf(event.areas))}`);
    case 'BookmarkSet':
      return plain(null, `@${event.name} is commit ${count(event.at)}`);
    case 'BookmarkRemoved':
      return plain(null, `@${event.name} was taken away`);
    case 'HostObserved':
      return plain(null, 'a running kernel was read');
    case 'HostModuleLoaded':
      return good(event.module, `${event.module} was loaded`);
    case 'HostModuleFreed':
      return plain(event.module, `${event.module} was freed`);
    default:
      return null;
  }
}

const branches = ({ direct, veneer }: { readonly direct: number; readonly veneer: number }): string =>
  `${count(direct)} direct, ${count(veneer)} by veneer`;

const sizeOf = (areas: readonly { readonly size: number }[]): number => areas.reduce((sum, { size }) => sum + size, 0);

/** A command as people say it. */
export function commandWords(command: Command): string {
  switch (command.type) {
    case 'boot':
      return 'boot';
    case 'load':
      return `load ${command.file ?? `${command.blob.slice(0, 12)}…`}`;
    case 'unload':
      return `unload ${command.module}`;
    case 'update':
      return `update ${command.key} to ${command.func}`;
    case 'observe':
      return `observe: ${command.what}`;
    case 'bookmark':
      return `bookmark @${command.name}`;
  }
}
