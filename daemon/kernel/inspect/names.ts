/** What stands at an address, in words: a trampoline, a PLT entry, a function, a symbol of vmlinux. */
import { fromHex } from '../../../protocol/address.ts';
import { archOf } from '../arch/select.ts';
import { SHN_LORESERVE, SHN_UNDEF, STT_SECTION } from '../elf/constants.ts';
import { readElf } from '../elf/read.ts';
import type { ElfModule } from '../elf/types.ts';
import type { LoadedModule, State } from '../state.ts';
import { VMLINUX } from '../static-call/state.ts';
import { type Memory, sectionAt } from './memory.ts';

const TRAMPOLINE_PREFIX = '__SCT__';
const KEY_PREFIX = '__SCK__';
const STT_FILE = 4;
const STT_TLS = 6;

/** Names addresses: `NAME+0xOFFSET [MODULE]`, as the kernel's %pS; null where nothing has a name. */
export type NameOf = (address: number) => string | null;

export function namer(state: State, memory: Memory): NameOf {
  const { staticCalls, profile } = state;
  let kernel: ReadonlyMap<number, string> | undefined;
  const tables = new Map<string, readonly Named[]>();
  return (address) => {
    const tramp = staticCalls && trampAt(staticCalls, address);
    if (tramp) return tramp;
    const key = staticCalls?.byAddress.get(address);
    if (key !== undefined && !key.includes(':')) return `${KEY_PREFIX}${key}`;
    const module = memory.moduleAt(address);
    if (module) {
      const table = tables.get(module.name) ?? symbolsOf(state, module, memory.file(module));
      tables.set(module.name, table);
      return inModule(module, table, address);
    }
    kernel ??= kernelNames(state);
    const name = kernel.get(address);
    if (name !== undefined) return name;
    if (!profile) return null;
    const { text, end } = profile.source.kernel;
    return address >= fromHex(text) && address < fromHex(end)
      ? `${VMLINUX}+0x${(address - fromHex(text)).toString(16)}`
      : null;
  };
}

function trampAt({ arch, byTramp }: NonNullable<State['staticCalls']>, address: number): string | undefined {
  for (let at = 0; at < arch.trampSize; at++) {
    const key = byTramp.get(address - at);
    if (key === undefined) continue;
    const [owner, name] = key.includes(':') ? key.split(':', 2) : [undefined, key];
    return `${TRAMPOLINE_PREFIX}${name}${plus(at)}${owner === undefined ? '' : ` [${owner}]`}`;
  }
  return undefined;
}

const plus = (offset: number): string => (offset === 0 ? '' : `+0x${offset.toString(16)}`);

/** What vmlinux exports, and what loaded modules found there. */
function kernelNames({ profile, modules }: State): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, address] of profile?.symbols ?? []) if (!names.has(address)) names.set(address, name);
  for (const { imports } of modules.values()) {
    for (const { name, address, owner } of imports) if (owner === VMLINUX) names.set(fromHex(address), name);
  }
  return names;
}

interface Named {
  readonly address: number;
  readonly name: string;
  readonly section: string;
}

/** Functions and objects of a module in order of address: from its file, else what it exports. */
function symbolsOf(state: State, module: LoadedModule, file: Uint8Array | undefined): readonly Named[] {
  const elf = file && elfOf(state, file);
  const found = elf ? elfSymbols(module, elf) : exportsOf(state, module);
  return [...found].sort((a, b) => a.address - b.address);
}

export function elfOf({ profile }: State, file: Uint8Array): ElfModule | undefined {
  if (!profile) return undefined;
  const read = readElf(file, archOf(profile).machine);
  return read.ok ? read.elf : undefined;
}

/** Where each section of the file is; NaN where it has no memory. Events name sections in the file's order. */
export function sectionAddresses(module: LoadedModule, elf: ElfModule): Float64Array {
  const addresses = new Float64Array(elf.sections.length).fill(Number.NaN);
  let next = 0;
  for (const { index, name, size } of elf.sections) {
    const placed = module.laidOut.sections[next];
    if (placed?.name !== name || size === 0) continue;
    addresses[index] = fromHex(placed.address);
    next++;
  }
  return addresses;
}

function elfSymbols(module: LoadedModule, elf: ElfModule): Named[] {
  const at = sectionAddresses(module, elf);
  const { symbols, sections } = elf;
  const found: Named[] = [];
  for (let i = 1; i < symbols.count; i++) {
    const shndx = symbols.shndx[i] ?? SHN_UNDEF;
    const type = (symbols.info[i] ?? 0) & 0xf;
    if (shndx === SHN_UNDEF || shndx >= SHN_LORESERVE) continue;
    if (type === STT_SECTION || type === STT_FILE || type === STT_TLS) continue;
    const start = at[shndx] ?? Number.NaN;
    const name = symbols.name(i);
    // Mapping symbols ($x, $d) and the compiler's own labels say nothing to people.
    if (Number.isNaN(start) || name === '' || /^(\$[xd]|\.L)/.test(name)) continue;
    found.push({ address: start + (symbols.value[i] ?? 0), name, section: sections[shndx]?.name ?? '' });
  }
  return found;
}

function exportsOf({ exports }: State, module: LoadedModule): Named[] {
  return module.exports.flatMap((name) => {
    const address = exports.get(name)?.address;
    const section = address === undefined ? undefined : sectionAt(module, address);
    return address === undefined ? [] : [{ address, name, section: section?.name ?? '' }];
  });
}

function inModule(module: LoadedModule, table: readonly Named[], address: number): string {
  const section = sectionAt(module, address);
  const where = ` [${module.name}]`;
  if (!section) return `${module.name}${plus(address - (module.areas[0]?.address ?? address))}${where}`;
  let best: Named | undefined;
  for (const one of table) {
    if (one.address > address) break;
    if (one.section === section.name) best = one;
  }
  return best
    ? `${best.name}${plus(address - best.address)}${where}`
    : `${section.name}${plus(address - fromHex(section.address))}${where}`;
}
