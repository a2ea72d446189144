/** A machine to load fixtures and manifests into, one command at a time. */
import { createHash } from 'node:crypto';
import { type Decision, decide, initialState, type State } from '../../../daemon/kernel/kernel.ts';
import { type Area, areasIn } from '../../../daemon/kernel/region/areas.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Command, CommandOf } from '../../../protocol/commands.ts';
import type { Event, EventOf, EventType } from '../../../protocol/events/index.ts';
import type { ModuleManifest } from '../../../protocol/manifest.ts';
import type { Layout, MachineProfile } from '../../../protocol/profile.ts';
import { fixture } from '../../fixtures/fixtures.ts';

export const LAYOUTS: readonly Layout[] = ['linux-6.1', 'linux-6.12'];
export const START = fromHex('0xffff800000000000');
export const VERMAGIC = '6.1.0-fixture SMP mod_unload aarch64';

/** Bytes from START to the kernel image: beyond what a branch reaches, so that modules need veneers. */
const IMAGE = 2 ** 30;

/** What the fixtures ask of the kernel. */
const SYMBOLS = ['_printk', 'ftrace_caller', 'ftrace_regs_caller', 'ftrace_nop_ops'];

/** A small arm64 kernel with a direct window of `pages` at START, and after it a fallback window of `fallback` pages. */
export function profileOf(
  layout: Layout,
  { pages = 32768, fallback = 0, ...more }: { pages?: number; fallback?: number } & Partial<MachineProfile> = {},
): MachineProfile {
  const { pageSize = 4096 } = more;
  const text = START + IMAGE;
  const range = (start: number, count: number) => ({ start: toHex(start), end: toHex(start + count * pageSize) });
  const direct = range(START, pages);
  return {
    arch: 'arm64',
    layout,
    pageSize,
    kallsymsAll: false,
    kernel: { text: toHex(text), etext: toHex(text + 2 ** 20), end: toHex(text + 2 ** 21) },
    moduleRegion: { direct, fallback: fallback === 0 ? null : range(START + pages * pageSize, fallback) },
    reserved: [],
    symbols: Object.fromEntries(SYMBOLS.map((name, i) => [name, toHex(text + i * 16)])),
    vermagic: VERMAGIC,
    ...more,
  };
}

type LoadFields = Omit<CommandOf<'load'>, 'type' | 'blob'>;

export class Machine {
  state: State;
  readonly blobs = new Map<string, Uint8Array>();

  constructor(profile: MachineProfile) {
    this.state = initialState();
    this.do({ type: 'boot', profile });
  }

  /** The decision as it is; a refused one changes nothing. */
  decide(command: Command): Decision {
    const decision = decide(this.state, command, this.blobs);
    if (decision.ok) this.state = decision.state;
    return decision;
  }

  do(command: Command): readonly Event[] {
    const decision = this.decide(command);
    if (!decision.ok) throw new Error(`${decision.code}: ${decision.message}`);
    return decision.events;
  }

  put(bytes: Uint8Array): string {
    const blob = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(blob, bytes);
    return blob;
  }

  load(bytes: Uint8Array, fields: LoadFields = {}): readonly Event[] {
    return this.do({ type: 'load', blob: this.put(bytes), ...fields });
  }

  /** Loads a fixture by its name without `.ko`. */
  fixture(name: string, fields: LoadFields = {}): readonly Event[] {
    return this.load(fixture(`${name}.ko`), fields);
  }

  manifest(fields: Partial<ModuleManifest> & { readonly name: string }, more: LoadFields = {}): readonly Event[] {
    return this.load(manifestBytes(fields), more);
  }

  unload(module: string, held = false): readonly Event[] {
    return this.do({ type: 'unload', module, ...(held && { held }) });
  }

  modules(): readonly string[] {
    return [...this.state.modules.values()].map(({ name }) => name);
  }
}

export function manifestBytes(fields: Partial<ModuleManifest> & { readonly name: string }): Uint8Array {
  const manifest: ModuleManifest = {
    format: 'veneerd/manifest@1',
    arch: 'arm64',
    sections: [
      { name: '.text', flags: ['alloc', 'exec'], size: 4096, align: 16 },
      { name: '.init.text', flags: ['alloc', 'exec'], size: 64, align: 4 },
    ],
    imports: [],
    exports: [],
    ...fields,
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** What modules take of the windows, lazily freed areas too: [start, end) with the guard page, in order of address. */
export function taken({ region }: Pick<State, 'region'>): readonly Area[] {
  return [...areasIn(region.areas, START, START + IMAGE)];
}

/** The events of one type. */
export function only<T extends EventType>(events: readonly Event[], type: T): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

/** The one event of a type. */
export function one<T extends EventType>(events: readonly Event[], type: T): EventOf<T> {
  const [event, ...more] = only(events, type);
  if (!event || more.length > 0) throw new Error(`expected one ${type} in ${types(events).join(' ')}`);
  return event;
}

export function types(events: readonly Event[]): readonly EventType[] {
  return events.map(({ type }) => type);
}

/** What a load or unload that failed says. */
export function failure(events: readonly Event[]): { readonly errno: string; readonly words: string; step?: string } {
  const event = events.at(-1);
  if (event?.type === 'ModuleLoadFailed') return { errno: event.errno, words: event.words, step: event.step };
  if (event?.type === 'ModuleUnloadFailed') return { errno: event.errno, words: event.words };
  throw new Error(`expected a failure, got ${types(events).join(' ')}`);
}

/** Parts in the order in which events name them. */
export function partsOf(events: readonly Event[], type: 'MemoryAllocated' | 'MemoryFreed'): readonly string[] {
  return only(events, type).map(({ part }) => part);
}
