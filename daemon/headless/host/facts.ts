/** From texts to facts: which kernel this is, where its image lies, and what it shows of each module. */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { HostLoss } from '../../../protocol/events/host.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import { anchors, type Kallsyms, parseKallsyms } from '../../../protocol/host/kallsyms.ts';
import {
  archOf,
  type Config,
  erratum843419,
  type ImageRange,
  layoutOf,
  parseConfig,
  parseIomem,
  releaseOf,
} from '../../../protocol/host/machine.ts';
import { type ProcModule, parseModules } from '../../../protocol/host/modules.ts';
import { decimal, type Parsed } from '../../../protocol/host/text.ts';
import { parseVmallocinfo, type Vmallocinfo } from '../../../protocol/host/vmallocinfo.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { parseSystemMap, type SystemMap } from '../../../protocol/system-map.ts';
import { HASHED, HIDDEN, loss } from './losses.ts';
import { HostError, type HostReadings, type SysModule } from './readings.ts';

type Observed = EventOf<'HostObserved'>;

/** A module as /proc and /sys show it at one moment. */
export interface ModuleFacts {
  readonly name: string;
  readonly proc: ProcModule | undefined;
  readonly coreSize: number | undefined;
  readonly initSize: number | undefined;
  readonly taints: string;
  readonly holders: readonly string[] | undefined;
  readonly refcount: number | undefined;
  readonly buildId: string | undefined;
  /** Undefined where they are not shown or hidden. */
  readonly sections: readonly (readonly [name: string, address: number])[] | undefined;
  readonly symbols: readonly (readonly [name: string, address: Hex])[] | undefined;
}

export interface HostFacts {
  readonly observed: Omit<Observed, 'lost' | 'notes'>;
  /** Undefined where the image's place is not known. */
  readonly map: SystemMap | undefined;
  /** In the order of their loading, oldest first; undefined where /proc/modules was not read. */
  readonly modules: readonly ModuleFacts[] | undefined;
  readonly vmallocinfo: Vmallocinfo | undefined;
  /** Seconds since boot. */
  readonly uptime: number | undefined;
  readonly config: Config | undefined;
  readonly lost: HostLoss[];
  readonly notes: string[];
}

export function hostFacts(readings: HostReadings): HostFacts {
  const lost: HostLoss[] = [];
  const notes: string[] = [];
  const text = (path: string): string | undefined => {
    const found = readings.files.get(path);
    if (found === undefined) lost.push(loss(path, readings.unread.get(path) ?? 'it was not read'));
    return found;
  };
  const parsed = <T>(path: string, parse: (text: string) => Parsed<T>): T | undefined => {
    const found = text(path);
    return found === undefined ? undefined : told(readings.root + path, parse(found));
  };

  const version = text('/proc/version')?.trim();
  const cmdline = text('/proc/cmdline')?.trim();
  const cpuinfo = text('/proc/cpuinfo');
  const procModules = parsed('/proc/modules', parseModules);
  const kallsyms = parsed('/proc/kallsyms', parseKallsyms);
  const vmallocinfo = parsed('/proc/vmallocinfo', parseVmallocinfo);
  const iomem = parsed('/proc/iomem', parseIomem);
  const uptime = Number.parseFloat(text('/proc/uptime') ?? '');
  const config = readings.config && told(readings.config.file, parseConfig(readings.config.text));

  if (procModules?.some(({ address }) => address === null))
    lost.push(loss('/proc/modules', HIDDEN, 'module addresses'));
  if (kallsyms?.hidden) lost.push(loss('/proc/kallsyms', HIDDEN));
  if (vmallocinfo?.hashed) {
    lost.push(loss('/proc/vmallocinfo', HASHED, 'where areas lie: only their sizes and callers are known'));
  }

  for (const line of vmallocinfo?.odd ?? []) {
    notes.push(`${readings.root}/proc/vmallocinfo:${line}: the addresses are not as far apart as the size says`);
  }

  const release = version === undefined ? undefined : releaseOf(version);
  if (version !== undefined && release === undefined) {
    throw new HostError(
      `${readings.root}/proc/version:1: expected "Linux version RELEASE …", found ${JSON.stringify(version.slice(0, 80))}`,
    );
  }
  const rules = release === undefined ? undefined : layoutOf(release);
  if (release !== undefined && rules && !rules.exact) {
    notes.push(
      `${release} is taken for ${rules.layout}: its loader has the same memory layout, other details may differ`,
    );
  }
  const map = kallsyms && !kallsyms.hidden ? imageOf(readings, iomem, notes) : undefined;
  const arch = (cpuinfo === undefined ? undefined : archOf(cpuinfo)) ?? readings.host?.arch ?? archOfImage(map);
  const sizes = procModules?.map(({ size }) => size) ?? [];
  const pageSize = pageSizeOf(arch, readings.host?.pageSize, config, vmallocinfo, sizes);
  const erratum = erratumOf(arch, cpuinfo, config);
  const kaslr = kaslrOf(arch, cmdline, map);
  const modules = procModules && modulesOf(readings, procModules, kallsyms, lost);
  return {
    observed: {
      type: 'HostObserved',
      ...(release !== undefined && { release }),
      ...(version !== undefined && { version }),
      ...(cmdline !== undefined && { cmdline }),
      ...(arch && { arch }),
      ...(rules && { layout: rules.layout }),
      ...(pageSize && { pageSize }),
      ...(kallsyms && { kallsymsAll: config?.has('CONFIG_KALLSYMS_ALL') ?? kallsyms.namesData }),
      ...(erratum !== undefined && { erratum843419: erratum }),
      ...(kaslr !== undefined && { kaslr }),
      ...(readings.trace?.clock !== undefined && { clock: readings.trace.clock }),
      timeBase: readings.host ? '1970' : 'boot',
    },
    map,
    modules,
    vmallocinfo,
    uptime: Number.isFinite(uptime) && uptime >= 0 ? uptime : undefined,
    config,
    lost,
    notes,
  };
}

