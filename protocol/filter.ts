/**
 * Which events of a machine a subscription wants. A filter never breaks positions: it takes events out of commits, and
 * says up to where it has looked.
 */
import Type from 'typebox';
import { fromHex } from './address.ts';
import { EVENT_SCHEMAS, type Event, type EventType } from './events/index.ts';
import { HexSchema } from './schema.ts';

const closed = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 256 });

/** Every member that is there must hold; a member holds when one of its list does. */
export const FilterSchema = Type.Object(
  {
    kinds: Type.Optional(
      Type.Array(Type.Enum(Object.keys(EVENT_SCHEMAS) as EventType[]), {
        minItems: 1,
        maxItems: 64,
        description: 'types of events',
      }),
    ),
    modules: Type.Optional(
      Type.Array(Name, {
        minItems: 1,
        maxItems: 64,
        description: 'modules, or vmlinux; of a patch: whose memory it is',
      }),
    ),
    keys: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 64, description: 'static-call keys' })),
    addresses: Type.Optional(
      Type.Array(Type.Object({ from: HexSchema, to: HexSchema }, closed), {
        minItems: 1,
        maxItems: 16,
        description:
          'what the event writes, takes or gives back lies in one of these; `to` is the first address after it',
      }),
    ),
  },
  closed,
);
export type Filter = Type.Static<typeof FilterSchema>;

/** Bytes from `start` to before `end`. */
type Range = readonly [start: number, end: number];

/** Compiles a filter, which is valid by its schema. */
export function matcher({ kinds, modules, keys, addresses }: Filter): (event: Event) => boolean {
  const kindSet = kinds && new Set<string>(kinds);
  const moduleSet = modules && new Set(modules);
  const keySet = keys && new Set(keys);
  const wanted = addresses?.map(({ from, to }): Range => [fromHex(from), fromHex(to)]);
  return (event) =>
    (kindSet === undefined || kindSet.has(event.type)) &&
    (moduleSet === undefined || moduleSet.has(moduleOf(event))) &&
    (keySet === undefined || keysOf(event).some((key) => keySet.has(key))) &&
    (wanted === undefined || rangesOf(event).some((range) => wanted.some((want) => meet(range, want))));
}

const meet = (a: Range, b: Range): boolean => a[0] < b[1] && b[0] < a[1];

/** Empty for an event that is not about one. */
function moduleOf(event: Event): string {
  if ('module' in event) return event.module ?? '';
  return 'owner' in event ? event.owner : '';
}

function keysOf(event: Event): readonly string[] {
  switch (event.type) {
    case 'StaticCallKeysAdded':
      return event.keys.map(({ name }) => name);
    case 'StaticCallSitesSorted':
      return event.runs.map(({ key }) => key);
    case 'StaticCallSitesRerouted':
      return event.sites.map(([key]) => key);
    case 'StaticCallKeysGone':
    case 'SiteModsFreed':
      return event.keys;
    default:
      return 'key' in event ? [event.key] : [];
  }
}

const INSTRUCTION = 4;

const at = (address: string, size: number): Range => {
  const start = fromHex(address);
  return [start, start + size];
};

/** The bytes that the event is about: areas with their guards, what was written, sites. */
function rangesOf(event: Event): readonly Range[] {
  switch (event.type) {
    case 'MemoryAllocated':
    case 'MemoryFreed':
      return [at(event.address, event.size + event.guard)];
    case 'LazyAreasPurged':
      return event.areas.map(({ address, size, guard }) => at(address, size + guard));
    case 'ModuleLaidOut':
      return event.parts.map(({ address, size }) => at(address, size));
    case 'VeneerWritten':
      return [at(event.address, event.words.length * INSTRUCTION), at(event.site.address, INSTRUCTION)];
    case 'StaticCallKeysAdded':
      return event.keys.map(({ tramp, bytes }) => at(tramp, bytes.length / 2));
    case 'StaticCallSitesSorted':
      return event.runs.flatMap(({ sites }) => sites.map(([address]) => at(address, INSTRUCTION)));
    case 'StaticCallSitesRerouted':
      return event.sites.map(([, address]) => at(address, INSTRUCTION));
    case 'StaticCallPatched':
      return [at(event.address, event.bytes[1].length / 2)];
    case 'StaticCallOrigRecorded':
    case 'StaticCallStrayed':
      return [at(event.site, INSTRUCTION)];
    case 'HostModuleObserved':
      return event.areas.map(({ address, size, guard }) => at(address, size + guard));
    case 'HostAreasObserved':
      return event.areas.flatMap(({ address, size }) => (address === undefined ? [] : [at(address, size)]));
    default:
      return [];
  }
}
