/**
 * Static calls on arm64 in four flavours. No released kernel patches arm64 call sites; the rules are those of the thread of
 * November 2018 (out-of-line, inline with a poisoned or defused trampoline) and of mainline's out-of-line trampoline with
 * a literal (arch/arm64/include/asm/static_call.h, 2026).
 *
 * A trampoline has four words; x16 is free for it, as for a PLT entry.
 */
import { toHex } from '../../../../protocol/address.ts';
import type { Flavour } from '../../../../protocol/profile.ts';
import {
  type Code,
  type KeyFacts,
  longAt,
  longCode,
  type Read,
  type Route,
  type SiteFacts,
  type StaticCallArch,
  type Transformed,
  type Write,
  wordAt,
  wordCode,
} from '../static-call.ts';
import { BREAK_FAULT, branchReaches, encode, INSN, is, NOP, REACH, RET, text } from './insn.ts';

const WORD = 4;
const TRAMP_SIZE = 16;
const LONG = 8;
const IP0 = 16;
/** What BUG() executes (BUG_BRK_IMM, arch/arm64/include/asm/brk-imm.h). */
const POISON = encode(INSN.brk, { imm: 0x800 }) ?? BREAK_FAULT;
const BTI_C = encode(INSN.bti, { targets: 1 }) ?? NOP;
const BR_IP0 = encode(INSN.br, { rn: IP0 }) ?? BREAK_FAULT;
/** A trampoline and a PLT entry are two places; a path that is longer than this goes around in circles. */
const MAX_STEPS = 24;

const NOTHING: Transformed = { writes: [], stray: false };

const codeOfWords = (words: readonly number[]): Code => words.map(wordCode).join('');

const hasBits = (value: number, shift: number): number => Math.floor(value / 2 ** shift) & 0xffff;

/** `movn x16; movk x16, lsl 16; movk x16, lsl 32; br x16`: any kernel address, for bits 63 to 48 are ones. */
export const movSequence = (func: number): Code =>
  codeOfWords([
    encode(INSN.movn, { rd: IP0, imm: ~hasBits(func, 0) & 0xffff, shift: 0 }) ?? BREAK_FAULT,
    encode(INSN.movk, { rd: IP0, imm: hasBits(func, 16), shift: 16 }) ?? BREAK_FAULT,
    encode(INSN.movk, { rd: IP0, imm: hasBits(func, 32), shift: 32 }) ?? BREAK_FAULT,
    BR_IP0,
  ]);

/** `adrp x16, page; ldr x16, [x16, #lo12]; br x16` for the word at `data`. */
const loadAndBranch = (data: number, pc: number): readonly number[] => [
  encode(INSN.adrp, { rd: IP0, target: data }, pc) ?? BREAK_FAULT,
  encode(INSN.ldr, { rt: IP0, rn: IP0, imm: data & 0xfff }) ?? BREAK_FAULT,
  BR_IP0,
];

const branchTo = (tail: boolean, target: number, site: number): Code =>
  wordCode(encode(tail ? INSN.b : INSN.bl, { target }, site) ?? BREAK_FAULT);

const farBy = (from: number, to: number): number =>
  to - from < 0 ? REACH.branch.min - (to - from) : to - from - REACH.branch.max;

/** Only words that differ are stored, from the first that does to the last that does. */
const write = (what: Write['what'], address: number, bytes: Code, read: Read, reason: string): readonly Write[] => {
  const before = read(address, bytes.length / 2);
  if (before === bytes) return [];
  let from = 0;
  let to = bytes.length;
  if (before !== undefined) {
    while (before.slice(from, from + 8) === bytes.slice(from, from + 8)) from += 8;
    while (before.slice(to - 8, to) === bytes.slice(to - 8, to)) to -= 8;
  }
  const atomicity = to - from > 8 ? 'stop-machine' : 'single-word';
  return [{ what, address: address + from / 2, bytes: bytes.slice(from, to), atomicity, reason }];
};

/** A `b` or `bl`: imm26, and whether it links. */
const isBranch = (word: number): boolean => (word & 0x7c000000) === INSN.b.bits;
const branchTarget = (word: number, pc: number): number => pc + ((word << 6) >> 4);

/** Where the word at `address` branches to. */
const destination = (address: number, code: Code): number | undefined => {
  const word = wordAt(code);
  return isBranch(word) ? branchTarget(word, address) : undefined;
};