/** Throws a HostError with file and line where a file is not what it should be. */
export function told<T>(file: string, result: Parsed<T>): T {
  if (!result.ok) throw new HostError(`${file}:${result.line}: ${result.message}`);
  return result.value;
}

/** The kernel's own part of kallsyms; where it does not name the image's end, what else shows it. */
function imageOf(readings: HostReadings, iomem: ImageRange | undefined, notes: string[]): SystemMap | undefined {
  const parsed = parseSystemMap(readings.files.get('/proc/kallsyms') ?? '');
  if (!parsed.ok) {
    notes.push(`/proc/kallsyms: ${parsed.message}`);
    return undefined;
  }
  const { map } = parsed;
  if (map.namesData) {
    notes.push(...map.notes);
    return map;
  }
  const text = fromHex(map.kernel.text);
  const end = iomem && text + (iomem.end - iomem.code);
  notes.push(...map.notes.filter((note) => end === undefined || !note.startsWith('_end ')));
  if (end === undefined || end < fromHex(map.kernel.etext)) return map;
  notes.push('the end of the kernel follows from /proc/iomem; data that it exports is not known');
  return { ...map, kernel: { ...map.kernel, end: toHex(end) } };
}

/** x86-64 links its image into the last 2 GB. */
function archOfImage(map: SystemMap | undefined): MachineProfile['arch'] | undefined {
  if (!map) return undefined;
  return fromHex(map.kernel.text) >= -(2 ** 31) ? 'x86-64' : 'arm64';
}

const PAGE_SIZES = [65536, 16384, 4096] as const;

/** A configuration says it; so do an area's size and pages; and sizes in pages that are no multiple of larger ones. */
function pageSizeOf(
  arch: MachineProfile['arch'] | undefined,
  told: number | undefined,
  config: Config | undefined,
  vmallocinfo: Vmallocinfo | undefined,
  sizes: readonly number[],
): MachineProfile['pageSize'] | undefined {
  if (arch === 'x86-64') return 4096;
  const exact = PAGE_SIZES.find((size) => size === told || config?.has(`CONFIG_ARM64_${size / 1024}K_PAGES`));
  if (exact) return exact;
  for (const { size, pages } of vmallocinfo?.areas ?? []) {
    const found = pages === null ? undefined : PAGE_SIZES.find((page) => size === (pages + 1) * page);
    if (found) return found;
  }
  return sizes.some((size) => size % 16384 !== 0) ? 4096 : undefined;
}

function erratumOf(
  arch: MachineProfile['arch'] | undefined,
  cpuinfo: string | undefined,
  config: Config | undefined,
): boolean | undefined {
  if (arch !== 'arm64' || cpuinfo === undefined) return undefined;
  return config && !config.has('CONFIG_ARM64_ERRATUM_843419') ? false : erratum843419(cpuinfo);
}

/** Where kernels are linked: one that lies there was not moved. (48-bit addresses; x86-64's CONFIG_PHYSICAL_START.) */
const LINKED: Readonly<Record<MachineProfile['arch'], readonly Hex[]>> = {
  arm64: ['0xffff800008000000', '0xffff800008010000', '0xffff800080000000', '0xffff800080010000'],
  'x86-64': ['0xffffffff81000000'],
};

