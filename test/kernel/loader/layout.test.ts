import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LayoutSection } from '../../../daemon/kernel/arch/arch.ts';
import { SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE } from '../../../daemon/kernel/elf/constants.ts';
import { settleFlags } from '../../../daemon/kernel/loader/flags.ts';
import { isInit, type LaidOut, layOut, SHF_RO_AFTER_INIT, type Tables } from '../../../daemon/kernel/loader/layout.ts';
import { fromHex } from '../../../protocol/address.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { mapOf, sectionOf } from '../elf/edit.ts';
import { LAYOUTS, Machine, one, partsOf, profileOf, START } from './machine.ts';

/** Where sections.ko lands, as offsets from the window's start, in section-header order of each part. */
function placesOf(layout: (typeof LAYOUTS)[number], more: Parameters<typeof profileOf>[1] = {}) {
  const laidOut = one(new Machine(profileOf(layout, more)).fixture('sections'), 'ModuleLaidOut');
  return {
    ...laidOut,
    at: Object.fromEntries(laidOut.sections.map(({ name, address }) => [name, fromHex(address) - START])),
    starts: laidOut.parts.map(({ part, address, size }) => [part, fromHex(address) - START, size] as const),
  };
}

/** Symbols that outlive init, and the bytes of their names, by the rule itself. */
function coreTables(all: boolean): { readonly symbols: number; readonly strings: number } {
  const { elf } = mapOf(fixture('sections.ko'));
  let symbols = 1;
  let strings = 1;
  for (let i = 1; i < elf.symbols.count; i++) {
    const section = elf.sections[elf.symbols.shndx[i] ?? 0];
    if (!section || elf.symbols.shndx[i] === 0 || elf.symbols.name(i) === '') continue;
    const code = (section.flags & SHF_EXECINSTR) !== 0 || section.name === '.plt';
    const kept = (section.flags & SHF_ALLOC) !== 0 && section.name !== '.modinfo';
    if (!kept || isInit(section.name) || (!all && !code)) continue;
    symbols++;
    strings += elf.symbols.name(i).length + 1;
  }
  return { symbols, strings };
}

const SYM = 24;