/** Instructions on x16 that trampolines and PLT entries are made of, whatever their immediates. */
const ADRP_IP0 = (INSN.adrp.bits | IP0) >>> 0;
const ADD_IP0 = (INSN.add.bits | IP0 | (IP0 << 5)) >>> 0;
const LDR_IP0 = (INSN.ldr.bits | IP0 | (IP0 << 5)) >>> 0;
const MOVN_IP0 = (INSN.movn.bits | IP0) >>> 0;
const MOVK_IP0 = (INSN.movk.bits | IP0) >>> 0;
const ADR_KEEPS = 0x9f00001f;
const IMM12_KEEPS = 0xffc003ff;
const MOVW_KEEPS = 0xff80001f;
const movImm = (word: number): number => (word >>> 5) & 0xffff;
const movShift = (word: number): number => ((word >>> 21) & 3) * 16;

/** x16 after `word` at `pc`; undefined for an instruction that has no place on the way of a call. */
const step16 = (word: number, pc: number, x16: number, read: Read): number | undefined => {
  if (word === BTI_C || word === NOP) return x16;
  if ((word & ADR_KEEPS) >>> 0 === ADRP_IP0) {
    const pages = (((word << 8) >> 13) << 2) | ((word >>> 29) & 3);
    return pc - (pc & 0xfff) + pages * 4096;
  }
  if ((word & IMM12_KEEPS) >>> 0 === ADD_IP0) return x16 + ((word >>> 10) & 0xfff);
  if ((word & IMM12_KEEPS) >>> 0 === LDR_IP0) return longAt(read(x16 + ((word >>> 10) & 0xfff) * LONG, LONG) ?? '');
  if ((word & MOVW_KEEPS) >>> 0 === MOVN_IP0) return -1 - movImm(word) * 2 ** movShift(word);
  if ((word & MOVW_KEEPS) >>> 0 === MOVK_IP0) {
    const shift = movShift(word);
    return x16 + (movImm(word) - hasBits(x16, shift)) * 2 ** shift;
  }
  return undefined;
};

/** Follows execution from `from`: x16 and branches are all that trampolines and PLT entries have. */
const follow = (from: number, callee: number | undefined, read: Read): Route => {
  const branches: number[] = [];
  let pc = from;
  let x16 = Number.NaN;
  const done = (end: number | undefined, how?: 'trapped' | 'none'): Route => ({
    branches,
    end,
    class: how ?? (branches.length === 1 ? 'direct' : branches.length === 2 ? 'veneer' : 'veneers'),
  });
  for (let step = 0; step < MAX_STEPS; step++) {
    if (step > 0 && pc === callee) return done(pc);
    const word = wordAt(read(pc, WORD) ?? '');
    if (Number.isNaN(word)) return done(pc);
    if (isBranch(word)) {
      branches.push(pc);
      pc = branchTarget(word, pc);
      continue;
    }
    if (word === BR_IP0) {
      branches.push(pc);
      if (Number.isNaN(x16)) return done(undefined, 'trapped');
      pc = x16;
      continue;
    }
    if (word === RET || (word === NOP && step === 0)) return done(undefined, 'none');
    const next = step16(word, pc, x16, read);
    if (next === undefined) return done(undefined, 'trapped');
    x16 = next;
    pc += WORD;
  }
  return { branches, end: pc, class: 'veneers' };
};

/** What sites hold, without a look into the table. */
const lineOf = (word: number, pc: number): string =>
  isBranch(word) ? `${word >>> 31 === 1 ? 'bl' : 'b'} ${toHex(branchTarget(word, pc))}` : text(word, pc);

const disassemble = (address: number, code: Code): string => {
  let lines = lineOf(wordAt(code), address);
  for (let at = WORD; at * 2 < code.length; at += WORD) lines += `; ${lineOf(wordAt(code, at), address + at)}`;
  return lines;
};

/** What the four flavours share. */
const base = {
  siteSize: WORD,
  trampSize: TRAMP_SIZE,
  granule: WORD,
  reach: REACH.branch,
  destination,
  text: disassemble,
  callee: ({ func }: KeyFacts) => (func === 0 ? undefined : func),
  route: (from: number, key: KeyFacts, read: Read) => follow(from, key.func === 0 ? undefined : key.func, read),
} as const;

