/** An event as one line for people. */
import type { Event } from '../../../protocol/events/index.ts';
import { bytes, count, counted, distance, share } from './number.ts';
import { plain } from './plain.ts';

/** One line, with no name of the type: `watch` puts that in front. */
export function eventLine(event: Event): string {
  return plain(line(event));
}

function line(event: Event): string {
  switch (event.type) {
    case 'MachineBooted': {
      const { arch, layout, kernel, symbols } = event.profile;
      return `${arch} ${layout}, kernel ${kernel.text} – ${kernel.end}, ${counted(Object.keys(symbols).length, 'export')}`;
    }
    case 'MemoryAllocated':
      return `${event.module} ${event.part}: ${bytes(event.size)} at ${event.address}, ${event.window} window`;
    case 'MemoryFreed':
      return `${event.module} ${event.part}: ${bytes(event.size)} at ${event.address}${event.lazy ? ', lazily' : ''}`;
    case 'LazyAreasPurged':
      return `${counted(event.areas.length, 'area')}, ${event.reason === 'window-full' ? 'the window was full' : 'init was reached'}`;
    case 'ModuleLaidOut': {
      const { core, init } = event.pltReserved;
      return `${event.module}: ${counted(event.sections.length, 'section')}, PLT room for ${count(core)} core and ${count(init)} init`;
    }
    case 'SymbolsResolved': {
      const owners = [...new Set(event.imports.map(({ owner }) => owner ?? 'nobody'))];
      return `${event.module}: ${counted(event.imports.length, 'symbol')}${owners.length > 0 ? ` from ${owners.join(', ')}` : ''}`;
    }
    case 'VeneerWritten':
      return (
        `${event.module} ${event.section}[${event.slot}] at ${event.address} -> ${event.symbol} ${event.target}, ` +
        `first ${event.kind} at ${event.site.address} is ${distance(event.site.distance)} away`
      );
    case 'RelocationsApplied': {
      const { direct, veneer } = event.branches;
      return (
        `${event.module}: ${counted(event.relocations, 'relocation')}; branches ${count(direct)} direct, ` +
        `${count(veneer)} by veneer (${share(direct, direct + veneer)} direct)`
      );
    }
    case 'ModuleComing':
      return `${event.module}: ${counted(event.exports.length, 'export')}${event.uses.length > 0 ? `, uses ${event.uses.join(', ')}` : ''}`;
    case 'ModuleLive':
    case 'ModuleGoing':
    case 'ModuleGone':
      return event.module;
    case 'ModuleLoadFailed':
      return `${refusal(event.module, event.errno, event.words)} (${event.step})`;
    case 'ModuleUnloadFailed':
      return refusal(event.module, event.errno, event.words);
    case 'StaticCallKeysAdded':
      return `${event.module}: ${counted(event.keys.length, 'key')}`;
    case 'StaticCallSitesSorted':
      return `${event.module}: ${counted(
        event.runs.reduce((sum, { sites }) => sum + sites.length, 0),
        'site',
      )} of ${counted(event.runs.length, 'key')}`;
    case 'SiteModAllocated':
      return `${event.key}: a node for ${counted(event.sites, 'site')} of ${event.owner}, at the head of site_mods`;
    case 'SiteModAllocationFailed':
      return `${event.key}: allocation ${event.allocation} of ${event.module}: ${event.words}`;
    case 'SiteModsFreed':
      return `${event.module}: its nodes left ${event.keys.join(', ')}`;
    case 'StaticCallFuncSet':
      return `${event.key}: func ${event.from} -> ${event.to}, by ${event.by}`;
    case 'StaticCallFuncKept':
      return `${event.key}: func is ${event.func} already, nothing is done`;
    case 'StaticCallOrigRecorded':
      return `${event.key}: orig ${event.orig}; site ${event.site} read back ${event.callee ?? 'no callee'}`;
    case 'StaticCallPatched':
      return `${event.what} ${event.address} of ${event.key}: ${event.text[0]} -> ${event.text[1]} (${event.reason}; ${event.atomicity})`;
    case 'StaticCallStrayed':
      return `${event.key}: ${event.site} of ${event.owner} is ${distance(event.distance)} from func and would trap`;
    case 'StaticCallSitesRerouted':
      return `${counted(event.sites.length, 'site')} of ${event.module} ${event.sites.length === 1 ? 'goes' : 'go'} another way: the PLT entry there was written over`;
    case 'BookmarkSet':
      return `@${event.name} is the position after commit ${count(event.at)}`;
    case 'BookmarkRemoved':
      return `@${event.name} is no position any more`;
    case 'MachineForked': {
      const { machine, epoch, commit } = event.from;
      return `from ${machine}@${epoch}:${commit}, with ${JSON.stringify(event.changes)}`;
    }
    case 'CommandRefused':
      return `${event.code}: ${event.message}`;
    default:
      return fields(event);
  }
}

/** The kernel's words, which mostly name the module themselves. */
export function refusal(module: string, errno: string, words: string): string {
  return words.includes(module) ? `${errno}: ${words}` : `${errno}: ${module}: ${words}`;
}

/** An event that has no words of its own here: its fields, lists by their length. */
function fields(event: object): string {
  return Object.entries(event)
    .filter(([name]) => name !== 'type')
    .map(([name, value]) => `${name} ${Array.isArray(value) ? counted(value.length, 'item') : JSON.stringify(value)}`)
    .join(', ');
}
