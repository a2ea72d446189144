/** What follows from a host's files, one rule at a time: page size, times, windows, parts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { verifySession } from '../../daemon/headless/host/index.ts';
import { readHost } from '../../daemon/headless/host/read.ts';
import type { HostReadings } from '../../daemon/headless/host/readings.ts';
import { hostSession } from '../../daemon/headless/host/session.ts';
import { fromHex, type Hex, toHex } from '../../protocol/address.ts';
import type { Event, EventOf, EventType } from '../../protocol/events/index.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { hostTree, type Kernel, type Tree, writeTree } from '../support/host-tree.ts';

const KO = new URL('../fixtures/ko/', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'veneerd-host-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let numbered = 0;

/** The session of a tree; `host`: what a running system would say of itself beside. */
async function recorded(tree: Tree, host?: HostReadings['host']) {
  const root = writeTree(join(folder, `tree-${numbered++}`), tree);
  const { commits, observed } = hostSession(await readHost({ root, ...(host && { host }) }));
  const view = emptyView();
  for (const commit of commits) fold(view, commit);
  return { commits, observed, view, events: commits.flatMap(({ events }) => events) };
}

function only<T extends EventType>(events: readonly Event[], type: T): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

const text = (tree: Tree, path: string): string => String(tree.get(path));

/** The tree with its text at `path` changed. */
const changed = (tree: Tree, path: string, from: RegExp, to: string | ((...match: string[]) => string)): Tree =>
  tree.set(path, text(tree, path).replace(from, to as string));

/** As it is shown to everybody but root: no address says anything. */
const hashed = (tree: Tree): Tree => {
  let n = 1000;
  const hash = (): string => {
    n += 7919;
    return `0x00000000${n.toString(16).padStart(8, '0')}`;
  };
  return changed(tree, 'proc/vmallocinfo', /0x[0-9a-f]{16}/g, hash);
};

/** A kernel that lies elsewhere than where it was linked. */
const moved = (tree: Tree): Tree =>
  changed(
    tree.set('proc/cmdline', 'quiet\n'),
    'proc/kallsyms',
    /^[0-9a-f]{16}(?= \w (_text|_stext|_etext|_end)$)/gm,
    (address) => (BigInt(`0x${address}`) + 0x200000n).toString(16),
  );

describe('the page size', () => {
  const of = async (change: (tree: Tree) => void, host?: HostReadings['host']): Promise<number | undefined> => {
    const tree = hostTree('arm64-6.1');
    tree.delete('proc/vmallocinfo');
    changed(tree, 'proc/modules', /^(\S+) \d+/gm, '$1 65536');
    change(tree);
    return (await recorded(tree, host)).observed.pageSize;
  };
  const area = (size: number, pages: number): string => {
    const start = 0xffff800000000000n;
    return `0x${start.toString(16)}-0x${(start + BigInt(size)).toString(16)} ${size} load_module+0x9a8/0x2210 pages=${pages} vmalloc N0=1\n`;
  };

  it('HOST-7: stays unknown where nothing says it', async () => {
    expect(await of(() => undefined)).toBeUndefined();
  });

  it('HOST-7: follows from sizes that are no multiple of 16 KB', async () => {
    expect(await of((tree) => changed(tree, 'proc/modules', / 65536 /, ' 69632 '))).toBe(4096);
  });

  it.each([
    [4096, 5],
    [16384, 5],
    [65536, 2],
  ])('HOST-7: follows from an area: %i', async (pageSize, pages) => {
    expect(await of((tree) => tree.set('proc/vmallocinfo', area((pages + 1) * pageSize, pages)))).toBe(pageSize);
  });

  it("HOST-7: is what the config says, and before that the system's", async () => {
    const config = (tree: Tree) =>
      tree.set('proc/vmallocinfo', area(8192, 1)).set('boot/config-6.1.0-fixture-arm64', 'CONFIG_ARM64_16K_PAGES=y\n');
    expect(await of(config)).toBe(16384);
    expect(await of(config, { arch: 'arm64', pageSize: 65536, bootedAt: 0 })).toBe(65536);
  });

  it('HOST-7: is 4096 on x86-64', async () => {
    const tree = hostTree('x86-64-6.12');
    tree.delete('proc/vmallocinfo');
    expect((await recorded(tree)).observed.pageSize).toBe(4096);
  });
});

