/**
 * Whether a host's modules lie where the layout rules put them: with the module's file the offset of every section inside
 * its area is computed, and held against what /sys/module, /proc/modules, /proc/vmallocinfo and /proc/kallsyms show. Where
 * an area begins is what most of these agree on; whatever says otherwise is named.
 */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Part } from '../../../protocol/events/memory.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import type { View } from '../../../protocol/view/types.ts';
import { archOf } from '../../kernel/arch/select.ts';
import { readElf } from '../../kernel/elf/read.ts';
import type { Candidate } from '../../kernel/loader/candidate.ts';
import { introduceElf } from '../../kernel/loader/elf-candidate.ts';
import { type LaidOut, layOut } from '../../kernel/loader/layout.ts';
import { isInitPart } from '../../kernel/loader/place.ts';
import { type Profile, readProfile } from '../../kernel/profile.ts';

type Seen = Omit<EventOf<'HostModuleObserved'>, 'type' | 'module'>;
export type HostArea = EventOf<'HostAreasObserved'>['areas'][number];

/** A module's file, unpacked. */
export interface ModuleFile {
  readonly file: string;
  readonly bytes: Uint8Array;
}

export interface SectionVerdict {
  readonly name: string;
  readonly address: Hex | null;
  /** `stale`: of init memory that was given back; `missing`: the file has it, and the kernel does not show it. */
  readonly verdict: 'agrees' | 'stale' | 'differs' | 'missing' | 'unknown';
  readonly part?: Part;
  readonly offset?: number;
  readonly expected?: Hex;
  readonly why: string;
}

export interface PartVerdict {
  readonly part: Part;
  readonly base: Hex;
  /** Bytes that its sections and tables take. */
  readonly size: number;
  /** Given back already. */
  readonly stale: boolean;
  /** What else agrees that it begins here. */
  readonly by: readonly string[];
}

export interface ModuleVerdict {
  readonly module: string;
  readonly file: string | null;
  readonly verdict: 'agrees' | 'differs' | 'unverified';
  /** Every disagreement, in a sentence each; of an unverified module, why it is. */
  readonly faults: readonly string[];
  readonly parts: readonly PartVerdict[];
  readonly sections: readonly SectionVerdict[];
}

export interface Verification {
  readonly format: 'veneerd/verification@1';
  readonly release: string | null;
  readonly erratum843419: boolean | null;
  readonly agrees: boolean;
  readonly totals: Readonly<Record<'modules' | 'verified' | 'unverified' | SectionVerdict['verdict'], number>>;
  /** What is wrong beside single modules: parts that overlap. */
  readonly faults: readonly string[];
  readonly modules: readonly ModuleVerdict[];
  /** Areas in the module windows that no module has, by who holds them. */
  readonly areas: readonly HostArea[];
}

export type Verified =
  | { readonly ok: true; readonly verification: Verification }
  | { readonly ok: false; readonly message: string };

/** Verifies what a host's session shows last. `files`: the candidates for each module, by name. */
export function verifyHost(view: View, files: ReadonlyMap<string, readonly ModuleFile[]>): Verified {
  const { host } = view;
  if (!host) return { ok: false, message: 'the session is not one of a host: `veneer record-host` makes those' };
  const { arch, layout, release } = host.facts;
  if (!arch || !layout) {
    return {
      ok: false,
      message: `the session does not say the host's ${arch ? 'kernel version' : 'architecture'}, which the layout follows from`,
    };
  }
  // What the host did not show has few values: that is true with which most addresses agree.
  let best: Verification | undefined;
  for (const facts of variants(arch, layout, host.facts)) {
    const attempt = verification(view, readProfile(profileOf(facts)), files, release ?? null);
    if (!best || attempt.totals.differs < best.totals.differs) best = attempt;
  }
  return best ? { ok: true, verification: best } : { ok: false, message: 'the session says nothing of the host' };
}

type LayoutFacts = Pick<MachineProfile, 'arch' | 'layout' | 'pageSize' | 'kallsymsAll'> & { readonly erratum: boolean };

