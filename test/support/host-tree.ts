/**
 * A captured tree as a running kernel would show it, made of what the simulated kernel decided: small enough to change a
 * byte of it and see what is said. Whether the rules are a real kernel's is for the real captures to prove.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readElf } from '../../daemon/kernel/elf/read.ts';
import { decide, initialState, type State } from '../../daemon/kernel/kernel.ts';
import { fromHex } from '../../protocol/address.ts';
import type { Command } from '../../protocol/commands.ts';
import type { EventOf } from '../../protocol/events/index.ts';
import { fixture, machineOf } from '../fixtures/fixtures.ts';

export type Kernel = 'arm64-6.1' | 'arm64-6.12' | 'x86-64-6.12';

const RELEASE: Record<Kernel, string> = {
  'arm64-6.1': '6.1.0-fixture-arm64',
  'arm64-6.12': '6.12.0-fixture-arm64',
  'x86-64-6.12': '6.12.0-fixture-amd64',
};
const CPU: Record<Kernel, string> = {
  'arm64-6.1': 'CPU implementer\t: 0x41\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n',
  'arm64-6.12': 'CPU implementer\t: 0x41\nCPU variant\t: 0x0\nCPU part\t: 0xd03\nCPU revision\t: 4\n',
  'x86-64-6.12': 'vendor_id\t: AuthenticAMD\n',
};

export const FIXTURES: Record<Kernel, readonly string[]> = {
  'arm64-6.1': ['hello.ko', 'chain-a.ko', 'chain-b.ko', 'chain-c.ko', 'sections.ko', 'compiled.ko'],
  'arm64-6.12': ['hello.ko', 'chain-a.ko', 'chain-b.ko', 'chain-c.ko', 'sections.ko', 'compiled.ko'],
  'x86-64-6.12': ['x86-64-hello.ko', 'x86-64-compiled.ko'],
};

/** What a fixture calls itself. */
export function moduleOf(file: string): string {
  const read = readElf(fixture(file), machineOf(file));
  if (!read.ok) throw new Error(`${file} is no module`);
  return read.elf.name;
}

/** The files of the tree by path, without the leading slash. */
export type Tree = Map<string, string | Uint8Array>;

interface Loaded {
  readonly laidOut: EventOf<'ModuleLaidOut'>;
  readonly file: string;
}

/** A host that loaded its fixtures, unloaded the first of them and loaded it again. */
export function hostTree(kernel: Kernel): Tree {
  let state = initialState();
  const blobs = new Map<string, Uint8Array>();
  const run = (command: Command) => {
    const decision = decide(state, command, blobs);
    if (!decision.ok) throw new Error(decision.message);
    state = decision.state;
    return decision.events;
  };
  run({ type: 'boot', preset: kernel });
  const present = new Map<string, Loaded>();
  const trace: string[] = [];
  const say = (words: string) => {
    const at = (trace.length + 1).toString().padStart(5);
    trace.push(
      `${'(udev - x: y)'.padStart(16)}-${String(100 + trace.length).padEnd(7)} [000] ..... ${at}.000500: ${words}`,
    );
  };
  const load = (file: string) => {
    const bytes = fixture(file);
    const blob = createHash('sha256').update(bytes).digest('hex');
    blobs.set(blob, bytes);
    const events = run({ type: 'load', blob, file });
    const laidOut = events.find((event) => event.type === 'ModuleLaidOut');
    const live = events.some((event) => event.type === 'ModuleLive');
    if (laidOut?.type !== 'ModuleLaidOut' || !live) throw new Error(`${file} did not load`);
    present.delete(laidOut.module);
    present.set(laidOut.module, { laidOut, file });
    say(`module_load: ${laidOut.module} `);
    return laidOut.module;
  };
  const [first = '', ...rest] = FIXTURES[kernel];
  const name = load(first);
  say('module_request: nonesuch wait=1 call_site=get_fs_type');
  for (const file of rest) load(file);
  run({ type: 'unload', module: name });
  say(`module_free: ${name}`);
  load(first);
  return shown(kernel, state, [...present.values()], trace);
}