describe('times', () => {
  const BOOTED = Date.UTC(2026, 0, 2);
  const seconds = async (tree: Tree, host?: HostReadings['host']) => {
    const { commits, observed, events } = await recorded(tree, host);
    return { base: observed.timeBase, times: commits.map(({ time }) => time), loads: only(events, 'HostModuleLoaded') };
  };

  it('HOST-16: count from boot where no wall clock is known, and from 1970 on the host itself', async () => {
    const captured = await seconds(hostTree('arm64-6.1'));
    expect(captured.base).toBe('boot');
    expect(captured.times.slice(0, 3)).toEqual([0, 1000, 2000]);
    expect(captured.times.at(-1)).toBe(60_250);
    const here = await seconds(hostTree('arm64-6.1'), { arch: 'arm64', pageSize: 4096, bootedAt: BOOTED });
    expect(here.base).toBe('1970');
    expect(here.times).toEqual(captured.times.map((time) => BOOTED + time));
  });

  it('HOST-16: a clock that counts no seconds orders events and gives no times', async () => {
    const tree = hostTree('arm64-6.1').set('sys/kernel/tracing/trace_clock', 'local [counter] mono\n');
    const counted = await seconds(tree);
    const timed = await seconds(hostTree('arm64-6.1'));
    expect(counted.loads.map(({ module }) => module)).toEqual(timed.loads.map(({ module }) => module));
    expect(counted.times.slice(0, -1)).toEqual(timed.times.slice(0, -1).map(() => 0));
  });
});

describe('windows', () => {
  const allocated = ({ events }: { readonly events: readonly Event[] }) =>
    only(events, 'MemoryAllocated').map(({ module, part, address, size }) => ({ module, part, address, size }));
  const shown = ({ events }: { readonly events: readonly Event[] }) =>
    only(events, 'HostModuleObserved').flatMap(({ module, areas }) =>
      areas.map(({ part, address, size }) => ({ module, part, address, size })),
    );
  const sorted = (areas: ReturnType<typeof shown>) => areas.toSorted((a, b) => fromHex(a.address) - fromHex(b.address));

  it.each<Kernel>(['arm64-6.1', 'arm64-6.12', 'x86-64-6.12'])(
    'HOST-17: memory of modules of %s is allocated where the areas are shown, and that of others reserved',
    async (kernel) => {
      const session = await recorded(hostTree(kernel));
      expect(shown(session).length).toBeGreaterThan(0);
      expect(sorted(allocated(session))).toEqual(sorted(shown(session)));
      const stack = /^(0x\w+)-(0x\w+) .*kernel_clone/m.exec(text(hostTree(kernel), 'proc/vmallocinfo')) ?? [];
      expect(session.view.machine?.reserved).toContainEqual(stack.slice(1, 3).map((hex) => toHex(fromHex(hex as Hex))));
    },
  );

  it('HOST-17: without areas /proc/modules shows the core area up to 6.3, and no area after that', async () => {
    const old = await recorded(hashed(hostTree('arm64-6.1')));
    expect(sorted(allocated(old))).toEqual(sorted(shown(await recorded(hostTree('arm64-6.1')))));
    expect(allocated(await recorded(hashed(hostTree('arm64-6.12'))))).toEqual([]);
  });

  it('HOST-17: of a module whose place is not in a window nothing is allocated', async () => {
    const tree = hostTree('arm64-6.1');
    const elsewhere = (text: string): string => text.replace(/ffff8/g, 'fffd8');
    for (const path of ['proc/vmallocinfo', 'proc/modules']) tree.set(path, elsewhere(text(tree, path)));
    for (const path of tree.keys()) if (path.includes('/sections/')) tree.set(path, elsewhere(text(tree, path)));
    const session = await recorded(tree);
    expect(shown(session).length).toBeGreaterThan(0);
    expect(allocated(session)).toEqual([]);
  });

  it('HOST-18: windows that KASLR moved on arm64 are not guessed: areas lie in none', async () => {
    const session = await recorded(moved(hostTree('arm64-6.1')));
    expect(session.observed).toMatchObject({ kaslr: true });
    expect(session.observed.notes.join('\n')).toContain('KASLR moved the module windows');
    expect(session.view.machine?.moduleRegion).toEqual({});
    expect(shown(session).length).toBeGreaterThan(0);
    expect(allocated(session)).toEqual([]);
  });

  it('HOST-18: the window of x86-64 is given whole, with a note', async () => {
    const session = await recorded(moved(hostTree('x86-64-6.12')));
    expect(session.observed).toMatchObject({ kaslr: true });
    expect(session.observed.notes.join('\n')).toContain('does not show how many');
    const still = await recorded(hostTree('x86-64-6.12'));
    expect(still.observed.notes.join('\n')).not.toContain('does not show how many');
    expect(session.view.machine?.moduleRegion).toEqual(still.view.machine?.moduleRegion);
    expect(sorted(allocated(session))).toEqual(sorted(shown(session)));
  });
});

