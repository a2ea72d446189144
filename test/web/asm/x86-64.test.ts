import { describe, expect, it } from 'vitest';
import { explain } from '../../../clients/web/asm/index.ts';
import { assembled, hasAssembler } from './lines.ts';

/** One instruction a line: what is assembled, and what is said. */
const SENTENCES: readonly (readonly [source: string, sentence: string])[] = [
  [
    'call . + 0x500000',
    'call: calls 0xffff800008500000, 5 MiB ahead, and pushes the return address onto the stack; it reaches at most 2 GiB',
  ],
  ['call *%rax', 'call: calls the function at the address in rax, and pushes the return address onto the stack'],
  ['jmp . - 64', 'jump: always goes to 0xffff800007ffffc0, 64 B back; it reaches at most 127 bytes'],
  ['jmp . + 0x10000', 'jump: always goes to 0xffff800008010000, 64 KiB ahead; it reaches at most 2 GiB'],
  ['jmp *8(%rax,%rbx,8)', 'jump: goes on at the address that is stored in the 8 bytes at rax + rbx × 8 + 8'],
  [
    'je . + 16',
    'conditional jump: if equal (zero), goes to 0xffff800008000010, 16 B ahead; it reaches at most 127 bytes',
  ],
  [
    'ja . + 0x1000',
    'conditional jump: if above (unsigned), goes to 0xffff800008001000, 4 KiB ahead; it reaches at most 2 GiB',
  ],
  ['ret', 'return: pops the return address from the stack and goes there'],
  [
    'int3',
    'breakpoint: traps; it fills the room between functions, and stands in for a first byte while code is patched',
  ],
  ['ud2', 'undefined instruction: traps into the kernel; BUG() and WARN() are compiled to this'],
  [
    'ud1 %esp, %ecx',
    'undefined instruction: traps when it is executed; after a jump it marks the end of a static-call trampoline',
  ],
  ['nopl 0x0(%rax,%rax,1)\n', 'no operation, 4 bytes long'],
  ['.byte 0x0f, 0x1f, 0x44, 0, 0', 'no operation, 5 bytes long; a call fits into its place'],
  ['.byte 0x2e, 0x2e, 0x2e, 0x31, 0xc0', 'exclusive or with itself: clears eax; its 3 prefixes only fill bytes'],
  ['endbr64', 'end branch: a call or jump through a register may land here'],
  ['mov %rsp, %rbp', 'move: puts the stack pointer into rbp'],
  ['mov 0x10(%rdi), %eax', 'move: puts the 4 bytes at rdi + 16 into eax'],
  ['movq $0, -8(%rbp)', 'move: puts 0 into the 8 bytes at rbp − 8'],
  ['mov %gs:0x28, %rax', 'move: puts the 8 bytes at 40 in the per-CPU data (gs) into rax'],
  [
    'lea 0x20(%rip), %rdi',
    'load effective address: computes 0xffff800008000027 and puts it into rdi, without reading memory',
  ],
  ['movzbl (%rax), %ecx', 'move and extend: puts the 1 byte at rax into ecx and fills the rest with zeroes'],
  ['movslq %esi, %rsi', 'move and extend: puts esi into rsi and fills the rest with its sign'],
  ['push %rbx', 'push: puts rbx onto the stack'],
  ['pop %r13', 'pop: takes the top of the stack into r13'],
  ['xor %edx, %edx', 'exclusive or with itself: clears edx'],
  ['test %rax, %rax', 'test: looks whether rax is zero, positive or negative, for a condition that follows'],
  ['cmpl $-1, 4(%rbx)', 'compare: the 4 bytes at rbx + 4 with −1, for a condition that follows'],
  ['and $0x3f, %ebx', 'and: keeps in ebx only the bits that 0x3f has too'],
  ['sub $8, %rsp', 'subtract: takes 8 from the stack pointer'],
  ['shr $1, %ebx', 'shift right: shifts ebx right by 1 bit, zeroes coming in'],
  ['divl 8(%r14)', 'divide: edx and eax by the 4 bytes at r14 + 8; the quotient into eax, the rest into edx'],
  ['mul %cl', 'multiply: al × cl, twice as wide, into ax'],
  ['cmovle %eax, %edx', 'conditional move: puts eax into edx if less or equal (signed)'],
  ['setne %al', 'set byte: al becomes 1 if not equal (not zero); else 0'],
  ['bts %rax, (%rdi)', 'bit test and set: puts bit rax of the bits from rdi on into the carry and sets it'],
  ['lock incl (%rax)', 'increment: adds 1 to the 4 bytes at rax; in one step, as all CPUs see it (lock)'],
  [
    'lock cmpxchg %edx, (%rdi)',
    'compare and exchange: if the 4 bytes at rdi equals eax, puts edx there; else loads it into eax; in one step, as all CPUs see it (lock)',
  ],
  ['rep stosq', 'string instruction: fills 8 bytes at rdi from rax and moves on, rcx times'],
  ['pause', 'pause: tells the processor that this is a loop that waits'],
];

describe.skipIf(!hasAssembler['x86-64'])('instructions of x86-64', () => {
  it.each(SENTENCES)('PAGE-101: says of `%s` what it does', async (source, sentence) => {
    const [line] = await assembled('x86-64', source);
    expect(line && explain('x86-64', line).sentence).toBe(sentence);
  });

  it('PAGE-102: gives target, distance and bounds as values, counted from the next instruction', async () => {
    const code = await assembled('x86-64', 'jmp . + 0x1000\njne . + 2\nmov 0x20(%rip), %rax\nret');
    expect(code.map((line) => explain('x86-64', line).reach)).toEqual([
      { target: '0xffff800008001000', distance: 0x1000, min: 5 - 2 ** 31, max: 5 + 2 ** 31 - 1 },
      { target: '0xffff800008000007', distance: 2, min: -126, max: 129 },
      { target: '0xffff80000800002e', distance: 0x27, min: 7 - 2 ** 31, max: 7 + 2 ** 31 - 1 },
      null,
    ]);
  });
});
