/** Barriers, control of the processor, virtualization, caches; nops. Source: Intel SDM volume 2 and 3C, AMD APM volume 3. */
import type { Rules } from '../rule.ts';
import { addressWords } from './operands.ts';

const CALL_SIZE = 5;

/** By whole mnemonics; none of them has a suffix of size that matters. */
export const SYSTEM: Readonly<Record<string, string>> = {
  endbr64: 'end branch: a call or jump through a register may land here',
  endbr32: 'end branch: a call or jump through a register may land here, in 32-bit code',
  pause: 'pause: tells the processor that this is a loop that waits',
  hlt: 'halt: stops this CPU until an interrupt comes',
  cli: 'clear interrupt flag: this CPU takes no interrupts from now on',
  sti: 'set interrupt flag: this CPU takes interrupts again',
  clac: 'clear access flag: the kernel may not touch the memory of programs any more',
  stac: 'set access flag: the kernel may touch the memory of programs from now on',
  cld: 'clear direction: string instructions go upwards',
  std: 'set direction: string instructions go downwards',
  clc: 'clear carry: the carry becomes 0',
  stc: 'set carry: the carry becomes 1',
  cmc: 'complement carry: turns the carry over',
  lfence: 'load fence: nothing after it runs before everything before it is done',
  sfence: 'store fence: stores before it are seen before those after it',
  mfence: 'memory fence: accesses before it are seen before those after it',
  cpuid: 'asks what processor this is, with the question in eax',
  rdtsc: 'reads the time-stamp counter into edx and eax',
  rdtscp: 'reads the time-stamp counter into edx and eax, and the number of this CPU into ecx',
  rdpmc: 'reads the performance counter that ecx names into edx and eax',
  rdmsr: 'reads the model-specific register that ecx names into edx and eax',
  wrmsr: 'writes edx and eax to the model-specific register that ecx names',
  rdpkru: 'reads the rights of protection keys into eax',
  wrpkru: 'writes eax to the rights of protection keys',
  xgetbv: 'reads which processor state is saved into edx and eax',
  xsetbv: 'sets which processor state is saved from edx and eax',
  swapgs: 'exchanges the gs base of the kernel and of the program',
  syscall: 'system call: a program asks the kernel for something',
  wbinvd: 'writes all caches back to memory and empties them',
  invd: 'empties all caches without writing them back',
  wait: 'waits for floating-point exceptions',
  fwait: 'waits for floating-point exceptions',
  fninit: 'sets floating point to its initial state',
  emms: 'ends the use of MMX registers',
  vzeroupper: 'clears the upper halves of all vector registers',
  vzeroall: 'clears all vector registers',
  cltq: 'sign-extend: eax with its sign into rax',
  cltd: 'sign-extend: the sign of eax into edx',
  cqto: 'sign-extend: the sign of rax into rdx',
  cwtl: 'sign-extend: ax with its sign into eax',
  cbtw: 'sign-extend: al with its sign into ax',
  cwtd: 'sign-extend: the sign of ax into dx',
  pushf: 'push flags: puts the flags onto the stack',
  popf: 'pop flags: takes the flags from the stack',
  vmlaunch: 'virtual machine: enters the guest for the first time',
  vmresume: 'virtual machine: enters the guest again',
  vmcall: 'virtual machine: the guest asks the hypervisor for something',
  vmmcall: 'virtual machine: the guest asks the hypervisor for something',
  vmxoff: 'virtual machine: ends hypervisor operation on this CPU',
  stgi: 'virtual machine: interrupts are taken again',
  clgi: 'virtual machine: no interrupts are taken',
};

/** With one template of operands each. */
export const SYSTEM_OPERANDS: Readonly<Record<string, string>> = {
  vmread: 'virtual machine: reads the field {0} of the current control structure into {1}',
  vmwrite: 'virtual machine: writes {0} to the field {1} of the current control structure',
  vmclear: 'virtual machine: lets go of the control structure that {0} names',
  vmptrld: 'virtual machine: makes the control structure that {0} names the current one',
  vmptrst: 'virtual machine: puts the address of the current control structure into {0}',
  vmxon: 'virtual machine: begins hypervisor operation with the region that {0} names',
  vmrun: 'virtual machine: runs the guest whose control block is at {0}',
  vmload: 'virtual machine: loads state of the guest whose control block is at {0}',
  vmsave: 'virtual machine: saves state of the guest whose control block is at {0}',
  invept: 'virtual machine: drops translations of guest memory, as {0} says',
  invvpid: 'virtual machine: drops translations of a virtual processor, as {0} says',
  invlpg: 'drops the translation of the page at {0}',
  invlpga: 'drops the translation of the page at {0}, of the guest that {1} names',
  invpcid: 'drops translations of an address space, as {0} says',
  verw: 'checks whether {0} could be written; on some processors it clears internal buffers',
  lldt: 'loads the local descriptor table that {0} names',
  sldt: 'puts the selector of the local descriptor table into {0}',
  sidt: 'puts where the interrupt descriptor table is into {0}',
  lidt: 'loads the interrupt descriptor table that {0} names',
  sgdt: 'puts where the global descriptor table is into {0}',
  lgdt: 'loads the global descriptor table that {0} names',
  ltr: 'loads the task register from {0}',
  str: 'puts the task register into {0}',
  fxsave: 'saves floating-point and vector state to {0}',
  fxrstor: 'loads floating-point and vector state from {0}',
  xsave: 'saves processor state to {0}',
  xrstor: 'loads processor state from {0}',
  ldmxcsr: 'loads the control of vector arithmetic from {0}',
  stmxcsr: 'puts the control of vector arithmetic into {0}',
  fnstcw: "puts floating point's control word into {0}",
  fldcw: "loads floating point's control word from {0}",
  fnstsw: "puts floating point's status into {0}",
  clflush: 'cache: writes the line of {0} back to memory and drops it',
  clflushopt: 'cache: writes the line of {0} back to memory and drops it, in any order',
  clwb: 'cache: writes the line of {0} back to memory and keeps it',
  rdrand: 'puts a random number into {0}',
  rdseed: 'puts a random seed into {0}',
  rdfsbase: 'puts the base of fs into {0}',
  rdgsbase: 'puts the base of gs into {0}',
  wrfsbase: 'makes {0} the base of fs',
  wrgsbase: 'makes {0} the base of gs',
};

const SOON: Readonly<Record<string, string>> = {
  prefetchnta: 'read once',
  prefetcht0: 'read',
  prefetcht1: 'read',
  prefetcht2: 'read',
  prefetchw: 'written',
  prefetchwt1: 'written',
};

export const SYSTEM_RULES: Rules = {
  nop: (_, { bytes }) => {
    const size = bytes.length >> 1;
    const call = size === CALL_SIZE ? '; a call fits into its place' : '';
    return `no operation, ${size} byte${size === 1 ? '' : 's'} long${call}`;
  },
  ...Object.fromEntries(
    Object.entries(SOON).map(
      ([name, soon]) =>
        [
          name,
          ({ operands: [where = ''] }, around) =>
            `prefetch: says that memory at ${addressWords(where, around) ?? where} will soon be ${soon}; nothing else changes`,
        ] satisfies [string, Rules[string]],
    ),
  ),
};