function variants(
  arch: LayoutFacts['arch'],
  layout: LayoutFacts['layout'],
  { pageSize, kallsymsAll, erratum843419 }: Omit<EventOf<'HostObserved'>, 'type'>,
): readonly LayoutFacts[] {
  // An r0p4 says only in REVIDR whether it needs the workaround.
  const errata = arch === 'x86-64' ? [false] : erratum843419 === undefined ? [false, true] : [erratum843419];
  const sizes = pageSize === undefined ? ([4096, 16384, 65536] as const) : [pageSize];
  const kallsyms = kallsymsAll === undefined ? [false, true] : [kallsymsAll];
  return errata.flatMap((erratum) =>
    sizes.flatMap((size) => kallsyms.map((all) => ({ arch, layout, pageSize: size, kallsymsAll: all, erratum }))),
  );
}

/** Layout needs no image, no windows and no symbols. */
function profileOf({ erratum, ...facts }: LayoutFacts): MachineProfile {
  const nowhere = '0x0000000000000000';
  return {
    ...facts,
    kernel: { text: nowhere, etext: nowhere, end: nowhere },
    moduleRegion: {},
    reserved: [],
    symbols: {},
    errata: erratum ? ['843419'] : [],
  };
}

function verification(
  view: View,
  profile: Profile,
  files: ReadonlyMap<string, readonly ModuleFile[]>,
  release: string | null,
): Verification {
  const areas = view.host?.areas ?? [];
  const modules: ModuleVerdict[] = [];
  for (const { name, host } of view.modules.values()) {
    if (host?.seen) modules.push(verifyModule(name, host.seen, files.get(name) ?? [], profile, areas));
  }
  const all = modules.flatMap(({ sections }) => sections);
  const count = (verdict: SectionVerdict['verdict']) => all.filter((section) => section.verdict === verdict).length;
  const unverified = modules.filter(({ verdict }) => verdict === 'unverified').length;
  const faults = overlaps(modules, profile.pageSize);
  return {
    format: 'veneerd/verification@1',
    release,
    erratum843419: profile.arch === 'arm64' ? profile.erratum843419 : null,
    agrees: unverified < modules.length && faults.length === 0 && modules.every(({ verdict }) => verdict !== 'differs'),
    totals: {
      modules: modules.length,
      verified: modules.length - unverified,
      unverified,
      agrees: count('agrees'),
      stale: count('stale'),
      differs: count('differs'),
      missing: count('missing'),
      unknown: count('unknown'),
    },
    faults,
    modules,
    areas: areas.filter(({ owner, window }) => owner !== 'module' && window !== undefined),
  };
}

const unverified = (module: string, file: string | null, why: string): ModuleVerdict => {
  return { module, file, verdict: 'unverified', faults: [why], parts: [], sections: [] };
};

function verifyModule(
  module: string,
  seen: Seen,
  candidates: readonly ModuleFile[],
  profile: Profile,
  areas: readonly HostArea[],
): ModuleVerdict {
  if (!seen.sections) return unverified(module, null, 'the session does not show where its sections lie');
  const [first] = candidates;
  if (!first) return unverified(module, null, 'no file of it is among the modules given');
  const file = candidates.find(({ bytes }) => !seen.buildId || buildIdOf(bytes) === seen.buildId);
  if (!file) {
    const why = `${first.file} is another build: its build id is ${buildIdOf(first.bytes) ?? 'none'}, the module's ${seen.buildId}`;
    return unverified(module, first.file, why);
  }
  const introduced = introduceElf(file.bytes, profile, archOf(profile));
  const prepared = introduced.ok ? introduced.value.prepare() : introduced;
  if (!prepared.ok) return unverified(module, file.file, `${file.file}: ${prepared.error.words}`);
  const candidate = prepared.value;
  const laidOut = layOut(profile.layout, candidate.sections, candidate.tables, profile.pageSize);
  return judge(module, file.file, seen, seen.sections, { profile, candidate, laidOut, areas, bytes: file.bytes });
}

interface Model {
  readonly profile: Profile;
  readonly candidate: Candidate;
  readonly laidOut: LaidOut;
  readonly areas: readonly HostArea[];
  readonly bytes: Uint8Array;
}

/** One thing that says where a part begins. */
interface Witness {
  readonly base: number;
  readonly weight: number;
  readonly words: string;
}