describe('layout of a module', () => {
  it('LAYOUT-1: 6.1 fills core with executable, read-only, ro-after-init and writable sections, each group page-aligned', () => {
    const { at, groups, starts } = placesOf('linux-6.1');
    expect(groups).toEqual({
      core: { text: 0x1000, ro: 0x2000, roAfterInit: 0x3000, total: 0x8000 },
      init: { text: 0x1000, total: 0x4000 },
    });
    expect(starts).toEqual([
      ['core', 0, 0x8000],
      ['init', 0x9000, 0x4000],
    ]);
    expect(at).toMatchObject({
      '.text': 0,
      '.text.unlikely': 0x1c,
      '.exit.text': 0x20,
      '.plt': 0x40,
      '.text.ftrace_trampoline': 0x64,
      '.rodata': 0x1000,
      '.note.Linux': 0x100c,
      '.data..ro_after_init': 0x2000,
      __jump_table: 0x2008,
      '.data': 0x3000,
      '.gnu.linkonce.this_module': 0x3040,
      '.bss': 0x4000,
      '.init.text': 0x9000,
      '.init.rodata': 0xa000,
      '.init.data': 0xb000,
      '.symtab': 0xc000,
    });
  });

  it('LAYOUT-2: 6.12 fills one allocation for each memory type, in its order, with no page rounding inside', () => {
    const { at, sizes, starts, groups } = placesOf('linux-6.12');
    expect(groups).toBeUndefined();
    expect(starts.map(([part]) => part)).toEqual([
      'text',
      'data',
      'rodata',
      'ro_after_init',
      'init_text',
      'init_data',
      'init_rodata',
    ]);
    expect(sizes).toMatchObject({ text: 112, rodata: 36, ro_after_init: 24, init_text: 112, init_rodata: 8 });
    expect(at).toMatchObject({ '.init.data': 0xd000, '.symtab': 0xd008, '.strtab': 0xd440, '.bss': 0x3000 });
  });

  it('LAYOUT-2: a memory type that is empty has no allocation', () => {
    const machine = new Machine(profileOf('linux-6.12'));
    const events = machine.manifest({ name: 'little', sections: [] });
    expect(partsOf(events, 'MemoryAllocated')).toEqual(['data', 'init_data']);
  });

  it.each([4096, 16384, 65536] as const)(
    'LAYOUT-3: groups, allocations and guard follow pages of %i bytes',
    (pageSize) => {
      const old = placesOf('linux-6.1', { pageSize });
      for (const end of Object.values(old.groups?.core ?? {})) expect(end % pageSize).toBe(0);
      expect(old.groups?.core.text).toBe(pageSize);
      expect(old.starts.map(([, start]) => start)).toEqual([0, (old.groups?.core.total ?? 0) + pageSize]);
      const { starts, sizes } = placesOf('linux-6.12', { pageSize });
      let next = 0;
      for (const [part, start, size] of starts) {
        expect(start, part).toBe(next);
        expect(size).toBe(Math.ceil((sizes[part] ?? 0) / pageSize) * pageSize);
        next = start + size + pageSize;
      }
    },
  );

  it.each([false, true])('LAYOUT-4: the symbols that outlive init end core memory (kallsymsAll %s)', (kallsymsAll) => {
    const { symbols, strings } = coreTables(kallsymsAll);
    const { sizes, at } = placesOf('linux-6.12', { kallsymsAll });
    const bss = (at['.bss'] ?? 0) - 0x2000 + 8200;
    expect(sizes.data).toBe(Math.ceil(bss / 8) * 8 + symbols * (SYM + 1) + strings);
  });

  it('LAYOUT-5: all symbols and names, struct mod_kallsyms and one byte a symbol end init memory', () => {
    const { elf } = mapOf(fixture('sections.ko'));
    const { sizes, at } = placesOf('linux-6.12');
    const strings = (at['.strtab'] ?? 0) - 0xd000 + sectionOf(elf, '.strtab').size;
    expect(sizes.init_data).toBe(Math.ceil(strings / 8) * 8 + 32 + elf.symbols.count);
  });

  it('LAYOUT-6: .modinfo, __versions and per-CPU data take no room', () => {
    for (const layout of LAYOUTS) {
      const { sections, percpu } = placesOf(layout);
      const names = sections.map(({ name }) => name);
      expect(names).not.toContain('.modinfo');
      expect(names).not.toContain('.data..percpu');
      expect(percpu?.size).toBe(16);
      const machine = new Machine(profileOf(layout));
      const versions = { name: '__versions', flags: ['alloc' as const], size: 64, align: 8 };
      const events = machine.manifest({ name: 'versioned', sections: [versions] });
      expect(one(events, 'ModuleLaidOut').sections.map(({ name }) => name)).toEqual(['.symtab', '.strtab']);
    }
  });

  it('LAYOUT-7: .data..ro_after_init and __jump_table, the first of each that is loaded, are read-only after init', () => {
    const flags = SHF_ALLOC | SHF_WRITE;
    const names = ['', '__jump_table', '.data..ro_after_init', '__jump_table', '.data'];
    const sections = names.map((name, index) => ({
      index,
      name,
      type: 1,
      flags: index < 2 ? 0 : flags,
      size: 8,
      align: 8,
    }));
    const settled = settleFlags('m', sections);
    if (!settled.ok) throw new Error(settled.error.words);
    const marked = settled.value.sections.filter((s) => (s.flags & SHF_RO_AFTER_INIT) !== 0);
    expect(marked.map(({ index }) => index)).toEqual([2, 3]);
  });

  const section = fc.record({
    name: fc.constantFrom('.text', '.init.text', '.data', '.init.data', '.rodata', '.bss', '.exit.text', '.initrd'),
    flags: fc.constantFrom(
      0,
      SHF_ALLOC,
      SHF_ALLOC | SHF_EXECINSTR,
      SHF_ALLOC | SHF_WRITE,
      SHF_ALLOC | SHF_WRITE | SHF_RO_AFTER_INIT,
      SHF_WRITE,
    ),
    size: fc.oneof(fc.nat(100), fc.nat(20_000), fc.constant(2 ** 36)),
    align: fc.constantFrom(0, 1, 4, 8, 64, 4096, 65536),
  });
  const tables = { symtab: { size: 480, align: 8 }, strtab: { size: 77, align: 1 } };

  it('LAYOUT-8: whatever the sections, none overlap, each is aligned, and order within a group is that of the headers', () => {
    fc.assert(
      fc.property(
        fc.array(section, { maxLength: 20 }),
        fc.constantFrom(...LAYOUTS),
        fc.constantFrom(4096, 16384, 65536),
        (drawn, layout, pageSize) => {
          const sections = drawn.map((s, index): LayoutSection => ({ ...s, index, type: 1 }));
          const after = sections.length;
          const all = [after, after + 1].map((index) => ({ index, name: '', type: 2, flags: 0, size: 0, align: 1 }));
          const laidOut = layOut(layout, [...sections, ...all], tablesAt(after), pageSize);
          checkPlaces(sections, laidOut, layout);
          if (layout === 'linux-6.1') for (const { size } of laidOut.parts) expect(size % pageSize).toBe(0);
        },
      ),
    );
  });

  function tablesAt(index: number): Tables {
    return {
      symtab: { index, ...tables.symtab },
      strtab: { index: index + 1, ...tables.strtab },
      symbols: 20,
      coreSymbols: 5,
      coreStrings: 30,
    };
  }

  function checkPlaces(sections: readonly LayoutSection[], { parts, partOf, offset }: LaidOut, layout: string): void {
    const ends = new Map<number, number>();
    // 6.12 has no init memory that is read-only after init.
    const late = ({ flags, name }: LayoutSection) =>
      (flags & SHF_RO_AFTER_INIT) !== 0 && (layout === 'linux-6.1' || !isInit(name));
    const groupOf = (s: LayoutSection) => (s.flags & SHF_EXECINSTR ? 0 : !(s.flags & SHF_WRITE) ? 1 : late(s) ? 2 : 3);
    const placed = sections.filter((s) => (s.flags & SHF_ALLOC) !== 0);
    placed.sort((a, b) => groupOf(a) - groupOf(b) || a.index - b.index);
    for (const s of sections) expect((partOf[s.index] ?? -1) >= 0).toBe((s.flags & SHF_ALLOC) !== 0 && !isEmpty(s));
    for (const s of placed) {
      const part = partOf[s.index] ?? -1;
      if (part < 0) continue;
      const start = offset[s.index] ?? -1;
      expect(start % (s.align || 1)).toBe(0);
      expect(start).toBeGreaterThanOrEqual(ends.get(part) ?? 0);
      expect(start + s.size).toBeLessThanOrEqual(parts[part]?.size ?? 0);
      expect(parts[part]?.part.startsWith('init')).toBe(s.name.startsWith('.init'));
      ends.set(part, start + s.size);
    }

    /** A part that holds nothing is no part, nor has it places. */
    function isEmpty(s: LayoutSection): boolean {
      return s.size === 0 && (partOf[s.index] ?? -1) === -1;
    }
  }
});
