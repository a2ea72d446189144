/** Instructions in the hint space, which older processors run as `nop`. Source: DDI 0487, C4.1 (Hints) and C6.2. */

const BY_NUMBER: Readonly<Record<number, string>> = {
  0: 'no operation: does nothing; a branch fits into its place',
  1: 'yield: another thread may have the processor',
  2: 'wait for event: sleeps until another processor signals',
  3: 'wait for interrupt: sleeps until one comes',
  4: 'send event: wakes all processors that wait for one',
  5: 'send event local: wakes this processor when it waits next',
  7: 'strip pointer authentication: takes the signature out of the return address in x30',
  8: 'pointer authentication: signs x17 with key A and x16',
  10: 'pointer authentication: signs x17 with key B and x16',
  12: 'pointer authentication: checks the signature of x17 with key A and x16',
  14: 'pointer authentication: checks the signature of x17 with key B and x16',
  16: 'error synchronization barrier',
  18: 'trace synchronization barrier',
  20: 'speculation barrier: no value that was guessed is used beyond it (csdb)',
  24: 'pointer authentication: signs the return address in x30 with key A and zero, so that a changed one is found out',
  25: 'pointer authentication: signs the return address in x30 with key A and the stack pointer, so that a changed one is found out',
  26: 'pointer authentication: signs the return address in x30 with key B and zero, so that a changed one is found out',
  27: 'pointer authentication: signs the return address in x30 with key B and the stack pointer, so that a changed one is found out',
  28: 'pointer authentication: checks the signature of the return address in x30 with key A and zero',
  29: 'pointer authentication: checks the signature of the return address in x30 with key A and the stack pointer',
  30: 'pointer authentication: checks the signature of the return address in x30 with key B and zero',
  31: 'pointer authentication: checks the signature of the return address in x30 with key B and the stack pointer',
  32: 'branch target identification: no branch through a register may land here',
  34: 'branch target identification: a call through a register may land here, or a jump through x16 or x17',
  36: 'branch target identification: a jump through a register may land here',
  38: 'branch target identification: any call or jump through a register may land here',
};

const NUMBERS: Readonly<Record<string, number>> = {
  nop: 0,
  yield: 1,
  wfe: 2,
  wfi: 3,
  sev: 4,
  sevl: 5,
  xpaclri: 7,
  pacia1716: 8,
  pacib1716: 10,
  autia1716: 12,
  autib1716: 14,
  esb: 16,
  'tsb csync': 18,
  csdb: 20,
  paciaz: 24,
  paciasp: 25,
  pacibz: 26,
  pacibsp: 27,
  autiaz: 28,
  autiasp: 29,
  autibz: 30,
  autibsp: 31,
  bti: 32,
  'bti c': 34,
  'bti j': 36,
  'bti jc': 38,
};

export const hintWords = (number: number): string => BY_NUMBER[number] ?? 'a hint that does nothing here';

/** The number of a hint's mnemonic with its operand, as in `bti c`; undefined for any other instruction. */
export const hintNumber = (text: string): number | undefined => NUMBERS[text];
