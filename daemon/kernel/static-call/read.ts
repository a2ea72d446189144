/**
 * What a placed and relocated module holds of static calls: its keys, and its sites in the order of the file.
 * Models include/linux/static_call_types.h and `find_module_sections` of kernel/module/main.c, v6.1 and v6.12.
 */
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { PlacedModule } from '../arch/arch.ts';
import { callSites } from '../arch/arm64/static-call-sites.ts';
import { codeOf, longAt, type StaticCallArch } from '../arch/static-call.ts';
import { SHN_LORESERVE, SHN_UNDEF } from '../elf/constants.ts';
import type { ElfModule, RelaSection } from '../elf/types.ts';
import type { Profile } from '../profile.ts';
import type { ModuleKey, ModuleSite, ModuleStaticCalls } from './module.ts';

const KEY_PREFIX = '__SCK__';
const TRAMP_PREFIX = '__SCT__';
/** struct static_call_site: two 32-bit distances, each from itself. */
const ENTRY = 8;
const LONG = 8;
const NO_TRAMP = { tramp: Number.NaN, key: Number.NaN };

/** Sites come from the module's table on x86-64; on arm64 from its calls to the symbols that `tramps` holds by index. */
export function readStaticCalls(
  placed: PlacedModule,
  relas: readonly RelaSection[],
  tramps: SymbolTramps | undefined,
  arch: StaticCallArch,
): ModuleStaticCalls {
  return {
    keys: readKeys(placed, arch.trampSize),
    sites: tramps ? calls(placed, relas, tramps.bySymbol) : table(placed, arch.siteSize),
  };
}

/** The trampolines that calls to some symbols of a module go to. */
export interface SymbolTramps {
  /** By index of the symbol: addresses of trampoline and key. */
  readonly bySymbol: ReadonlyMap<number, { readonly tramp: number; readonly key: number }>;
  /** S of each symbol where a branch asks for it. */
  values(symbolValue: Float64Array): Float64Array;
}

/** Undefined on a machine that names no symbols as static calls. */
export function trampsOfSymbols(
  imports: readonly { readonly name: string; readonly symbol: number }[],
  callTramps: Profile['callTramps'],
): SymbolTramps | undefined {
  if (callTramps.size === 0) return undefined;
  const bySymbol = new Map<number, { readonly tramp: number; readonly key: number }>();
  for (const { name, symbol } of imports) {
    const tramp = callTramps.get(name);
    if (tramp !== undefined) bySymbol.set(symbol, tramp);
  }
  return {
    bySymbol,
    values: (symbolValue) => {
      const values = symbolValue.slice();
      for (const [symbol, { tramp }] of bySymbol) values[symbol] = tramp;
      return values;
    },
  };
}

function calls(
  placed: PlacedModule,
  relas: readonly RelaSection[],
  tramps: SymbolTramps['bySymbol'],
): readonly ModuleSite[] {
  return callSites(placed, relas, tramps).map(({ address, symbol, tail, init, bytes, destination }) => {
    const { tramp, key } = tramps.get(symbol) ?? NO_TRAMP;
    return { address, names: key, tail, init, bytes, veneer: destination === tramp ? undefined : destination };
  });
}

function table(placed: PlacedModule, siteSize: number): readonly ModuleSite[] {
  const section = placed.elf.sections.find(({ name }) => name === '.static_call_sites');
  const bytes = section && placed.memory[section.index];
  const start = section ? (placed.sectionAddress[section.index] ?? Number.NaN) : Number.NaN;
  if (!bytes || Number.isNaN(start)) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const find = finder(placed);
  const sites: ModuleSite[] = [];
  for (let at = 0; at + ENTRY <= bytes.length; at += ENTRY) {
    const address = start + at + view.getInt32(at, true);
    const key = start + at + 4 + view.getInt32(at + 4, true);
    const flags = ((key % 4) + 4) % 4;
    const spot = find(address);
    sites.push({
      address,
      names: key - flags,
      tail: (flags & SITE_TAIL) !== 0,
      init: (flags & SITE_INIT) !== 0 || (spot !== undefined && placed.inInit[spot.section] === 1),
      bytes: spot ? spot.bytes.subarray(spot.at, spot.at + siteSize) : new Uint8Array(0),
      veneer: undefined,
    });
  }
  return sites;
}

/** Keys are the symbols `__SCK__NAME` of sections in memory; the trampoline of each is `__SCT__NAME`. */
function readKeys(placed: PlacedModule, trampSize: number): readonly ModuleKey[] {
  const { elf, symbolValue } = placed;
  const { symbols } = elf;
  const keys = new Map<string, number>();
  const tramps = new Map<string, number>();
  const starts = prefixTest(elf, '__SC');
  for (let i = 1; i < symbols.count; i++) {
    const shndx = symbols.shndx[i] ?? SHN_UNDEF;
    if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE || !starts(symbols.nameOffset[i] ?? 0)) continue;
    const name = symbols.name(i);
    if (name.startsWith(KEY_PREFIX)) keys.set(name.slice(KEY_PREFIX.length), i);
    else if (name.startsWith(TRAMP_PREFIX)) tramps.set(name.slice(TRAMP_PREFIX.length), i);
  }
  if (keys.size === 0) return [];
  const find = finder(placed);
  return [...keys].flatMap(([name, symbol]) => {
    const address = symbolValue[symbol] ?? Number.NaN;
    const tramp = symbolValue[tramps.get(name) ?? -1] ?? Number.NaN;
    const word = find(address);
    const code = find(tramp);
    if (!word || !code) return [];
    const func = longAt(codeOf(word.bytes.subarray(word.at, word.at + LONG)));
    return [{ name, address, func, tramp, trampBytes: code.bytes.subarray(code.at, code.at + trampSize) }];
  });
}

/** Whether the name at an offset of the string table starts with `prefix`, without making a string of it. */
function prefixTest({ bytes, sections, symbols }: ElfModule, prefix: string): (nameOffset: number) => boolean {
  const strings = sections[sections[symbols.section]?.link ?? 0]?.offset ?? 0;
  const wanted = [...prefix].map((c) => c.charCodeAt(0));
  return (nameOffset) => wanted.every((byte, i) => bytes[strings + nameOffset + i] === byte);
}

interface Spot {
  readonly section: number;
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Finds the section that holds an address. Neighbours in a table mostly share it. */
function finder({ memory, sectionAddress }: PlacedModule): (address: number) => Spot | undefined {
  const placed = memory.flatMap((bytes, section) => {
    const start = sectionAddress[section] ?? Number.NaN;
    return bytes && bytes.length > 0 && !Number.isNaN(start) ? [{ bytes, section, start }] : [];
  });
  let last: (typeof placed)[number] | undefined;
  return (address) => {
    const holds = ({ start, bytes }: (typeof placed)[number]) => address >= start && address < start + bytes.length;
    if (!last || !holds(last)) last = placed.find(holds);
    return last && { section: last.section, bytes: last.bytes, at: address - last.start };
  };
}
