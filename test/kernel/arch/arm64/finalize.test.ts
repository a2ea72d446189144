import { describe, expect, it } from 'vitest';
import type { PlacedModule } from '../../../../daemon/kernel/arch/arch.ts';
import { finalize } from '../../../../daemon/kernel/arch/arm64/finalize.ts';
import { encode, INSN, type Insn, NOP, type Operands, text } from '../../../../daemon/kernel/arch/arm64/insn.ts';
import { elfModule, placeAt, putWord, SHF_ALLOC, wordAt } from './module.ts';

const BASE = -0x7ffff7000000; // 0xffff800009000000
const TEXT = 3;
const TABLE = 4;
const TRAMPOLINE = 5;
const INIT_TRAMPOLINE = 6;

const moduleWith = (table: string, size: number): PlacedModule => {
  const elf = elfModule(
    [
      { name: '.plt', size: 12 },
      { name: '.init.plt', size: 12 },
      { name: '.text', size: 256 },
      { name: table, flags: SHF_ALLOC, size },
      { name: '.text.ftrace_trampoline', size: 24 },
      { name: '.init.text.ftrace_trampoline', size: 12 },
    ],
    [],
  );
  return placeAt(elf, {
    '.text': BASE,
    [table]: BASE + 0x1000,
    '.text.ftrace_trampoline': BASE + 0x2000,
    '.init.text.ftrace_trampoline': BASE + 0x3000,
  });
};

const SYMBOLS = new Map([
  ['ftrace_caller', BASE + 0x12345678],
  ['ftrace_regs_caller', BASE + 0x22345678],
  ['ftrace_nop_ops', -0x7fff0000f001],
  ['alt_cb_patch_nops', BASE + 0x500000],
  ['cpu_hwcap_keys', BASE + 0x600000],
  ['arm64_const_caps_ready', BASE + 0x700000],
]);
const run = (placed: PlacedModule, layout: 'linux-6.1' | 'linux-6.12' = 'linux-6.1', cpuCaps = 0n) =>
  finalize(placed, { layout, cpuCaps, symbols: SYMBOLS });
const asm = (insn: Insn, operands: Operands, pc = 0) => encode(insn, operands, pc) ?? Number.NaN;
const line = (placed: PlacedModule, section: number, offset: number) =>
  text(wordAt(placed, section, offset), (placed.sectionAddress[section] ?? 0) + offset);

