/**
 * A module that came as a manifest: sizes, imports and exports, no bytes. It is placed and linked as an ELF module of
 * those sizes would be; it has no relocations.
 */
import type { ModuleManifest } from '../../../protocol/manifest.ts';
import type { KernelError, LayoutSection } from '../arch/arch.ts';
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_NOTE, SHT_PROGBITS } from '../elf/constants.ts';
import type { Profile } from '../profile.ts';
import type { Candidate, Introduction, Linked, Outcome, Placement } from './candidate.ts';
import { settleFlags } from './flags.ts';
import type { Tables } from './layout.ts';
import { readManifest } from './manifest.ts';

const TYPES = { progbits: SHT_PROGBITS, nobits: SHT_NOBITS, note: SHT_NOTE } as const;
const FLAGS = { alloc: SHF_ALLOC, write: SHF_WRITE, exec: SHF_EXECINSTR } as const;
const ELF64_SYM_SIZE = 24;
const NO_TABLES = { coreSymbols: 1, coreStrings: 1, symbols: 1, strings: 1 };

const enoexec = (words: string): { readonly ok: false; readonly error: KernelError } => ({
  ok: false,
  error: { errno: 'ENOEXEC', words },
});

/** Reads a manifest, which is JSON in UTF-8. Refuses with ENOEXEC. */
export function introduceManifest(bytes: Uint8Array, profile: Profile): Outcome<Introduction> {
  const text = decode(bytes);
  if (text === undefined) return enoexec('manifest: is not UTF-8');
  const read = readManifest(text);
  if (!read.ok) return enoexec(`manifest: ${read.message}`);
  const manifest = read.value;
  if (manifest.arch !== profile.arch) return enoexec(`manifest: /arch is ${manifest.arch}, expected ${profile.arch}`);
  const introduced = { name: manifest.name, vermagic: undefined, hasVersions: false };
  return { ok: true, value: { ...introduced, prepare: () => prepare(manifest, introduced) } };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Section 0 is the null section, as in a file; the tables follow the manifest's own sections. */
function prepare(manifest: ModuleManifest, introduced: Omit<Introduction, 'prepare'>): Outcome<Candidate> {
  const own = manifest.sections.map(({ name, type = 'progbits', flags, size, align }, i): LayoutSection => {
    const bits = flags.reduce((all, flag) => all | FLAGS[flag], 0);
    return { index: i + 1, name, type: TYPES[type], flags: bits, size, align };
  });
  const empty = { type: SHT_PROGBITS, flags: 0, size: 0, align: 1 };
  const after = own.length + 1;
  const all = [
    { index: 0, name: '', ...empty },
    ...own,
    { index: after, name: '.symtab', ...empty },
    { index: after + 1, name: '.strtab', ...empty },
  ];
  const settled = settleFlags(manifest.name, all);
  if (!settled.ok) return settled;
  const { sections, percpu, percpuIndex } = settled.value;
  const counts = manifest.symtab ?? NO_TABLES;
  const tables: Tables = {
    symtab: { index: after, size: counts.symbols * ELF64_SYM_SIZE, align: 8 },
    strtab: { index: after + 1, size: counts.strings, align: 1 },
    symbols: counts.symbols,
    coreSymbols: counts.coreSymbols,
    coreStrings: counts.coreStrings,
  };
  const indexOf = new Map(sections.map(({ name, index }) => [name, index]));
  return {
    ok: true,
    value: {
      ...introduced,
      license: 'GPL',
      importedNamespaces: [],
      hasInit: true,
      hasExit: true,
      imports: manifest.imports.map((i) =>
        typeof i === 'string' ? { name: i, weak: false } : { name: i.name, weak: i.weak ?? false },
      ),
      commons: [],
      exports: manifest.exports.map(({ name, gplOnly = false }) => ({ name, gplOnly, namespace: '' })),
      sections,
      tables,
      pltReserved: manifest.plt ?? { core: 0, init: 0 },
      percpu,
      link: (placement) => ({ ok: true, value: link(manifest, placement, indexOf, percpuIndex) }),
    },
  };
}

function link(
  { exports }: ModuleManifest,
  placement: Placement,
  indexOf: ReadonlyMap<string, number>,
  percpuIndex: number,
): Linked {
  const { sectionAddress, percpu } = placement;
  const addresses = exports.map(({ section, offset }) => {
    const index = indexOf.get(section) ?? -1;
    return (index === percpuIndex ? percpu : (sectionAddress[index] ?? Number.NaN)) + offset;
  });
  return {
    relocated: {
      relocations: 0,
      branches: { direct: 0, veneer: 0 },
      veneers: [],
      pltUsed: { core: 0, init: 0 },
    },
    memory: [],
    exports: addresses.map((address) => (Number.isNaN(address) ? 0 : address)),
    symbolName: () => '',
  };
}