function judge(
  module: string,
  file: string,
  seen: Seen,
  shown: NonNullable<Seen['sections']>,
  model: Model,
): ModuleVerdict {
  const { candidate, laidOut, profile } = model;
  const index = placedSections(candidate, laidOut);
  const pins = symbolPins(seen, model);
  const witnesses = laidOut.parts.map((): Witness[] => []);
  for (const [name, hex] of shown) {
    const at = index.get(name);
    if (at === undefined) continue;
    const base = fromHex(hex) - (laidOut.offset[at] ?? 0);
    witnesses[laidOut.partOf[at] ?? -1]?.push({ base, weight: 1, words: name });
  }
  for (const { section, start, symbol } of pins) {
    const base = start - (laidOut.offset[section] ?? 0);
    witnesses[laidOut.partOf[section] ?? -1]?.push({ base, weight: 1, words: `symbol ${symbol}` });
  }
  const held = (part: Part) => !isInitPart(part) || (seen.initSize ?? (seen.state === 'COMING' ? 1 : 0)) > 0;
  const listedPart: Part = profile.layout === 'linux-6.1' ? 'core' : 'text';
  const listed = seen.address;
  laidOut.parts.forEach(({ part, size }, i) => {
    if (part === listedPart && listed) witnesses[i]?.push({ base: fromHex(listed), weight: 2, words: '/proc/modules' });
    if (!held(part)) return;
    for (const { address, size: length } of model.areas) {
      if (address === undefined || length !== pages(size, profile) + profile.pageSize) continue;
      const base = fromHex(address);
      // An area of the right size speaks only for a beginning that something else names.
      if (!witnesses[i]?.some((other) => other.base === base)) continue;
      witnesses[i]?.push({ base, weight: 2, words: '/proc/vmallocinfo' });
    }
  });
  const bases = witnesses.map((all) => elect(all, profile.pageSize));
  adopt(laidOut, bases, witnesses, held, module, model);

  const faults: string[] = [];
  const sections: SectionVerdict[] = shown.map(([name, address]) => {
    const at = index.get(name);
    if (at === undefined) {
      const why = `${file} has no section of that name that the loader keeps`;
      faults.push(`${name} at ${address}: ${why}`);
      return { name, address, verdict: 'unknown', why };
    }
    const verdict = judgeSection(name, address, at, laidOut, bases, witnesses, held, model);
    // What refutes a part as a whole is said once, below.
    if (verdict.verdict === 'differs' && verdict.expected !== address) faults.push(`${name}: ${verdict.why}`);
    return verdict;
  });
  const names = new Set(shown.map(([name]) => name));
  const namesOf = (i: number) => [...index].flatMap(([name, at]) => (laidOut.partOf[at] === i ? [name] : []));
  for (const [name, at] of index) {
    if (names.has(name)) continue;
    const part = laidOut.parts[laidOut.partOf[at] ?? -1]?.part;
    const base = bases[laidOut.partOf[at] ?? -1];
    const why = `${file} has it, and the kernel does not show it`;
    faults.push(`${name}: ${why}`);
    const expected = base === undefined ? {} : { expected: toHex(base + (laidOut.offset[at] ?? 0)) };
    sections.push({ name, address: null, verdict: 'missing', ...(part && { part }), ...expected, why });
  }
  for (const { section, start, symbol, address } of pins) {
    const base = bases[laidOut.partOf[section] ?? -1];
    const expected = (base ?? Number.NaN) + (laidOut.offset[section] ?? 0);
    if (Number.isNaN(expected) || expected === start) continue;
    const right = toHex(expected + (address - start));
    faults.push(`symbol ${symbol} is at ${toHex(address)} in /proc/kallsyms, by the layout it is at ${right}`);
  }
  faults.push(...judgeParts(seen, laidOut, bases, held, listedPart, namesOf, model));
  return {
    module,
    file,
    verdict: faults.length === 0 ? 'agrees' : 'differs',
    faults,
    parts: laidOut.parts.flatMap(({ part, size }, i) => {
      const base = bases[i];
      if (base === undefined) return [];
      const by = [...new Set((witnesses[i] ?? []).filter((each) => each.base === base).map(({ words }) => words))];
      return [{ part, base: toHex(base), size, stale: !held(part), by }];
    }),
    sections,
  };
}

const pages = (size: number, { pageSize }: Profile) => Math.ceil(size / pageSize) * pageSize;

/** By name, what the loader keeps and shows: sections that are not empty and have a place. */
function placedSections(candidate: Candidate, laidOut: LaidOut): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const { index: at, name, size } of candidate.sections) {
    if (size > 0 && (laidOut.partOf[at] ?? -1) >= 0 && !index.has(name)) index.set(name, at);
  }
  return index;
}