const noSites = {
  inline: false,
  transformSite: () => NOTHING,
  retireTramp: () => ({ orig: undefined, callee: undefined, writes: [] }),
} as const;

/** Sites call the trampoline; it is one branch where func is in reach. */
const branchTramp = ({ tramp, func }: KeyFacts): { readonly bytes: Code; readonly reason: string } => {
  if (func === 0) return { bytes: wordCode(RET), reason: 'func is NULL: the trampoline returns' };
  if (branchReaches(tramp, func)) {
    return { bytes: branchTo(true, func, tramp), reason: 'func is in reach of the trampoline: one branch' };
  }
  return { bytes: movSequence(func), reason: `func is ${farBy(tramp, func)} bytes beyond the reach of one branch` };
};

const OUT_OF_LINE: StaticCallArch = {
  ...base,
  ...noSites,
  flavour: 'out-of-line',
  bootTramp: (key) => padded(branchTramp(key).bytes),
  transformTramp: (key, read) => {
    const { bytes, reason } = branchTramp(key);
    return { writes: write('trampoline', key.tramp, bytes, read, reason), stray: false };
  },
};

/** What follows the last instruction of a trampoline is never executed. */
const padded = (bytes: Code): Code => bytes.padEnd(TRAMP_SIZE * 2, wordCode(NOP));

/** NULL becomes __static_call_return0, whose address is `return0`. */
const literal = (return0: number | undefined): StaticCallArch => {
  const callee = ({ func }: KeyFacts): number | undefined => (func === 0 ? return0 : func);
  return {
    ...base,
    ...noSites,
    flavour: 'literal',
    callee,
    route: (from, key, read) => follow(from, callee(key), read),
    bootTramp: ({ literal: data, tramp }) => codeOfWords([BTI_C, ...loadAndBranch(data ?? tramp, tramp + WORD)]),
    bootLiteral: (key) => longCode(callee(key) ?? 0),
    transformTramp: (key, read) => {
      if (key.literal === undefined) return NOTHING;
      const reason =
        key.func === 0
          ? 'func is NULL: the literal becomes __static_call_return0'
          : 'the literal holds func; no instruction changes';
      const bytes = longCode(callee(key) ?? 0);
      if (read(key.literal, LONG) === bytes) return NOTHING;
      return {
        writes: [{ what: 'literal', address: key.literal, bytes, atomicity: 'single-word', reason }],
        stray: false,
      };
    },
  };
};

/** The trampoline of the inline flavours before its key's first site: it loads key.func. */
const lazyTramp = ({ tramp, address, func }: KeyFacts): Code =>
  padded(func === 0 ? wordCode(RET) : codeOfWords(loadAndBranch(address, tramp)));

/** `bl func`, or `b` in a tail call; undefined where func is out of reach. */
const directCall = (
  { address, tail }: SiteFacts,
  func: number,
): { readonly bytes: Code; readonly reason: string } | undefined => {
  if (func === 0) {
    return tail
      ? { bytes: wordCode(RET), reason: 'func is NULL: the tail call returns' }
      : { bytes: wordCode(NOP), reason: 'func is NULL: nothing is called' };
  }
  if (!branchReaches(address, func)) return undefined;
  return { bytes: branchTo(tail, func, address), reason: 'func is in reach: one relative branch' };
};

const bounce = (
  { address, tail, veneer }: SiteFacts,
  tramp: number,
  func: number,
): { readonly bytes: Code; readonly reason: string } => {
  const far = `func is ${farBy(address, func)} bytes out of reach`;
  if (branchReaches(address, tramp)) {
    return { bytes: branchTo(tail, tramp, address), reason: `${far}: through the trampoline` };
  }
  return veneer === undefined
    ? { bytes: wordCode(BREAK_FAULT), reason: `${far}, and so is the trampoline` }
    : {
        bytes: branchTo(tail, veneer, address),
        reason: `${far}, and so is the trampoline: through the module's PLT entry for it`,
      };
};

/** The trampoline once it is defused. */
const defused = (func: number): { readonly bytes: Code; readonly reason: string } =>
  func === 0
    ? { bytes: wordCode(RET), reason: 'func is NULL: the trampoline returns' }
    : { bytes: movSequence(func), reason: 'the trampoline bounces calls that are out of reach of func' };