function shown(kernel: Kernel, state: State, loaded: readonly Loaded[], trace: readonly string[]): Tree {
  const { profile } = state;
  if (!profile) throw new Error('not booted');
  const { source, pageSize, kallsymsAll } = profile;
  const image = source.kernel;
  const hex = (text: string) => text.slice(2);
  const kallsyms = [`${hex(image.text)} T _text`, `${hex(image.text)} T _stext`, `${hex(image.etext)} D _etext`];
  if (kallsymsAll) kallsyms.push(`${hex(image.end)} B _end`);
  const areas: [number, string][] = [];
  const tree: Tree = new Map();
  const lines: string[] = [];
  for (const { laidOut, file } of loaded) {
    const { module: name, parts, sections } = laidOut;
    const core = parts.filter(({ part }) => !part.startsWith('init'));
    const size = core.reduce((sum, part) => sum + Math.ceil(part.size / pageSize) * pageSize, 0);
    const listed = core.find(({ part }) => part === 'core' || part === 'text');
    const users = [...state.modules.values()].filter(({ uses }) => uses.includes(name)).map((user) => user.name);
    const used = users.length > 0 ? `${users.join(',')},` : '-';
    lines.push(`${name} ${size} ${users.length} ${used} Live ${listed?.address ?? `0x${'0'.repeat(16)}`}`);
    for (const { address, size: bytes } of core) {
      const pages = Math.ceil(bytes / pageSize);
      const start = fromHex(address);
      areas.push([
        start,
        areaLine(start, (pages + 1) * pageSize, `load_module+0x9a8/0x2210 pages=${pages} vmalloc N0=${pages}`),
      ]);
    }
    const sys = `sys/module/${name}`;
    tree.set(`${sys}/coresize`, `${size}\n`);
    tree.set(`${sys}/initsize`, '0\n');
    tree.set(`${sys}/refcnt`, `${users.length}\n`);
    tree.set(`${sys}/taint`, '\n');
    tree.set(`${sys}/initstate`, 'live\n');
    for (const user of users) tree.set(`${sys}/holders/${user}`, '');
    for (const section of sections) tree.set(`${sys}/sections/${section.name}`, `${section.address}\n`);
    kallsyms.push(...symbolsOf(file, laidOut, kallsymsAll));
  }
  const stack = fromHex(source.moduleRegion.direct?.start ?? image.text) + 2 ** 26;
  areas.push([stack, areaLine(stack, 5 * pageSize, 'kernel_clone+0xa0/0x4b0 pages=4 vmalloc N0=4')]);
  tree.set('proc/version', `Linux version ${RELEASE[kernel]} (x) #1 SMP\n`);
  tree.set('proc/cmdline', 'quiet nokaslr\n');
  tree.set('proc/modules', `${lines.reverse().join('\n')}\n`);
  tree.set('proc/kallsyms', `${kallsyms.join('\n')}\n`);
  tree.set(
    'proc/vmallocinfo',
    areas
      .sort(([a], [b]) => a - b)
      .map(([, line]) => line)
      .join(''),
  );
  tree.set('proc/cpuinfo', CPU[kernel]);
  tree.set('proc/iomem', iomem(fromHex(image.end) - fromHex(image.text)));
  tree.set('proc/uptime', '60.25 50.00\n');
  tree.set(
    'sys/kernel/tracing/trace',
    `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${trace.length}/${trace.length}   #P:1\n#\n${trace.join('\n')}\n`,
  );
  tree.set('sys/kernel/tracing/trace_clock', 'local [mono] boot\n');
  return tree;
}

function areaLine(start: number, size: number, rest: string): string {
  const digits = (address: number) => BigInt.asUintN(64, BigInt(address)).toString(16).padStart(16, '0');
  return `0x${digits(start)}-0x${digits(start + size)} ${String(size).padStart(7)} ${rest}\n`;
}

function iomem(size: number): string {
  const line = (from: number, to: number, name: string) =>
    `  ${from.toString(16).padStart(8, '0')}-${(to - 1).toString(16).padStart(8, '0')} : ${name}`;
  const code = 0x40210000;
  return `40000000-bfffffff : System RAM\n${line(code, code + 4096, 'Kernel code')}\n${line(code + 4096, code + size, 'Kernel data')}\n`;
}

/** As is_core_symbol keeps them. */
function symbolsOf(file: string, { module, sections }: EventOf<'ModuleLaidOut'>, all: boolean): readonly string[] {
  const read = readElf(fixture(file), machineOf(file));
  if (!read.ok) throw new Error(`${file} is no module`);
  const { symbols, sections: headers } = read.elf;
  const lines: string[] = [];
  for (let i = 1; i < symbols.count; i++) {
    const header = headers[symbols.shndx[i] ?? 0];
    const section = sections.find(({ name, part }) => name === header?.name && !part.startsWith('init'));
    if (!header || !section || symbols.name(i) === '' || (!all && (header.flags & 4) === 0)) continue;
    const address = fromHex(section.address) + (symbols.value[i] ?? 0);
    lines.push(`${BigInt.asUintN(64, BigInt(address)).toString(16)} t ${symbols.name(i)}\t[${module}]`);
  }
  return lines;
}

export function writeTree(folder: string, tree: Tree): string {
  for (const [path, contents] of tree) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), contents);
  }
  return folder;
}
