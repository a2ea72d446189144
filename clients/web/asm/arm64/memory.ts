/** Loads, stores, exclusives and atomics. Source: DDI 0487, C3.2 (loads and stores), C6.2. */
import { direction } from '../distance.ts';
import type { Parsed } from '../parse.ts';
import { type Around, type Family, listed, sizeWords } from '../rule.ts';
import { addressWords, memoryAt, operandWords, writebackWords } from './operands.ts';

const SIZES: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, d: 8, x: 8, s: 4, q: 16 };

/** Bytes that are moved: what the mnemonic says, else what the register holds. */
const sizeOf = (suffix: string, name: string | undefined): number => {
  const said = SIZES[suffix.replace('s', '')];
  return said ?? SIZES[name?.[0] ?? ''] ?? 8;
};

const registers = (operands: readonly string[]): string[] => operandWords(operands);

const into = (words: readonly string[]): string => (words.every((word) => word === 'zero') ? 'nowhere' : listed(words));

/** How a load or store of this name is special, in front of the colon and behind the sentence. */
const LOADS: Readonly<Record<string, readonly [title: string, more: string]>> = {
  ldr: ['load', ''],
  ldur: ['load', ''],
  ldtr: ['load as a program would', ', with the rights of user space'],
  ldar: ['load-acquire', ', before any memory access that follows'],
  ldlar: ['load-acquire', ', before any memory access that follows'],
  ldapr: ['load-acquire', ', before any memory access that follows'],
  ldapur: ['load-acquire', ', before any memory access that follows'],
  ldxr: ['load exclusive', ', and watches whether anybody else writes there'],
  ldaxr: ['load-acquire exclusive', ', before what follows, and watches whether anybody else writes there'],
  ldnp: ['load pair', ', which will not be needed again soon'],
  ldp: ['load pair', ''],
  ldxp: ['load exclusive pair', ', and watches whether anybody else writes there'],
  ldaxp: ['load-acquire exclusive pair', ', before what follows, and watches whether anybody else writes there'],
};

const STORES: Readonly<Record<string, readonly [title: string, more: string]>> = {
  str: ['store', ''],
  stur: ['store', ''],
  sttr: ['store as a program would', ', with the rights of user space'],
  stlr: ['store-release', ', after all memory accesses before it'],
  stllr: ['store-release', ', after all memory accesses before it'],
  stlur: ['store-release', ', after all memory accesses before it'],
  stp: ['store pair', ''],
  stnp: ['store pair', ', which will not be needed again soon'],
};

function load(match: RegExpExecArray, { operands }: Parsed, around: Around): string | undefined {
  const [, name = '', suffix = ''] = match;
  const [title, more] = LOADS[name] ?? ['load', ''];
  const at = memoryAt(operands);
  const size = sizeOf(suffix, operands[0]);
  const sign = suffix.startsWith('s') ? ` with ${size === 1 ? 'its' : 'their'} sign` : '';
  if (at < 0) return literal(title, size, sign, operands, around);
  if (at === 0) return undefined;
  const targets = registers(operands.slice(0, at));
  const memory = operands.slice(at);
  const each = targets.length > 1 ? ' each' : '';
  return `${title}: reads ${sizeWords(size)}${each} at ${addressWords(memory)} into ${into(targets)}${sign}${more}${writebackWords(memory)}`;
}

function literal(title: string, size: number, sign: string, operands: readonly string[], { reach, name }: Around) {
  if (!reach) return undefined;
  return `${title} of a literal: reads ${sizeWords(size)} at ${name(reach.target)}, ${direction(reach.distance)}, into ${into(registers(operands.slice(0, 1)))}${sign}; it reaches at most 1 MiB`;
}

function store(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, name = '', suffix = ''] = match;
  const [title, more] = STORES[name] ?? ['store', ''];
  const at = memoryAt(operands);
  if (at < 1) return undefined;
  const sources = registers(operands.slice(0, at));
  const memory = operands.slice(at);
  const each = sources.length > 1 ? ' each' : '';
  return `${title}: writes ${listed(sources)}, ${sizeWords(sizeOf(suffix, operands[0]))}${each}, to ${addressWords(memory)}${more}${writebackWords(memory)}`;
}

function storeExclusive(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, release, pair, suffix = ''] = match;
  const at = memoryAt(operands);
  if (at !== (pair ? 3 : 2)) return undefined;
  const [status = '', ...sources] = registers(operands.slice(0, at));
  const title = `store${release ? '-release' : ''} exclusive${pair ? ' pair' : ''}`;
  const each = pair ? ' each' : '';
  const size = sizeOf(suffix, operands[1]);
  return `${title}: writes ${listed(sources)}, ${sizeWords(size)}${each}, to ${addressWords(operands.slice(at))} if nobody else wrote there since the load; ${status} tells: 0 it did, 1 it did not`;
}

