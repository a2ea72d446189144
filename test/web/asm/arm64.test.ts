import { describe, expect, it } from 'vitest';
import { explain } from '../../../clients/web/asm/index.ts';
import { assembled, hasAssembler } from './lines.ts';

const MIB = 1 << 20;
/** 5.5 MiB before the code and 122.5 MiB behind it. */
const symbols = new Map([
  ['kfree', 0xffff800008000000n - BigInt(5.5 * MIB)],
  ['_printk', 0xffff800008000000n + BigInt(122.5 * MIB)],
]);
const names: Readonly<Record<string, string>> = { '0xffff800007a80000': 'kfree', '0xffff80000fa80000': '_printk' };

/** One instruction a line: what is assembled, and what is said. */
const SENTENCES: readonly (readonly [source: string, sentence: string])[] = [
  [
    'bl _printk',
    'branch with link: calls _printk, 122.5 MiB ahead, and keeps the return address in x30; it reaches at most 128 MiB',
  ],
  ['b kfree', 'branch: always goes to kfree, 5.5 MiB back; it reaches at most 128 MiB'],
  [
    'b.hi . + 64',
    'conditional branch: if higher (unsigned), goes to 0xffff800008000040, 64 B ahead; it reaches at most 1 MiB',
  ],
  [
    'cbz x3, . - 8',
    'compare and branch: if x3 is zero, goes to 0xffff800007fffff8, 8 B back; it reaches at most 1 MiB',
  ],
  [
    'tbnz w0, #3, . + 32',
    'test bit and branch: if bit 3 of w0 is 1, goes to 0xffff800008000020, 32 B ahead; it reaches at most 32 KiB',
  ],
  ['br x16', 'branch to register: goes on at the address in x16, however far that is'],
  [
    'blr x2',
    'branch with link to register: calls the function whose address is in x2, however far, and keeps the return address in x30',
  ],
  ['ret', 'return: goes back to the caller, whose address is in x30'],
  ['adr x1, . + 12', 'address: puts 0xffff80000800000c, 12 B ahead, into x1; it reaches at most 1 MiB'],
  [
    'adrp x16, kfree',
    'address of page: puts the 4 KiB page 0xffff800007a80000, 5.5 MiB back, into x16; one that follows says where in the page, and it reaches at most 4 GiB',
  ],
  ['add x16, x16, #0x10', 'add: x16 becomes x16 + 16'],
  ['add x0, x1, x2, lsl #3', 'add: x0 becomes x1 + x2 × 8'],
  ['add x0, x1, w2, sxtw', 'add: x0 becomes x1 + the low 32 bits of w2 with their sign'],
  ['sub sp, sp, #1, lsl #12', 'subtract: the stack pointer becomes the stack pointer − 4096'],
  ['movn x16, #0xf6df', 'move inverted: x16 becomes the inverse of 0xf6df: every bit that it lacks is set'],
  ['movk x16, #0x87a, lsl #16', 'move, keep the rest: puts 0x87a into bits 31 to 16 of x16 and leaves its other bits'],
  ['mov w0, #-22', 'move: puts −22 into w0'],
  ['mov x0, x19', 'move: copies x19 to x0'],
  ['ldr x16, [x16, #0x20]', 'load: reads 8 bytes at x16 + 32 into x16'],
  [
    'ldr w0, . + 8',
    'load of a literal: reads 4 bytes at 0xffff800008000008, 8 B ahead, into w0; it reaches at most 1 MiB',
  ],
  ['ldrsb w1, [x0, w3, uxtw]', 'load: reads 1 byte at x0 + the low 32 bits of w3 into w1 with its sign'],
  [
    'ldp x29, x30, [sp], #32',
    'load pair: reads 8 bytes each at the stack pointer into x29 and x30, then the stack pointer grows by 32',
  ],
  [
    'stp x29, x30, [sp, #-32]!',
    'store pair: writes x29 and x30, 8 bytes each, to the stack pointer − 32; the stack pointer becomes that address',
  ],
  ['strb wzr, [x19, #0x3ee]', 'store: writes zero, 1 byte, to x19 + 1006'],
  [
    'stlxr w1, x0, [x3]',
    'store-release exclusive: writes x0, 8 bytes, to x3 if nobody else wrote there since the load; w1 tells: 0 it did, 1 it did not',
  ],
  [
    'ldaxr w0, [x4]',
    'load-acquire exclusive: reads 4 bytes at x4 into w0, before what follows, and watches whether anybody else writes there',
  ],
  [
    'ldaddal w0, w1, [x2]',
    'atomic add: adds w0 to the 4 bytes at x2 in one step, with acquire and release, and puts what was there into w1',
  ],
  ['stset x0, [x1]', 'atomic set: sets the bits of x0 in the 8 bytes at x1 in one step'],
  [
    'cas w3, w2, [x19]',
    'compare and swap: if w3 still is at x19, 4 bytes, writes w2 there, in one step; w3 becomes what was there',
  ],
  [
    'swpal w2, w3, [x1]',
    'atomic swap: writes w2 to the 4 bytes at x1 in one step, with acquire and release, and puts what was there into w3',
  ],
  ['cmp w0, #2', 'compare: w0 with 2, for a condition that follows'],
  ['tst x22, #0x20', 'test: looks at the bits that x22 and 0x20 share, for a condition that follows'],
  ['bics xzr, x0, x2', 'bit clear and set flags: for its flags only: x0 without the bits of x2'],
  ['csel x0, x1, xzr, ne', 'conditional select: x0 becomes x1 if not equal (not zero); else zero'],
  ['ubfx w0, w1, #8, #8', 'take bits: w0 becomes bits 15 to 8 of w1'],
  ['bfi w4, w8, #6, #1', 'insert bits: w4 gets the lowest bit of w8 as its bit 6; its other bits stay'],
  ['lsl x0, x0, #1', 'shift left: x0 becomes x0 shifted left by 1 bit'],
  ['msub w0, w0, w5, w1', 'multiply and subtract: w0 becomes w1 − w0 × w5'],
  ['nop', 'no operation: does nothing; a branch fits into its place'],
  ['bti c', 'branch target identification: a call through a register may land here, or a jump through x16 or x17'],
  [
    'paciasp',
    'pointer authentication: signs the return address in x30 with key A and the stack pointer, so that a changed one is found out',
  ],
  [
    'brk #0x800',
    'breakpoint: traps into the kernel with 0x800, BUG() or WARN(); a poisoned static-call trampoline has it too',
  ],
  [
    'brk #0x100',
    'breakpoint: traps into the kernel with 0x100, what the kernel writes where an instruction could not be made (AARCH64_BREAK_FAULT)',
  ],
  ['brk #0x5512', 'breakpoint: traps into the kernel with 0x5512, UBSAN found undefined behaviour'],
  [
    'mrs x5, sp_el0',
    'read system register: puts the system register sp_el0, in which the kernel keeps the current task, into x5',
  ],
  ['dmb ishst', 'data memory barrier: no store after it comes before the stores before it, as this system sees them'],
  [
    'isb',
    'instruction synchronization barrier: fetches what follows anew, so that changes of code and of system registers are seen',
  ],
  ['svc #0', 'supervisor call 0: a program asks the kernel for something'],
];

