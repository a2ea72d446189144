/** Whether a profile is a machine: every address an address, every range a range, nothing absurd in number. */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import { type MachineProfile, MachineProfileSchema } from '../../../protocol/profile.ts';
import { validator } from '../../../protocol/validate.ts';
import { badStaticCalls } from './check-static-calls.ts';

/** The most entries of each list. Debian's vmlinux exports 28,000 symbols and has 6,000 static-call sites. */
export const LIMITS = {
  '/symbols': 2 ** 18,
  '/gplOnly': 2 ** 18,
  '/errata': 64,
  '/reserved': 2 ** 14,
  '/staticCalls/keys': 2 ** 16,
  '/staticCalls/trampKeys': 2 ** 16,
  '/staticCalls/vmlinuxSites': 2 ** 18,
} as const;

/** No kernel address lies farther from 0, so that windows beside the image are still exact numbers. */
const FARTHEST = 2 ** 51;

const checkShape = validator(MachineProfileSchema, 'profile');

/** What is wrong with `profile`, by path and with what was expected; undefined where it is sound. */
export function faultOf(profile: unknown): string | undefined {
  const crowded = typeof profile === 'object' && profile !== null ? tooMany(profile) : undefined;
  if (crowded !== undefined) return crowded;
  const shape = checkShape(profile);
  if (!shape.ok) return shape.message;
  const { value } = shape;
  return badAddress(value) ?? badKernel(value) ?? badWindows(value) ?? badReserved(value) ?? badStaticCalls(value);
}

function tooMany(profile: object): string | undefined {
  for (const [path, limit] of Object.entries(LIMITS)) {
    const list = path.split('/').slice(1).reduce<unknown>(member, profile);
    const count = Array.isArray(list) ? list.length : typeof list === 'object' && list ? Object.keys(list).length : 0;
    if (count > limit) return `${path} has ${count} entries, expected at most ${limit}`;
  }
  return undefined;
}

function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}

function badAddress(profile: MachineProfile): string | undefined {
  const wrong = (path: string, hex: string) =>
    `${path} is ${hex}, expected a canonical address (sign-extended from at most 53 bits)`;
  for (const [path, hex] of addressesOf(profile)) {
    if (Number.isNaN(fromHex(hex))) return wrong(path, hex);
  }
  for (const name in profile.symbols) {
    const hex = profile.symbols[name] ?? '';
    if (Number.isNaN(fromHex(hex))) return wrong(`/symbols/${name}`, hex);
  }
  return undefined;
}

/** Every address of the profile but its symbols (they are many), with its path. */
function* addressesOf(profile: MachineProfile): Generator<readonly [path: string, hex: Hex], void, undefined> {
  const { kernel, moduleRegion, reserved, percpu, staticCalls, returnThunk } = profile;
  yield ['/kernel/text', kernel.text];
  yield ['/kernel/etext', kernel.etext];
  yield ['/kernel/end', kernel.end];
  if (kernel.initFree) yield* pair('/kernel/initFree', kernel.initFree);
  const ranges = { '/moduleRegion/direct': moduleRegion.direct, '/moduleRegion/fallback': moduleRegion.fallback };
  for (const [path, range] of Object.entries({ ...ranges, '/percpu': percpu })) {
    if (!range) continue;
    yield [`${path}/start`, range.start];
    yield [`${path}/end`, range.end];
  }
  for (const [index, area] of reserved.entries()) yield* pair(`/reserved/${index}`, area);
  if (returnThunk) yield ['/returnThunk/address', returnThunk.address];
  for (const [name, key] of Object.entries(staticCalls?.keys ?? {})) {
    const path = `/staticCalls/keys/${name}`;
    yield [`${path}/address`, key.address];
    yield [`${path}/tramp`, key.tramp];
    if (key.literal) yield [`${path}/literal`, key.literal];
    if (isHex(key.func)) yield [`${path}/func`, key.func];
  }
  for (const [index, [tramp, key]] of (staticCalls?.trampKeys ?? []).entries())
    yield* pair(`/staticCalls/trampKeys/${index}`, [tramp, key]);
  for (const [index, [site]] of (staticCalls?.vmlinuxSites ?? []).entries())
    yield [`/staticCalls/vmlinuxSites/${index}/0`, site];
}

export function isHex(text: string): text is Hex {
  return text.startsWith('0x');
}

function* pair(path: string, [first, second]: readonly [Hex, Hex]): Generator<readonly [string, Hex], void, undefined> {
  yield [`${path}/0`, first];
  yield [`${path}/1`, second];
}

function badKernel({ kernel }: MachineProfile): string | undefined {
  const { text, etext, end, initFree } = kernel;
  if (Math.abs(fromHex(text)) > FARTHEST || Math.abs(fromHex(end)) > FARTHEST)
    return `/kernel is [${text}, ${end}), expected addresses that are sign-extended from at most 52 bits`;
  if (fromHex(text) >= fromHex(etext)) return `/kernel/etext is ${etext}, expected an address above text, ${text}`;
  if (fromHex(etext) > fromHex(end)) return `/kernel/end is ${end}, expected an address not below etext, ${etext}`;
  if (initFree && fromHex(initFree[0]) > fromHex(initFree[1]))
    return `/kernel/initFree/1 is ${initFree[1]}, expected an address not below the start, ${initFree[0]}`;
  return undefined;
}

function badWindows({ pageSize, moduleRegion, percpu }: MachineProfile): string | undefined {
  const windows = { '/moduleRegion/direct': moduleRegion.direct, '/moduleRegion/fallback': moduleRegion.fallback };
  for (const [path, range] of Object.entries({ ...windows, '/percpu': percpu })) {
    if (range && fromHex(range.start) >= fromHex(range.end))
      return `${path}/end is ${range.end}, expected an address above start, ${range.start}`;
  }
  for (const [path, window] of Object.entries(windows)) {
    for (const edge of ['start', 'end'] as const) {
      if (window && fromHex(window[edge]) % pageSize !== 0)
        return `${path}/${edge} is ${window[edge]}, expected a multiple of the page size, ${pageSize}`;
    }
  }
  return undefined;
}

function badReserved({ reserved }: MachineProfile): string | undefined {
  const areas = reserved.map(([start, end], index) => ({ start: fromHex(start), end: fromHex(end), index }));
  const empty = areas.find(({ start, end }) => start >= end);
  if (empty)
    return `/reserved/${empty.index}/1 is ${toHex(empty.end)}, expected an address above the start, ${toHex(empty.start)}`;
  areas.sort((a, b) => a.start - b.start);
  for (const [at, area] of areas.entries()) {
    const before = areas[at - 1];
    if (before && before.end > area.start)
      return `/reserved/${area.index} starts at ${toHex(area.start)}, expected no overlap with /reserved/${before.index}, which ends at ${toHex(before.end)}`;
  }
  return undefined;
}