const ORDER: Readonly<Record<string, string>> = {
  '': '',
  a: ', with acquire',
  l: ', with release',
  al: ', with acquire and release',
};

const TITLES: Readonly<Record<string, string>> = {
  clr: 'clear',
  eor: 'exclusive or',
  smax: 'signed maximum',
  smin: 'signed minimum',
  umax: 'maximum',
  umin: 'minimum',
};

const CHANGES: Readonly<Record<string, (value: string) => string>> = {
  add: (value) => `adds ${value} to`,
  clr: (value) => `clears the bits of ${value} in`,
  eor: (value) => `flips the bits of ${value} in`,
  set: (value) => `sets the bits of ${value} in`,
  smax: (value) => `leaves the larger, signed, of ${value} and what is there in`,
  smin: (value) => `leaves the smaller, signed, of ${value} and what is there in`,
  umax: (value) => `leaves the larger of ${value} and what is there in`,
  umin: (value) => `leaves the smaller of ${value} and what is there in`,
};

const within = (operands: readonly string[], at: number, suffix: string): string =>
  `the ${sizeWords(sizeOf(suffix, operands[0]))} at ${addressWords(operands.slice(at))}`;

function atomic(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, kind, change = '', order = '', suffix = ''] = match;
  const at = memoryAt(operands);
  if (at !== (kind === 'ld' ? 2 : 1)) return undefined;
  const [value = '', old = ''] = registers(operands.slice(0, at));
  const what = CHANGES[change]?.(value);
  const keeps = kind === 'ld' && old !== 'zero' ? `, and puts what was there into ${old}` : '';
  return `atomic ${TITLES[change] ?? change}: ${what} ${within(operands, at, suffix)} in one step${ORDER[order]}${keeps}`;
}

function swap(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, order = '', suffix = ''] = match;
  const at = memoryAt(operands);
  if (at !== 2) return undefined;
  const [value, old = ''] = registers(operands.slice(0, at));
  return `atomic swap: writes ${value} to ${within(operands, at, suffix)} in one step${ORDER[order]}, and puts what was there into ${into([old])}`;
}

function compareAndSwap(match: RegExpExecArray, { operands }: Parsed): string | undefined {
  const [, pair, order = '', suffix = ''] = match;
  const at = memoryAt(operands);
  if (at !== (pair ? 4 : 2)) return undefined;
  const all = registers(operands.slice(0, at));
  const half = all.length / 2;
  const expected = listed(all.slice(0, half));
  const size = sizeWords(sizeOf(suffix, operands[0]) * half);
  const memory = addressWords(operands.slice(at));
  return `compare and swap${pair ? ' pair' : ''}: if ${expected} still is at ${memory}, ${size}, writes ${listed(all.slice(half))} there, in one step${ORDER[order]}; ${expected} becomes what was there`;
}

const PREFETCH: Readonly<Record<string, string>> = { pld: 'read', pli: 'executed', pst: 'written' };

function prefetch(_: RegExpExecArray, { operands }: Parsed, { reach, name }: Around): string | undefined {
  const soon = PREFETCH[(operands[0] ?? '').slice(0, 3)] ?? 'used';
  const at = memoryAt(operands);
  const where = at < 0 ? reach && name(reach.target) : addressWords(operands.slice(at));
  return where === undefined
    ? undefined
    : `prefetch: says that memory at ${where} will soon be ${soon}; nothing else changes`;
}

export const MEMORY_FAMILIES: readonly Family[] = [
  [/^(ldr|ldur|ldtr|ldar|ldlar|ldapr|ldapur|ldxr|ldaxr)(s?[bhw])?$/, load],
  [/^(ldp|ldnp|ldxp|ldaxp)(sw)?$/, load],
  [/^(str|stur|sttr|stlr|stllr|stlur)([bh])?$/, store],
  [/^(stp|stnp)()$/, store],
  [/^st(l)?x(?:r|(p))([bh])?$/, storeExclusive],
  [/^(ld|st)(add|clr|eor|set|[su]max|[su]min)(al?|l)?([bh])?$/, atomic],
  [/^swp(al?|l)?([bh])?$/, swap],
  [/^cas(p)?(al?|l)?([bh])?$/, compareAndSwap],
  [/^prfu?m$/, prefetch],
];