describe.skipIf(!hasAssembler.arm64)('instructions of arm64', () => {
  it.each(SENTENCES)('PAGE-101: says of `%s` what it does', async (source, sentence) => {
    const [line] = await assembled('arm64', source, symbols);
    expect(line && explain('arm64', line, (address) => names[address]).sentence).toBe(sentence);
  });

  it('PAGE-102: gives target, distance and bounds as values', async () => {
    const told = (
      await assembled('arm64', 'nop\nbl kfree\ntbz x0, #40, . + 8\nadrp x0, _printk\nadd x0, x0, #1', symbols)
    ).map((line) => explain('arm64', line).reach);
    expect(told).toEqual([
      null,
      { target: '0xffff800007a80000', distance: -5.5 * MIB - 4, min: -128 * MIB, max: 128 * MIB - 4 },
      { target: '0xffff800008000010', distance: 8, min: -32768, max: 32764 },
      // From page to page: the instruction stands 12 bytes into its own.
      { target: '0xffff80000fa80000', distance: 122.5 * MIB - 12, min: -4096 * MIB - 12, max: 4096 * MIB - 4096 - 12 },
      null,
    ]);
  });

  it('PAGE-103: says of what it does not know only that, and marks it', () => {
    const line = { address: '0xffff800008000000', bytes: '0000005a', text: 'sqrdmlah v0.4h, v1.4h, v2.4h' } as const;
    const { sentence, specific } = explain('arm64', line);
    expect({ sentence, specific }).toEqual({
      sentence: 'sqrdmlah: an instruction of arm64, 4 bytes long, that has no explanation here yet',
      specific: false,
    });
  });
});