function kaslrOf(
  arch: MachineProfile['arch'] | undefined,
  cmdline: string | undefined,
  map: SystemMap | undefined,
): boolean | undefined {
  if (cmdline?.split(/\s+/).includes('nokaslr')) return false;
  if (!map || !arch) return undefined;
  return !LINKED[arch].includes(map.kernel.text);
}

/** Oldest first. */
function modulesOf(
  readings: HostReadings,
  listed: readonly ProcModule[],
  kallsyms: Kallsyms | undefined,
  lost: HostLoss[],
): readonly ModuleFacts[] {
  const facts = listed.toReversed().map((proc) => {
    const symbols = kallsyms?.hidden ? undefined : kallsyms?.modules.get(proc.name);
    return moduleFacts(readings, proc.name, proc, symbols);
  });
  const absent = facts.filter(({ name }) => !readings.modules.has(name)).map(({ name }) => name);
  if (absent.length > 0 && listed.length > 0) {
    const why = readings.unread.get('/sys/module') ?? `no folder for ${some(absent)}`;
    lost.push(loss('/sys/module', why, 'their sections, sizes and holders'));
  }
  const bare = facts.filter(({ name, sections }) => readings.modules.has(name) && !sections).map(({ name }) => name);
  if (bare.length > 0) {
    const why = `not readable, or hidden, for ${some(bare)}: only root may read them`;
    lost.push(loss('/sys/module/*/sections', why, 'where their sections lie: their layout cannot be verified'));
  }
  return facts;
}

const some = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

type Symbols = Kallsyms['modules'] extends ReadonlyMap<string, infer S> ? S : never;

/** What is shown of one module. Throws a HostError where a file does not hold what it should. */
export function moduleFacts(
  readings: Pick<HostReadings, 'root' | 'modules'>,
  name: string,
  proc: ProcModule | undefined,
  symbols: Symbols | undefined,
): ModuleFacts {
  const sys = readings.modules.get(name);
  const path = `${readings.root}/sys/module/${name}`;
  const size = (file: string) => count(`${path}/${file}`, sys?.files.get(file));
  const sections = sys && sectionsOf(path, sys);
  const refcount = sys?.files.get('refcnt')?.trim();
  const pins = symbols && anchors(symbols, sections?.map(([, address]) => address) ?? []);
  return {
    name,
    proc,
    coreSize: size('coresize'),
    initSize: size('initsize'),
    taints: proc?.taints ?? sys?.files.get('taint')?.trim() ?? '',
    holders: sys?.holders,
    refcount: proc?.refcount ?? (refcount === undefined ? undefined : Number.parseInt(refcount, 10)),
    buildId: sys?.buildIdNote && buildIdOf(sys.buildIdNote),
    sections,
    symbols: pins && pins.length > 0 ? pins.map(({ name: symbol, address }) => [symbol, toHex(address)]) : undefined,
  };
}

function count(file: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = decimal(text.trim());
  if (Number.isNaN(value))
    throw new HostError(`${file}:1: expected a number of bytes, found ${JSON.stringify(text.slice(0, 80))}`);
  return value;
}

const SECTIONS = 'sections/';

function sectionsOf(path: string, { files }: SysModule): ModuleFacts['sections'] {
  const sections: [string, number][] = [];
  for (const [file, text] of files) {
    if (!file.startsWith(SECTIONS)) continue;
    const digits = /^(0x[0-9a-f]{16})\n?$/.exec(text)?.[1];
    const address = digits === undefined ? Number.NaN : fromHex(digits);
    if (Number.isNaN(address)) {
      throw new HostError(
        `${path}/${file}:1: expected an address of 16 hex digits, found ${JSON.stringify(text.slice(0, 80))}`,
      );
    }
    sections.push([file.slice(SECTIONS.length), address]);
  }
  const hidden = sections.every(([, address]) => address === 0);
  return hidden ? undefined : sections.sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
}

/** The bytes behind the header and the name `GNU` of an ELF note of type 3; undefined where it is another. */
function buildIdOf(note: Uint8Array): string | undefined {
  const view = new DataView(note.buffer, note.byteOffset, note.byteLength);
  if (note.length < 17 || view.getUint32(0, true) !== 4 || view.getUint32(8, true) !== 3) return undefined;
  const size = view.getUint32(4, true);
  if (size === 0 || 16 + size > note.length) return undefined;
  return Array.from(note.subarray(16, 16 + size), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