/** The beginning that has most weight behind it. Areas begin at pages: what does not is no candidate. */
function elect(witnesses: readonly Witness[], pageSize: number): number | undefined {
  const votes = new Map<number, number>();
  for (const { base, weight } of witnesses) {
    if (base % pageSize === 0) votes.set(base, (votes.get(base) ?? 0) + weight);
  }
  let best: number | undefined;
  for (const [base, weight] of votes) if (best === undefined || weight > (votes.get(best) ?? 0)) best = base;
  return best;
}

/**
 * A part whose beginning one witness names and no area confirms begins where the one area lies that has its size and that no
 * other part has.
 */
function adopt(
  laidOut: LaidOut,
  bases: (number | undefined)[],
  witnesses: readonly Witness[][],
  held: (part: Part) => boolean,
  module: string,
  { areas, profile }: Model,
): void {
  laidOut.parts.forEach(({ part, size }, i) => {
    if (!held(part)) return;
    const wanted = pages(size, profile) + profile.pageSize;
    const free = areas.flatMap((area) => {
      const start = area.address === undefined ? Number.NaN : fromHex(area.address);
      const candidate = area.owner === 'loader' || area.module === module;
      return candidate && area.size === wanted && !Number.isNaN(start) ? [start] : [];
    });
    const base = bases[i];
    if ((witnesses[i] ?? []).filter((witness) => witness.base === base).length > 1) return;
    if (base !== undefined && areas.some(({ address, size: s }) => s === wanted && address === toHex(base))) return;
    const [only, more] = free.filter((start) => !bases.includes(start));
    if (only === undefined || more !== undefined) return;
    bases[i] = only;
    witnesses[i]?.push({ base: only, weight: 2, words: 'the area of its size in /proc/vmallocinfo' });
  });
}

function judgeSection(
  name: string,
  address: Hex,
  at: number,
  laidOut: LaidOut,
  bases: readonly (number | undefined)[],
  witnesses: readonly (readonly Witness[])[],
  held: (part: Part) => boolean,
  { areas, profile }: Model,
): SectionVerdict {
  const i = laidOut.partOf[at] ?? -1;
  const part = laidOut.parts[i]?.part ?? 'core';
  const offset = laidOut.offset[at] ?? 0;
  const base = bases[i];
  const rule = `${part} + ${hex(offset)}`;
  if (base === undefined) {
    const why = `it should lie at ${rule}, and ${part} would then begin at ${toHex(fromHex(address) - offset)}, which is no page of ${profile.pageSize} bytes`;
    return { name, address, verdict: 'differs', part, offset, why };
  }
  const expected = toHex(base + offset);
  if (expected !== address) {
    const others = [...new Set((witnesses[i] ?? []).filter((each) => each.base === base).map(({ words }) => words))];
    const off = fromHex(address) - base - offset;
    const why =
      `it is shown at ${address}; ${rule} is ${expected}, ${hex(Math.abs(off))} ${off > 0 ? 'lower' : 'higher'}: ` +
      `${part} begins at ${toHex(base)} by ${list(others)}`;
    return { name, address, verdict: 'differs', part, offset, expected, why };
  }
  if (held(part)) {
    const refuted = refutation(part, laidOut.parts[i]?.size ?? 0, base, areas, profile);
    const verdict = refuted === undefined ? 'agrees' : 'differs';
    return { name, address, verdict, part, offset, expected, why: refuted ?? rule };
  }
  const why = `${rule} of init memory that was freed; ${nowAt(fromHex(address), areas)}`;
  return { name, address, verdict: 'stale', part, offset, expected, why };
}

const hex = (value: number) => `0x${value.toString(16)}`;
const list = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(' and ');

/** Who has an address now, as far as areas are shown. */
function nowAt(address: number, areas: readonly HostArea[]): string {
  let known = false;
  for (const area of areas) {
    if (area.address === undefined) continue;
    known = true;
    const start = fromHex(area.address);
    if (!(start <= address && address < start + area.size)) continue;
    if (area.module) return `${area.module} has that memory now`;
    return `${area.caller ?? area.kind} has that memory now`;
  }
  return known ? 'nobody has that memory now' : 'who has that memory now is not shown';
}