/** The key knows its trampoline, in `orig`. */
const DEFUSE: StaticCallArch = {
  ...base,
  inline: true,
  flavour: 'inline-defuse',
  bootTramp: (key, hasSites) => (hasSites ? padded(defused(key.func).bytes) : lazyTramp(key)),
  transformTramp: (key, read) => {
    const tramp = key.orig ?? key.tramp;
    const loads = is(INSN.adrp, wordAt(read(tramp, WORD) ?? ''));
    if (loads && key.func !== 0) return NOTHING;
    const { bytes, reason } = defused(key.func);
    return { writes: write('trampoline', tramp, bytes, read, reason), stray: false };
  },
  transformSite: (site, key, read) => {
    const { bytes, reason } = directCall(site, key.func) ?? bounce(site, key.orig ?? key.tramp, key.func);
    return { writes: write('site', site.address, bytes, read, reason), stray: false };
  },
  retireTramp: (site, key, read) => {
    const { bytes, reason } = defused(key.func);
    return {
      orig: key.tramp,
      callee: destination(site.address, read(site.address, WORD) ?? ''),
      writes: write('trampoline', key.tramp, bytes, read, `defused for the key's first site: ${reason}`),
    };
  },
};

/**
 * Without `orig`: the trampoline is whatever the first call goes to, a PLT entry in a module that is far; later nobody knows
 * where it is, and a site that is out of reach stays as it is.
 */
const DEFUSE_2018: StaticCallArch = {
  ...DEFUSE,
  transformTramp: () => NOTHING,
  transformSite: (site, key, read) => {
    const direct = directCall(site, key.func);
    return direct ? { writes: write('site', site.address, direct.bytes, read, direct.reason), stray: false } : NOTHING;
  },
  retireTramp: (site, key, read) => {
    const callee = destination(site.address, read(site.address, WORD) ?? '');
    if (callee === undefined) return { orig: undefined, callee, writes: [] };
    const isTramp = callee === key.tramp;
    const { bytes, reason } = defused(key.func);
    const why = isTramp
      ? `defused for the key's first site: ${reason}`
      : 'the callee read back is a PLT entry and not the trampoline: four words go over its three, the last over the next entry';
    const writes = write(isTramp ? 'trampoline' : 'veneer', callee, bytes, read, why);
    return { orig: undefined, callee, writes };
  },
};

/** Only sites in reach can be made direct; the trampoline catches the others. */
const POISONED: StaticCallArch = {
  ...base,
  inline: true,
  flavour: 'inline-poison',
  bootTramp: (key, hasSites) => (hasSites ? padded(wordCode(POISON)) : lazyTramp(key)),
  transformTramp: (key, read) => {
    const now = wordAt(read(key.tramp, WORD) ?? '');
    if (now === POISON || (is(INSN.adrp, now) && key.func !== 0)) return NOTHING;
    const bytes = lazyTramp(key);
    const reason = key.func === 0 ? 'func is NULL: the trampoline returns' : 'no site yet: the trampoline loads func';
    return { writes: write('trampoline', key.tramp, bytes, read, reason), stray: false };
  },
  transformSite: (site, key, read) => {
    const direct = directCall(site, key.func);
    const { bytes, reason } = direct ?? bounce(site, key.tramp, key.func);
    const why = direct ? reason : `${reason}, which is poisoned: calling it traps`;
    return { writes: write('site', site.address, bytes, read, why), stray: direct === undefined };
  },
  retireTramp: (site, key, read) => ({
    orig: undefined,
    callee: destination(site.address, read(site.address, WORD) ?? ''),
    writes: write(
      'trampoline',
      key.tramp,
      wordCode(POISON),
      read,
      "poisoned for the key's first site: a stray caller traps",
    ),
  }),
};

/** The room of a flavour; undefined for one that arm64 does not have. */
export function arm64StaticCalls(
  flavour: Flavour,
  options: { readonly orig: boolean; readonly return0: number | undefined },
): StaticCallArch | undefined {
  switch (flavour) {
    case 'out-of-line':
      return OUT_OF_LINE;
    case 'inline-defuse':
      return options.orig ? DEFUSE : DEFUSE_2018;
    case 'inline-poison':
      return POISONED;
    case 'literal':
      return literal(options.return0);
    case 'inline':
      return undefined;
  }
}
