/**
 * What the kernel means by the number of a `brk`. Source: arch/arm64/include/asm/brk-imm.h, v6.12; 0x3e8 is what GCC's
 * __builtin_trap writes, 1 what Clang's does.
 */
const KNOWN: Readonly<Record<number, string>> = {
  1: "the compiler's trap (Clang)",
  4: 'a kprobe',
  5: 'a uprobe',
  6: 'the single step of a kprobe',
  7: 'the return of a kretprobe',
  256: 'what the kernel writes where an instruction could not be made (AARCH64_BREAK_FAULT)',
  1000: "the compiler's trap (GCC)",
  1024: 'a breakpoint of kgdb',
  1025: 'a breakpoint of kgdb, compiled in',
  2048: 'BUG() or WARN(); a poisoned static-call trampoline has it too',
};

/** Numbers whose low byte says more: how the check is called. */
const FAMILIES: readonly (readonly [number, string])[] = [
  [0x0900, 'KASAN found a bad memory access'],
  [0x5500, 'UBSAN found undefined behaviour'],
  [0x8000, 'CFI found a call of the wrong type'],
];

export function breakWords(number: number): string {
  const family = FAMILIES.find(([base]) => (number & (base === 0x8000 ? 0xfc00 : 0xff00)) === base);
  return KNOWN[number] ?? family?.[1] ?? 'a number that the kernel gives no meaning';
}