/** Sizes and beginnings of whole parts against /proc/modules, /sys/module and /proc/vmallocinfo. */
function judgeParts(
  seen: Seen,
  laidOut: LaidOut,
  bases: readonly (number | undefined)[],
  held: (part: Part) => boolean,
  listedPart: Part,
  names: (part: number) => readonly string[],
  { profile, areas }: Model,
): readonly string[] {
  const faults: string[] = [];
  const core = laidOut.parts.filter(({ part }) => !isInitPart(part));
  const total = core.reduce((sum, { size }) => sum + pages(size, profile), 0);
  if (seen.coreSize !== undefined && seen.coreSize !== total) {
    faults.push(`its core takes ${seen.coreSize} bytes, by the layout ${total}`);
  }
  laidOut.parts.forEach(({ part, size }, i) => {
    const base = bases[i];
    if (base === undefined || !held(part)) return;
    if (part === listedPart && seen.address && fromHex(seen.address) !== base) {
      faults.push(`/proc/modules shows it at ${seen.address}, ${part} begins at ${toHex(base)}`);
    }
    const refuted = refutation(part, size, base, areas, profile);
    if (refuted !== undefined) faults.push(`${list(names(i))}: ${refuted}`);
  });
  return faults;
}

/** Why a part cannot begin at `base`, as far as areas are shown. */
function refutation(
  part: Part,
  size: number,
  base: number,
  areas: readonly HostArea[],
  profile: Profile,
): string | undefined {
  if (!areas.some(({ address }) => address !== undefined)) return undefined;
  const wanted = pages(size, profile) + profile.pageSize;
  const area = areas.find(({ address }) => address !== undefined && fromHex(address) === base);
  if (area?.size === wanted) return undefined;
  const found = area ? `one of ${area.size} bytes` : 'none';
  return `${part} would begin at ${toHex(base)}, where /proc/vmallocinfo should show an area of ${wanted} bytes, guard included, and shows ${found}`;
}

interface Pin {
  readonly symbol: string;
  readonly address: number;
  readonly section: number;
  /** Where the section begins, by this symbol. */
  readonly start: number;
}

/** What the symbols that kallsyms showed say of their sections. Names that the file has twice say nothing. */
function symbolPins(seen: Seen, { bytes, laidOut, profile }: Model): readonly Pin[] {
  const wanted = new Map(seen.symbols?.map(([name, address]) => [name, fromHex(address)]));
  if (wanted.size === 0) return [];
  const read = readElf(bytes, archOf(profile).machine);
  if (!read.ok) return [];
  const { symbols } = read.elf;
  const found = new Map<string, Pin | undefined>();
  for (let i = 1; i < symbols.count; i++) {
    const name = symbols.name(i);
    const address = wanted.get(name);
    if (address === undefined) continue;
    const section = symbols.shndx[i] ?? 0;
    const placed = (laidOut.partOf[section] ?? -1) >= 0;
    const pin = placed ? { symbol: name, address, section, start: address - (symbols.value[i] ?? 0) } : undefined;
    found.set(name, found.has(name) ? undefined : pin);
  }
  return [...found.values()].filter((pin) => pin !== undefined);
}

/** Parts of different modules that claim the same memory. */
function overlaps(modules: readonly ModuleVerdict[], pageSize: number): readonly string[] {
  const claims = modules.flatMap(({ module, parts, sections }) =>
    parts.flatMap(({ part, base, size, stale }) => {
      const start = fromHex(base);
      const names = sections.filter((section) => section.part === part).map(({ name }) => name);
      return stale
        ? []
        : [{ module, part, names: list(names), start, end: start + Math.ceil(size / pageSize) * pageSize + pageSize }];
    }),
  );
  claims.sort((a, b) => a.start - b.start);
  return claims.flatMap((claim, i) => {
    const before = claims[i - 1];
    if (!before || before.end <= claim.start) return [];
    return [
      `${claim.part} of ${claim.module} (${claim.names}) begins at ${toHex(claim.start)}, inside ${before.part} of ${before.module} (${before.names}), which ends at ${toHex(before.end)}`,
    ];
  });
}

/** The build id of a module's file: its .note.gnu.build-id. */
function buildIdOf(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const machine of [0xb7, 0x3e]) {
    const read = readElf(bytes, machine);
    if (!read.ok) continue;
    const note = read.elf.sections.find(({ name }) => name === '.note.gnu.build-id');
    if (!note || note.size < 17) return undefined;
    const size = view.getUint32(note.offset + 4, true);
    if (16 + size > note.size) return undefined;
    const id = bytes.subarray(note.offset + 16, note.offset + 16 + size);
    return Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  return undefined;
}