it('HOST-20: from 6.4 on what lies in an area says which part it is', async () => {
  const tree = hostTree('arm64-6.12');
  const { events } = await recorded(tree);
  const parts = new Set<string>();
  for (const { module, areas, sections = [], address } of only(events, 'HostModuleObserved')) {
    for (const area of areas) {
      const start = fromHex(area.address);
      const isIn = (at: Hex): boolean => fromHex(at) >= start && fromHex(at) < start + area.size;
      const names = sections.filter(([name, at]) => !name.startsWith('.init') && isIn(at)).map(([name]) => name);
      const expected =
        address !== undefined && isIn(address)
          ? 'text'
          : names.includes('.gnu.linkonce.this_module')
            ? 'data'
            : names.some((name) => name === '__jump_table' || name === '.data..ro_after_init')
              ? 'ro_after_init'
              : 'rodata';
      expect([module, area.part]).toEqual([module, expected]);
      parts.add(area.part);
    }
  }
  expect([...parts].sort()).toEqual(['data', 'ro_after_init', 'rodata', 'text']);
});

it('VERIFY-6: parts of two modules that overlap are named, both of them', async () => {
  const tree = hostTree('arm64-6.1');
  tree.delete('proc/vmallocinfo');
  const placeOf = (module: string): bigint =>
    BigInt(new RegExp(`^${module} .* (0x[0-9a-f]{16})`, 'm').exec(text(tree, 'proc/modules'))?.[1] ?? 0);
  // All that is shown of one of them, moved to where the other begins.
  const by = placeOf('hello') - placeOf('chain_a');
  const move = (hex: string): string => `0x${(BigInt(hex) + by).toString(16)}`;
  expect((await verifySession((await recorded(tree)).view, [KO])).faults).toEqual([]);
  changed(tree, 'proc/modules', /^chain_a .*$/m, (line) => line.replace(/0x[0-9a-f]{16}/, move));
  changed(tree, 'proc/kallsyms', /^[0-9a-f]{16}(?= t \S+\t\[chain_a\]$)/gm, (hex) => move(`0x${hex}`).slice(2));
  for (const path of tree.keys()) {
    if (path.startsWith('sys/module/chain_a/sections/')) tree.set(path, `${move(text(tree, path).trim())}\n`);
  }
  const result = await verifySession((await recorded(tree)).view, [KO]);
  expect(result.modules.flatMap(({ faults }) => faults)).toEqual([]);
  expect(result.agrees).toBe(false);
  expect(result.faults).toEqual([expect.stringMatching(/^core of (hello|chain_a) .*inside core of (hello|chain_a) /)]);
});
