/** Barriers, system registers, hints, caches. Source: DDI 0487, C6.2 and D19 (system registers); what the kernel keeps where: Documentation/arch/arm64, v6.12. */
import { numberOf } from '../parse.ts';
import type { Rule, Rules } from '../rule.ts';
import { hintNumber, hintWords } from './hints.ts';

const REGISTERS: Readonly<Record<string, string>> = {
  sp_el0: 'in which the kernel keeps the current task',
  tpidr_el0: 'a thread pointer of user space',
  tpidr_el1: 'in which the kernel keeps where this CPU has its per-CPU data',
  tpidr_el2: 'in which the kernel keeps where this CPU has its per-CPU data, under virtualization extensions',
  daif: 'which interrupts are masked',
  daifset: 'which masks interrupts',
  daifclr: 'which unmasks interrupts',
  nzcv: 'the flags',
  pan: 'whether the kernel may touch the memory of programs',
  uao: 'whose rights loads for programs have',
  currentel: 'the level of privilege',
  midr_el1: 'what processor this is',
  mpidr_el1: 'which CPU of the machine this is',
  ctr_el0: 'how large cache lines are',
  dczid_el0: 'how much dc zva clears',
  cntvct_el0: 'the time: a counter that runs evenly',
  cntvctss_el0: 'the time: a counter that runs evenly',
  cntpct_el0: 'the time: a counter that runs evenly',
  cntfrq_el0: 'how many times a second the counter counts',
  cntkctl_el1: 'who may read the counter',
  cntv_ctl_el0: 'the control of a timer',
  cntv_cval_el0: 'when a timer fires',
  icc_pmr_el1: 'which interrupts are masked, by their priority',
  pmcr_el0: 'the control of the performance counters',
  pmccntr_el0: 'a counter of cycles',
  ttbr0_el1: 'where the page tables of programs begin',
  ttbr1_el1: "where the kernel's page tables begin",
  sctlr_el1: 'the control of the processor',
  hcr_el2: 'the control of virtualization',
  vbar_el1: 'where the exception vectors are',
  esr_el1: 'why an exception was taken',
  far_el1: 'which address faulted',
  elr_el1: 'where an exception returns to',
  spsr_el1: 'the state that an exception returns to',
  par_el1: 'the result of an address translation',
  fpcr: 'how floating point rounds',
  fpsr: 'what floating point met',
};

const registerWords = (name: string): string => {
  const known = REGISTERS[name.toLowerCase()];
  return known === undefined ? `the system register ${name}` : `the system register ${name}, ${known}`;
};

const SHARED: Readonly<Record<string, string>> = {
  ish: 'this system',
  osh: 'this system and its devices',
  nsh: 'this CPU',
  '': 'all',
};

/** `ishld`, `sy`, `st`: for whom, and for which accesses. */
function barrierWords(option: string): string {
  const [, where = '', what = ''] = /^(ish|osh|nsh)?(ld|st|sy)?$/.exec(option) ?? [];
  const accesses = what === 'ld' ? 'loads' : what === 'st' ? 'stores' : 'memory accesses';
  return `${accesses} before it, as ${SHARED[where] ?? 'all'} see${where === '' ? '' : 's'} them`;
}

const hint: Rule = ({ mnemonic, operands }) => {
  const number = mnemonic === 'hint' ? numberOf(operands[0] ?? '') : hintNumber([mnemonic, ...operands].join(' '));
  return number === undefined ? undefined : hintWords(number);
};

const HINTS =
  'hint nop yield wfe wfi sev sevl esb tsb csdb xpaclri bti pacia1716 pacib1716 autia1716 autib1716 paciaz paciasp pacibz pacibsp autiaz autiasp autibz autibsp';

const tagged =
  (verb: string): Rule =>
  ({ operands: [pointer = '', modifier] }) =>
    `pointer authentication: ${verb} ${pointer}${modifier === undefined ? '' : ` with ${modifier}`}`;

const maintains =
  (what: string): Rule =>
  ({ operands: [operation = '', register] }) =>
    `${what} (${operation})${register === undefined ? '' : `, for the address or number in ${register}`}`;

export const SYSTEM: Rules = {
  ...Object.fromEntries(HINTS.split(' ').map((name) => [name, hint])),
  dmb: ({ operands }) =>
    `data memory barrier: no ${operands[0]?.endsWith('st') ? 'store' : 'access'} after it comes before the ${barrierWords(operands[0] ?? '')}`,
  dsb: ({ operands }) =>
    `data synchronization barrier: nothing goes on until the ${barrierWords(operands[0] ?? '')}, are complete`,
  isb: 'instruction synchronization barrier: fetches what follows anew, so that changes of code and of system registers are seen',
  sb: 'speculation barrier: nothing behind it runs before it is sure that it will',
  clrex: 'clear exclusive: ends the watch that a load exclusive began',
  mrs: ({ operands: [to = '', from = ''] }) => `read system register: puts ${registerWords(from)}, into ${to}`,
  msr: ({ operands: [to = '', from = ''] }) =>
    `write system register: puts ${from.replace('#', '').replace(/^[wx]zr$/, 'zero')} into ${registerWords(to)}`,
  dc: maintains('data cache: cleans, clears or drops a line'),
  ic: maintains('instruction cache: drops what it holds, so that new code is seen'),
  tlbi: maintains('drops translations of addresses that the processor remembers'),
  at: maintains('translates an address as an access would'),
  pacia: tagged('signs'),
  pacib: tagged('signs'),
  pacda: tagged('signs'),
  pacdb: tagged('signs'),
  pacga: tagged('computes a signature into'),
  autia: tagged('checks the signature of'),
  autib: tagged('checks the signature of'),
  autda: tagged('checks the signature of'),
  autdb: tagged('checks the signature of'),
  xpaci: tagged('takes the signature out of'),
  xpacd: tagged('takes the signature out of'),
};
