import { describe, expect, it } from 'vitest';
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_REL } from '../../../daemon/kernel/elf/constants.ts';
import { loadModule } from '../../../daemon/kernel/loader/load.ts';
import { toHex } from '../../../protocol/address.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { mapOf, write } from '../elf/edit.ts';
import {
  failure,
  LAYOUTS,
  Machine,
  manifestBytes,
  one,
  only,
  partsOf,
  profileOf,
  START,
  taken,
  types,
} from './machine.ts';

const [OLD, YOUNG] = ['linux-6.1', 'linux-6.12'] as const;
const machineOf = (layout: (typeof LAYOUTS)[number] = OLD, more: Parameters<typeof profileOf>[1] = {}) =>
  new Machine(profileOf(layout, more));

/** hello.ko with `flags` on a section. */
function flagged(file: string, name: string, flags: number): Uint8Array {
  const bytes = fixture(file);
  return write(bytes, mapOf(bytes).section(name, 'sh_flags'), 8, flags);
}

const wx = () => flagged('hello.ko', '.text', SHF_ALLOC | SHF_EXECINSTR | SHF_WRITE);

const leftovers = (machine: Machine): number => taken(machine.state).length;

describe('loading', () => {
  it('LOAD-1: a load allocates, lays out, resolves, relocates, becomes COMING, then LIVE, and frees init', () => {
    expect(types(machineOf(OLD).fixture('hello'))).toEqual([
      'MemoryAllocated',
      'MemoryAllocated',
      'ModuleLaidOut',
      'SymbolsResolved',
      'VeneerWritten',
      'RelocationsApplied',
      'ModuleComing',
      'ModuleLive',
      'MemoryFreed',
    ]);
    const events = machineOf(YOUNG).fixture('sections');
    expect(partsOf(events, 'MemoryFreed')).toEqual(['init_text', 'init_data', 'init_rodata']);
    expect(types(events).slice(-4)).toEqual(['ModuleLive', 'MemoryFreed', 'MemoryFreed', 'MemoryFreed']);
  });

  it('LOAD-2: init memory is freed at once and its room is the next one to be had', () => {
    for (const layout of LAYOUTS) {
      const machine = machineOf(layout);
      const first = machine.fixture('hello');
      const freed = only(first, 'MemoryFreed').map(({ address, lazy }) => [address, lazy]);
      expect(freed.every(([, lazy]) => lazy === false)).toBe(true);
      const next = machine.manifest({ name: 'next', sections: [] });
      expect(only(next, 'MemoryAllocated')[0]?.address).toBe(freed[0]?.[0]);
    }
  });

  it.each([
    ['malformed', () => fixture('hello.ko').slice(0, 200), '', 'read', /^Invalid module format: at offset \d+, /],
    ['for another kernel', () => fixture('bad-vermagic.ko'), 'bad_vermagic', 'check', /version magic '5\.10\.0-other/],
    ['without sections for veneers', () => fixture('bare.ko'), 'bare', 'check', /module PLT section\(s\) missing$/],
    ['writable and executable', wx, 'hello', 'check', /section \.text \(index \d+\) has invalid WRITE\|EXEC flags$/],
  ] as const)('LOAD-3: a module that is %s is ENOEXEC before anything is allocated', (_, bytes, name, step, words) => {
    for (const layout of LAYOUTS) {
      const machine = machineOf(layout);
      const events = machine.load(bytes(), { file: 'some.ko' });
      expect(types(events)).toEqual(['ModuleLoadFailed']);
      expect(events[0]).toMatchObject({ module: name, file: 'some.ko', errno: 'ENOEXEC', step });
      expect(failure(events).words).toMatch(words);
      expect(leftovers(machine)).toBe(0);
    }
  });

  it('LOAD-4: version magic is asked about before sections, and in 6.12 the name between them', () => {
    const machine = machineOf(YOUNG);
    const sections = flagged('bad-vermagic.ko', '.text', SHF_ALLOC | SHF_EXECINSTR | SHF_WRITE);
    expect(failure(machine.load(sections)).words).toContain('version magic');
    machine.fixture('hello');
    expect(failure(machine.load(wx())).errno).toBe('EEXIST');
    const old = machineOf(OLD);
    old.fixture('hello');
    expect(failure(old.load(wx())).errno).toBe('ENOEXEC');
  });

  it('LOAD-5, FAIL-4: 6.1 finds out that the name is taken after it allocated, and frees lazily, init first', () => {
    const machine = machineOf(OLD);
    machine.fixture('hello');
    const before = machine.state.modules.get('hello');
    const events = machine.fixture('hello');
    expect(failure(events)).toEqual({ errno: 'EEXIST', words: 'hello: module is already loaded', step: 'check' });
    expect(partsOf(events, 'MemoryAllocated')).toEqual(['core', 'init']);
    expect(only(events, 'MemoryFreed').map(({ part, lazy }) => [part, lazy])).toEqual([
      ['init', true],
      ['core', true],
    ]);
    expect(machine.state.modules.get('hello')).toEqual(before);
  });

  it('LOAD-5: 6.12 finds out before it allocates', () => {
    const machine = machineOf(YOUNG);
    machine.fixture('hello');
    const events = machine.fixture('hello');
    expect(types(events)).toEqual(['ModuleLoadFailed']);
    expect(failure(events)).toEqual({ errno: 'EEXIST', words: 'hello: module is already loaded', step: 'check' });
  });

  it.each([
    ['an unknown symbol', 'unknown-symbol', 'ENOENT', 'link'],
    ['a common symbol', 'common', 'ENOEXEC', 'link'],
    ['an unsupported relocation', 'unsupported', 'ENOEXEC', 'relocate'],
    ['an overflow', 'overflow-abs32', 'ENOEXEC', 'relocate'],
  ])('LOAD-6: %s ends a load after allocation: lazily freed in 6.1, at once in 6.12', (_, file, errno, step) => {
    const freed = LAYOUTS.map((layout) => {
      const machine = machineOf(layout);
      const events = machine.fixture(file);
      expect(failure(events)).toMatchObject({ errno, step });
      expect(machine.modules()).toEqual([]);
      const allocated = partsOf(events, 'MemoryAllocated');
      expect(partsOf(events, 'MemoryFreed').toSorted()).toEqual(allocated.toSorted());
      expect(leftovers(machine)).toBe(layout === OLD ? 2 : 0);
      return only(events, 'MemoryFreed').map(({ part, lazy }) => `${part}${lazy ? ' lazily' : ''}`);
    });
    expect(freed[0]).toEqual(['init lazily', 'core lazily']);
    expect(freed[1]?.at(-1)).toBe('data');
  });

  it('LOAD-7: lazily freed room blocks until a module reaches its init function, which purges after its own allocations', () => {
    const machine = machineOf(OLD);
    const failed = machine.fixture('unknown-symbol');
    const blocked = only(failed, 'MemoryAllocated').map(({ address }) => address);
    const next = machine.fixture('hello');
    for (const { address } of only(next, 'MemoryAllocated')) expect(blocked).not.toContain(address);
    const purge = one(next, 'LazyAreasPurged');
    expect(purge.reason).toBe('init-reached');
    expect(purge.areas.map(({ address }) => address).toSorted()).toEqual(blocked.toSorted());
    expect(types(next).indexOf('LazyAreasPurged')).toBe(types(next).indexOf('ModuleComing') - 1);
    expect(only(machine.fixture('chain-a'), 'MemoryAllocated')[0]?.address).toBe(blocked[0]);
  });

  it('LOAD-7: a full window purges too', () => {
    // unknown-symbol takes all 10 pages: 4 + guard for core, 4 + guard for init.
    const probe = only(machineOf(OLD).fixture('unknown-symbol'), 'MemoryAllocated');
    const pages = probe.reduce((sum, { size, guard }) => sum + (size + guard) / 4096, 0);
    const machine = machineOf(OLD, { pages });
    machine.fixture('unknown-symbol');
    const events = machine.fixture('unknown-symbol');
    expect(one(events, 'LazyAreasPurged').reason).toBe('window-full');
    expect(failure(events).errno).toBe('ENOENT');
  });

  it('LOAD-8, FAIL-6: 6.1 without room for init gives core back', () => {
    const [core] = only(machineOf(OLD).fixture('hello'), 'MemoryAllocated');
    const pages = (core?.size ?? 0) / 4096 + 1;
    const machine = machineOf(OLD, { pages });
    const events = machine.fixture('hello');
    expect(types(events)).toEqual(['MemoryAllocated', 'MemoryFreed', 'ModuleLoadFailed']);
    expect(failure(events)).toEqual({
      errno: 'ENOMEM',
      words: expect.stringMatching(/^vmap allocation for size \d+ failed: use vmalloc=<size> to increase size$/),
      step: 'allocate',
    });
    expect(failure(machineOf(OLD, { pages: pages - 1 }).fixture('hello'))).toEqual({
      errno: 'ENOMEM',
      words: `vmap allocation for size ${pages * 4096} failed: use vmalloc=<size> to increase size`,
      step: 'allocate',
    });
  });

  it('LOAD-8, FAIL-6: 6.12 without room for a part gives the others back, the newest first', () => {
    const all = only(machineOf(YOUNG).fixture('sections'), 'MemoryAllocated');
    for (const [index, { size, guard }] of all.entries()) {
      const before = all.slice(0, index);
      const room = before.reduce((sum, area) => sum + area.size + area.guard, 0);
      const machine = machineOf(YOUNG, { pages: Math.max(room / 4096, 1) });
      const events = machine.fixture('sections');
      const parts = before.map(({ part }) => part);
      if (index === 0) continue;
      expect(partsOf(events, 'MemoryAllocated')).toEqual(parts);
      expect(partsOf(events, 'MemoryFreed')).toEqual(parts.toReversed());
      expect(leftovers(machine)).toBe(0);
      expect(failure(events)).toEqual({
        errno: 'ENOMEM',
        words:
          `vmalloc_node_range for size ${size + guard} failed: ` +
          `Address range restricted to ${toHex(START)} - ${toHex(START + room)}`,
        step: 'allocate',
      });
    }
  });

  it('LOAD-9: each part finds its window alone: a 6.12 module can end up in both', () => {
    const machine = machineOf(YOUNG, { pages: 12, fallback: 100 });
    const windows = only(machine.fixture('sections'), 'MemoryAllocated').map(({ window }) => window);
    expect(new Set(windows)).toEqual(new Set(['direct', 'fallback']));
  });

  it('LOAD-10, FAIL-8: a failing init function makes the module go as in an unload; what it used is let go', () => {
    for (const layout of LAYOUTS) {
      const machine = machineOf(layout);
      machine.fixture('chain-a');
      const events = machine.fixture('chain-b', { init: { result: 'ENODEV' } });
      expect(types(events).slice(types(events).indexOf('ModuleComing') + 1)).toEqual([
        'ModuleGoing',
        ...partsOf(events, 'MemoryAllocated').map(() => 'MemoryFreed'),
        'ModuleGone',
        'ModuleLoadFailed',
      ]);
      expect(failure(events)).toEqual({
        errno: 'ENODEV',
        words: 'chain_b: init function returned ENODEV',
        step: 'init',
      });
      const order = partsOf(events, 'MemoryFreed');
      if (layout === OLD) expect(order).toEqual(['init', 'core']);
      else expect(order).toEqual(order.toSorted((a, b) => Number(a === 'data') - Number(b === 'data')));
      expect(only(events, 'MemoryFreed').some(({ lazy }) => lazy)).toBe(false);
      expect(machine.state.modules.get('chain_a')?.users).toBe(0);
      expect(machine.state.exports.has('chain_b')).toBe(false);
      machine.unload('chain_a');
      expect(leftovers(machine)).toBe(0);
    }
  });

  it('LOAD-11: per-CPU data goes where the command says, else to the lowest fit; without room it is ENOMEM', () => {
    const percpu = { start: '0xffff800050000000', end: '0xffff800050000018' } as const;
    const machine = machineOf(OLD, { percpu });
    const said = machine.fixture('sections', { percpu: '0xffff800020000000' });
    expect(one(said, 'ModuleLaidOut').percpu).toEqual({ address: '0xffff800020000000', size: 16 });
    machine.unload('sections');
    const found = machine.fixture('sections');
    expect(one(found, 'ModuleLaidOut').percpu).toEqual({ address: '0xffff800050000000', size: 16 });
    const data = { name: '.data..percpu', flags: ['alloc', 'write'] as ('alloc' | 'write')[], size: 16, align: 8 };
    const events = machine.manifest({ name: 'second', sections: [data] });
    expect(failure(events)).toEqual({
      errno: 'ENOMEM',
      words: 'second: Could not allocate 16 bytes percpu data',
      step: 'allocate',
    });
    expect(only(events, 'MemoryFreed').every(({ lazy }) => lazy)).toBe(true);
  });

  it('LOAD-12: what a command says about places has to be addresses', () => {
    const machine = machineOf();
    const blob = machine.put(fixture('hello.ko'));
    for (const fields of [{ percpu: '0x4000000000000000' }, { fallbackAt: { core: '0x4000000000000000' } }] as const) {
      const path = 'percpu' in fields ? '/percpu' : '/fallbackAt/core';
      expect(machine.decide({ type: 'load', blob, ...fields })).toEqual({
        ok: false,
        code: 'bad-command',
        message: `${path} is 0x4000000000000000, expected a canonical address (sign-extended from at most 53 bits)`,
      });
    }
  });

  it('LOAD-13: a load without its blob, or before boot, is a refusal', () => {
    const machine = machineOf();
    const blob = 'a'.repeat(64);
    expect(machine.decide({ type: 'load', blob })).toMatchObject({ ok: false, code: 'no-such-blob' });
    machine.state = { ...machine.state, profile: undefined };
    expect(machine.decide({ type: 'load', blob })).toMatchObject({ ok: false, code: 'no-such-machine' });
  });

  it('LOAD-14: a module with symbol versions may come from another release, not from another build', () => {
    const load = (kernel: string, versions: boolean): readonly Event[] => {
      const bytes = fixture('sections.ko');
      const { section, elf } = mapOf(bytes);
      // .rodata is called __versions: only the name matters to whether there are versions.
      const names = elf.sections.find(({ name }) => name === '.shstrtab');
      const at = Buffer.from(bytes).indexOf('.note.Linux\0', names?.offset ?? 0);
      const renamed = bytes.slice();
      renamed.set(Buffer.from('__versions\0\0'), at);
      expect(section('.note.Linux', 'sh_name')).toBeGreaterThan(0);
      return machineOf(OLD, { vermagic: kernel }).load(versions ? renamed : bytes);
    };
    const other = '6.1.0-other SMP mod_unload aarch64';
    expect(failure(load(other, false)).words).toBe(
      `sections: version magic '6.1.0-fixture SMP mod_unload aarch64' should be '${other}'`,
    );
    expect(types(load(other, true))).toContain('ModuleLive');
    expect(failure(load('6.1.0-other SMP aarch64', true)).errno).toBe('ENOEXEC');
    // Without a blank all of it is the release: nothing is left to compare.
    expect(failure(load('aarch64', true)).errno).toBe('ENOEXEC');
  });

  it('LOAD-15: a kernel that does not say its version magic takes that of the first module it lets in', () => {
    const { vermagic: _, ...profile } = profileOf(OLD);
    const machine = new Machine(profile);
    machine.manifest({ name: 'says_nothing' });
    machine.fixture('unknown-symbol');
    expect(machine.state.vermagic).toBeUndefined();
    machine.fixture('bad-vermagic');
    expect(machine.modules()).toEqual(['says_nothing', 'bad_vermagic']);
    expect(failure(machine.fixture('hello')).words).toContain("should be '5.10.0-other");
  });

  it('LOAD-16: REL relocations of sections that are loaded are refused, in the order of the sections', () => {
    const bytes = fixture('hello.ko');
    const rel = write(bytes, mapOf(bytes).section('.rela.init.text', 'sh_type'), 4, SHT_REL);
    expect(failure(machineOf().load(rel))).toEqual({
      errno: 'ENOEXEC',
      words: 'module hello: REL relocation unsupported',
      step: 'relocate',
    });
  });

  it('LOAD-19: whoever asks is told once of a module that reached its init function, with what its memory holds', () => {
    const machine = machineOf();
    const seen: string[] = [];
    for (const file of ['hello.ko', 'unknown-symbol.ko']) {
      const blob = machine.put(fixture(file));
      loadModule(machine.state, { type: 'load', blob }, machine.blobs, ({ candidate }) => seen.push(candidate.name));
    }
    expect(seen).toEqual(['hello']);
  });

  it('LOAD-18: executable zeroes of many gigabytes cost no memory', () => {
    const bytes = fixture('hello.ko');
    const { section } = mapOf(bytes);
    const zeroes = write(bytes, section('.exit.text', 'sh_type'), 4, SHT_NOBITS);
    const huge = write(zeroes, section('.exit.text', 'sh_size'), 8, 2 ** 35);
    const symbols = { _printk: toHex(START + 2 ** 30 + 2 ** 35 + 2 ** 24) };
    const machine = machineOf(YOUNG, { pages: 2 ** 24, symbols });
    expect(one(machine.load(huge), 'ModuleLaidOut').sizes.text).toBeGreaterThan(2 ** 35);
    expect(machine.modules()).toEqual(['hello']);
  });
});

describe('manifests', () => {
  it('MAN-1: a module is placed by its sizes and linked by its names, without a byte of it', () => {
    const machine = machineOf(YOUNG);
    machine.manifest({
      name: 'giver',
      sections: [
        { name: '.text', flags: ['alloc', 'exec'], size: 5000, align: 16 },
        { name: '.bss', type: 'nobits', flags: ['alloc', 'write'], size: 9_000_000, align: 8 },
        { name: '.data..percpu', flags: ['alloc', 'write'], size: 64, align: 8 },
      ],
      exports: [
        { name: 'give', section: '.text', offset: 16 },
        { name: 'each', section: '.data..percpu', offset: 8 },
      ],
      symtab: { coreSymbols: 3, coreStrings: 40, symbols: 20, strings: 200 },
    });
    const giver = machine.state.modules.get('giver');
    expect(giver?.laidOut.sizes).toEqual({
      text: 5000,
      data: 9_000_000 + 3 * 25 + 40,
      init_data: 480 + 200 + 32 + 20,
    });
    const address = (part: string) => giver?.areas.find((area) => area.part === part)?.address ?? 0;
    expect(machine.state.exports.get('give')?.address).toBe(address('text') + 16);
    expect(machine.state.exports.get('each')?.address).toBe((machine.state.percpu[0]?.[0] as number) + 8);
    expect(one(machine.manifest({ name: 'taker', imports: ['give'] }), 'ModuleComing').uses).toEqual(['giver']);
  });

  it('MAN-2: what the command says of its init function counts; it has init and exit functions', () => {
    const machine = machineOf();
    expect(failure(machine.manifest({ name: 'm' }, { init: { result: 'EIO' } })).errno).toBe('EIO');
    machine.manifest({ name: 'm' });
    expect(types(machine.unload('m'))).toContain('ModuleGone');
  });

  it('MAN-3: one that is no manifest, or for another machine, is ENOEXEC with the path', () => {
    const load = (bytes: Uint8Array) => failure(machineOf().load(bytes));
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(load(bytes('{')).words).toMatch(/^manifest: .*JSON/);
    expect(load(new Uint8Array([0x7b, 0xff])).words).toBe('manifest: is not UTF-8');
    expect(load(manifestBytes({ name: 'm', arch: 'x86-64' })).words).toBe('manifest: /arch is x86-64, expected arm64');
    expect(load(bytes('{"format":"veneerd/manifest@1"}')).words).toMatch(/^manifest: .*required properties name/);
    expect(load(bytes('{"__proto__":1}')).errno).toBe('ENOEXEC');
    expect(load(bytes(`{"sections":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).errno).toBe('ENOEXEC');
  });

  it('MAN-4: an export from a section that is not loaded is at 0', () => {
    const machine = machineOf();
    machine.manifest({
      name: 'm',
      sections: [
        { name: '.comment', flags: [], size: 16, align: 1 },
        { name: '.data..percpu', flags: ['alloc', 'write'], size: 64, align: 8 },
      ],
      exports: [{ name: 'nowhere', section: '.comment', offset: 8 }],
    });
    expect(machine.state.exports.get('nowhere')?.address).toBe(0);
  });

  it('MAN-5: a manifest that is writable and executable, exports twice or asks for what nobody has fails as a file would', () => {
    const machine = machineOf();
    const both = [
      { name: '.text', flags: ['alloc', 'write', 'exec'] as ('alloc' | 'write' | 'exec')[], size: 1, align: 1 },
    ];
    expect(failure(machine.manifest({ name: 'wx', sections: both }))).toEqual({
      errno: 'ENOEXEC',
      words: 'wx: section .text (index 1) has invalid WRITE|EXEC flags',
      step: 'check',
    });
    expect(failure(machine.manifest({ name: 'asks', imports: ['nothing'] })).words).toBe(
      'asks: Unknown symbol nothing (err -2)',
    );
  });
});