describe('what the kernel writes before init', () => {
  it('PLT-6: fills the ftrace trampolines of 6.1', () => {
    const placed = moduleWith('.data', 0);
    expect(run(placed)).toEqual({ ok: true });
    expect([0, 4, 8, 12, 16, 20].map((at) => line(placed, TRAMPOLINE, at))).toEqual([
      'adrp x16, 0xffff80001b345000',
      'add x16, x16, #0x678',
      'br x16',
      'adrp x16, 0xffff80002b345000',
      'add x16, x16, #0x678',
      'br x16',
    ]);
    expect(wordAt(placed, INIT_TRAMPOLINE, 0)).toBe(0);
  });

  it('PLT-6: fills both ftrace trampolines of 6.12 with ftrace_caller', () => {
    const placed = moduleWith('.data', 0);
    expect(run(placed, 'linux-6.12')).toEqual({ ok: true });
    for (const section of [TRAMPOLINE, INIT_TRAMPOLINE])
      expect(line(placed, section, 0)).toBe('adrp x16, 0xffff80001b345000');
    expect(wordAt(placed, TRAMPOLINE, 12)).toBe(0);
  });

  it('PLT-6: refuses a module without ftrace trampoline, as the kernel does without a word', () => {
    const placed = placeAt(elfModule([{ name: '.plt' }, { name: '.init.plt' }], []), {});
    expect(run(placed)).toEqual({ ok: false, error: { errno: 'ENOEXEC', words: '' } });
  });

  const alternative = (
    placed: PlacedModule,
    cap: number,
    original: number,
    replacement: number,
    lengths: [number, number],
  ) => {
    const view = new DataView((placed.memory[TABLE] ?? new Uint8Array(12)).buffer);
    view.setInt32(0, BASE + original - (BASE + 0x1000), true);
    view.setInt32(4, BASE + replacement - (BASE + 0x1004), true);
    view.setUint16(8, cap, true);
    view.setUint8(10, lengths[0]);
    view.setUint8(11, lengths[1]);
  };

  it('ALT-1: copies the replacement of a capability that the CPU has, and of no other', () => {
    for (const [caps, expected] of [
      [1n << 5n, 'movz x1, #0x7'],
      [1n << 6n, 'nop'],
    ] as const) {
      const placed = moduleWith('.altinstructions', 12);
      putWord(placed, TEXT, 16, NOP);
      putWord(placed, TEXT, 64, asm(INSN.movz, { rd: 1, imm: 7, shift: 0 }));
      alternative(placed, 5, 16, 64, [4, 4]);
      run(placed, 'linux-6.1', caps);
      expect(line(placed, TEXT, 16)).toBe(expected);
    }
  });

  it('ALT-2: keeps the target of branches out of the replacement and of ADRP, and the distance of branches inside', () => {
    const placed = moduleWith('.altinstructions', 12);
    const at = BASE + 64;
    putWord(placed, TEXT, 64, asm(INSN.bl, { target: BASE }, at));
    putWord(placed, TEXT, 68, asm(INSN.cbz, { sf: 1, rt: 2, target: at + 12 }, at + 4));
    putWord(placed, TEXT, 72, asm(INSN.adrp, { rd: 3, target: BASE + 0x9000 }, at + 8));
    alternative(placed, 0, 16, 64, [12, 12]);
    run(placed, 'linux-6.12', 1n);
    expect([16, 20, 24].map((offset) => line(placed, TEXT, offset))).toEqual([
      'bl 0xffff800009000000',
      'cbz x2, 0xffff80000900001c',
      'adrp x3, 0xffff800009009000',
    ]);
  });

  it('ALT-3: makes NOPs where the callback is alt_cb_patch_nops, and leaves other callbacks out', () => {
    for (const [callback, expected] of [
      [0x500000, 'nop'],
      [0x500010, 'ret'],
    ] as const) {
      const placed = moduleWith('.altinstructions', 12);
      putWord(placed, TEXT, 16, asm(INSN.ret, { rn: 30 }));
      alternative(placed, 0x8003, 16, callback, [4, 0]);
      run(placed, 'linux-6.1', 8n);
      expect(line(placed, TEXT, 16)).toBe(expected);
    }
  });

  it('ALT-4: never patches outside the module, and leaves entries of unequal length out', () => {
    for (const [original, replacement, lengths] of [
      [-4, 64, [4, 4]],
      [252, 64, [8, 8]],
      [16, 252, [8, 8]],
      [16, 64, [4, 8]],
    ] as const) {
      const placed = moduleWith('.altinstructions', 12);
      alternative(placed, 0, original, replacement, [lengths[0], lengths[1]]);
      placed.memory[TEXT]?.fill(0x11, 64, 80);
      const before = [...(placed.memory[TEXT] ?? [])];
      expect(run(placed, 'linux-6.1', 1n)).toEqual({ ok: true });
      expect([...(placed.memory[TEXT] ?? [])]).toEqual(before);
    }
  });

  const entry = (placed: PlacedModule, n: number, address: number) => {
    const view = new DataView((placed.memory[TABLE] ?? new Uint8Array(0)).buffer);
    view.setBigInt64(8 * n, BigInt(address), true);
  };

  it('FTRACE-1: turns the first NOP of each patchable function into `mov x9, x30` in 6.1', () => {
    const placed = moduleWith('__patchable_function_entries', 16);
    for (const offset of [0, 4, 32, 36]) putWord(placed, TEXT, offset, NOP);
    entry(placed, 0, BASE + 32);
    entry(placed, 1, BASE);
    run(placed);
    expect([0, 4, 32, 36].map((offset) => line(placed, TEXT, offset))).toEqual([
      'mov x9, x30',
      'nop',
      'mov x9, x30',
      'nop',
    ]);
  });

  it('FTRACE-2: writes the address of ftrace_nop_ops before it in 6.12, and steps over a BTI', () => {
    const placed = moduleWith('__patchable_function_entries', 16);
    for (let offset = 0; offset < 64; offset += 4) putWord(placed, TEXT, offset, NOP);
    putWord(placed, TEXT, 40, 0xd503245f);
    entry(placed, 0, BASE);
    entry(placed, 1, BASE + 32);
    run(placed, 'linux-6.12');
    const literal = (offset: number) => [wordAt(placed, TEXT, offset + 4), wordAt(placed, TEXT, offset)];
    for (const offset of [0, 32]) expect(literal(offset)).toEqual([0xffff8000, 0xffff0fff]);
    expect([8, 12, 40, 44, 48].map((offset) => line(placed, TEXT, offset))).toEqual([
      'mov x9, x30',
      'nop',
      'bti c',
      'mov x9, x30',
      'nop',
    ]);
  });

  it('FTRACE-3: stops at the first site that is not a NOP', () => {
    const placed = moduleWith('__patchable_function_entries', 16);
    putWord(placed, TEXT, 32, NOP);
    entry(placed, 0, BASE);
    entry(placed, 1, BASE + 32);
    run(placed);
    expect(line(placed, TEXT, 32)).toBe('nop');
  });

  it('JUMP-1: flips branches on keys of CPU capabilities, and leaves other keys alone', () => {
    const branch = (key: number, inverted: boolean, caps: bigint): string => {
      const placed = moduleWith('__jump_table', 16);
      const view = new DataView((placed.memory[TABLE] ?? new Uint8Array(16)).buffer);
      const at = BASE + 0x1000;
      putWord(placed, TEXT, 16, inverted ? asm(INSN.b, { target: BASE + 48 }, BASE + 16) : NOP);
      view.setInt32(0, BASE + 16 - at, true);
      view.setInt32(4, BASE + 48 - (at + 4), true);
      view.setBigInt64(8, BigInt(key - (at + 8)) | (inverted ? 1n : 0n), true);
      run(placed, 'linux-6.1', caps);
      return line(placed, TEXT, 16);
    };
    const jump = 'b 0xffff800009000030';
    const hwcap = (n: number) => BASE + 0x600000 + 16 * n;
    expect(branch(hwcap(3), false, 8n)).toBe(jump);
    expect(branch(hwcap(3), true, 8n)).toBe('nop');
    expect(branch(hwcap(3), false, 16n)).toBe('nop');
    expect(branch(hwcap(3) + 8, false, 0xffn)).toBe('nop');
    expect(branch(BASE + 0x700000, false, 0n)).toBe(jump);
    expect(branch(BASE + 0x800000, true, 0xffn)).toBe(jump);
  });
});
