import { describe, expect, it } from 'vitest';
import type { PlacedModule } from '../../../../daemon/kernel/arch/arch.ts';
import { codeOf } from '../../../../daemon/kernel/arch/static-call.ts';
import { finalize } from '../../../../daemon/kernel/arch/x86-64/finalize.ts';
import { branch, INSN, textOf } from '../../../../daemon/kernel/arch/x86-64/insn.ts';
import { inventedSymbol } from '../../../../daemon/kernel/machine/presets.ts';
import { elfModule, placeAt, SHF_ALLOC } from '../arm64/module.ts';
import { COMPILED_THUNK, profileOf, type Thunk } from './machine.ts';

const BASE = -0x3fe00000; // 0xffffffffc0200000
const TEXT = 1;
const TABLE = 2;

/** A module with these bytes at these offsets of .text, all of them listed in .return_sites. */
const moduleWith = (places: Readonly<Record<number, Uint8Array | readonly number[]>>): PlacedModule => {
  const offsets = Object.keys(places).map(Number);
  const sections = [
    { name: '.text', size: 256 },
    { name: '.return_sites', flags: SHF_ALLOC, size: 4 * offsets.length },
  ];
  const placed = placeAt(elfModule(sections, []), { '.text': BASE, '.return_sites': BASE + 0x1000 }, 0x90);
  const view = new DataView((placed.memory[TABLE] ?? new Uint8Array(0)).buffer);
  for (const [i, offset] of offsets.entries()) {
    if (offset < 256) placed.memory[TEXT]?.set(places[offset] ?? [], offset);
    view.setInt32(4 * i, BASE + offset - (BASE + 0x1000 + 4 * i), true);
  }
  return placed;
};

const returnAt = (offset: number) => branch(INSN.jmp, BASE + offset, COMPILED_THUNK);
const trampAt = (offset: number) => [...returnAt(offset), ...INSN.ud1.opcode];
const bytesAt = (placed: PlacedModule, offset: number, count: number) =>
  codeOf((placed.memory[TEXT] ?? new Uint8Array(0)).subarray(offset, offset + count));
const textAt = (placed: PlacedModule, offset: number, count = 5) =>
  textOf(BASE + offset, bytesAt(placed, offset, count));
const finalized = (thunk: Thunk, places: Parameters<typeof moduleWith>[0]): PlacedModule => {
  const placed = moduleWith(places);
  finalize(placed, profileOf('linux-6.1', thunk));
  return placed;
};

describe('what the kernel writes before init', () => {
  it('X86-16: turns a compiled return into a plain one, filled up with int3', () => {
    const placed = finalized('none', { 0: returnAt(0), 32: returnAt(32) });
    expect([0, 32].map((at) => bytesAt(placed, at, 6))).toEqual(['c3cccccccc90', 'c3cccccccc90']);
  });

  it('X86-16: sends it to the active thunk', () => {
    const placed = finalized('srso', { 0: returnAt(0), 32: returnAt(32) });
    expect([0, 32].map((at) => textAt(placed, at))).toEqual(['jmp 0xffffffff81e01780', 'jmp 0xffffffff81e01780']);
  });

  it('X86-17: sends only returns in the lower half of a cache line to the ITS thunk', () => {
    const at = [0, 26, 31, 32, 58, 63, 64, 96];
    const kinds = at.map((offset) => textAt(finalized('its', { [offset]: returnAt(offset) }), offset));
    const jump = 'jmp 0xffffffff81e01d40';
    expect(kinds).toEqual([jump, jump, jump, 'ret', 'ret', 'ret', jump, 'ret']);
  });

  it('X86-18: gives a trampoline whose key starts as NULL this machine’s return, and keeps its mark', () => {
    expect(textAt(finalized('none', { 8: trampAt(8) }), 8, 8)).toBe('ret; ud1 %esp,%ecx');
    expect(textAt(finalized('srso', { 8: trampAt(8) }), 8, 8)).toBe('jmp 0xffffffff81e01780; ud1 %esp,%ecx');
    expect(textAt(finalized('its', { 40: trampAt(40) }), 40, 8)).toBe('ret; ud1 %esp,%ecx');
    expect(textAt(finalized('srso', { 8: [0xc3, 0xcc, 0xcc, 0xcc, 0xcc, ...INSN.ud1.opcode] }), 8, 8)).toBe(
      'jmp 0xffffffff81e01780; ud1 %esp,%ecx',
    );
  });

  it('X86-18: leaves alone what jumps elsewhere, a plain return that is no trampoline, and what is outside the module', () => {
    const elsewhere = branch(INSN.jmp, BASE, COMPILED_THUNK + 16);
    const placed = finalized('none', { 0: elsewhere, 16: [0xc3], 252: returnAt(252).subarray(0, 4), 300: [] });
    expect(bytesAt(placed, 0, 5)).toBe(codeOf(elsewhere));
    expect(bytesAt(placed, 16, 2)).toBe('c390');
    expect(bytesAt(placed, 252, 4)).toBe(codeOf(returnAt(252).subarray(0, 4)));
  });

  it('X86-16: knows the compiled thunk of a kernel that invents its symbols', () => {
    const profile = profileOf('linux-6.12', 'none', { symbols: {}, openSymbols: true });
    const thunk = inventedSymbol(profile.source, '__x86_return_thunk');
    const placed = moduleWith({ 0: branch(INSN.jmp, BASE, thunk) });
    finalize(placed, profile);
    expect(bytesAt(placed, 0, 5)).toBe('c3cccccccc');
  });
});
