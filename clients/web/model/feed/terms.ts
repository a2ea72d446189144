/**
 * What the patch feed is to show, as a person writes it: `key:might_resched module:xfs addr:0x…-0x… class:veneer
 * what:trampoline atomicity:stop-machine` and words. Terms of one name are alternatives, terms of different names must all
 * hold, and so must every word.
 */
import { fromHex } from '../../../../protocol/address.ts';
import type { EventOf } from '../../../../protocol/events/index.ts';
import { CLASSES } from '../../../../protocol/view/static-call.ts';

type Patch = EventOf<'StaticCallPatched'>;

/** Addresses from `from` to before `to`. */
export interface AddressRange {
  readonly from: number;
  readonly to: number;
}

export interface Terms {
  readonly key: readonly string[];
  readonly module: readonly string[];
  readonly addr: readonly AddressRange[];
  readonly class: readonly Patch['class'][];
  readonly what: readonly Patch['what'][];
  readonly atomicity: readonly Patch['atomicity'][];
  /** In lower case. */
  readonly words: readonly string[];
}

/** A term that makes no sense: where it stands in the text, and why. */
export interface Fault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

export const WHATS: readonly Patch['what'][] = ['site', 'trampoline', 'literal', 'veneer'];
export const ATOMICITIES: readonly Patch['atomicity'][] = ['single-word', 'stop-machine', 'int3'];

export const TERM_NAMES = ['key', 'module', 'addr', 'class', 'what', 'atomicity'] as const;
export type TermName = (typeof TERM_NAMES)[number];

/** What protocol/filter.ts takes at most. */
const MOST_NAMES = 64;
const MOST_RANGES = 16;
const LONGEST_NAME = 256;

/** A term ends at a blank; words with blanks, or with a colon, stand in quotes. */
const PIECE = /"([^"]*)"?|\S+/g;

export function parseTerms(text: string): { readonly terms: Terms; readonly faults: readonly Fault[] } {
  const terms = { key: [], module: [], addr: [], class: [], what: [], atomicity: [], words: [] } as {
    -readonly [T in keyof Terms]: Terms[T][number][];
  };
  const faults: Fault[] = [];
  for (const match of text.matchAll(PIECE)) {
    const [piece, quoted] = match;
    const message = take(terms, piece, quoted);
    if (message !== null) faults.push({ start: match.index, end: match.index + piece.length, message });
  }
  return { terms, faults };
}

type Taken = { -readonly [T in keyof Terms]: Terms[T][number][] };

/** Null where it was taken, else why not. */
function take(into: Taken, piece: string, quoted: string | undefined): string | null {
  if (quoted !== undefined) {
    if (quoted !== '') into.words.push(quoted.toLowerCase());
    return null;
  }
  const colon = piece.indexOf(':');
  if (colon < 0) {
    into.words.push(piece.toLowerCase());
    return null;
  }
  const name = TERM_NAMES.find((known) => known === piece.slice(0, colon));
  const value = piece.slice(colon + 1);
  if (name === undefined) {
    return `there is no “${piece.slice(0, colon)}:”, but ${TERM_NAMES.map((known) => `${known}:`).join(' ')} are; quote it to find it as text`;
  }
  if (value === '') return `${name}: of what? ${EXAMPLES[name]}`;
  switch (name) {
    case 'key':
    case 'module':
      return named(into[name], value, name);
    case 'addr':
      return ranged(into.addr, value);
    case 'class':
      return oneOf(into.class, CLASSES, value, name);
    case 'what':
      return oneOf(into.what, WHATS, value, name);
    case 'atomicity':
      return oneOf(into.atomicity, ATOMICITIES, value, name);
  }
}

const EXAMPLES: Readonly<Record<TermName, string>> = {
  key: 'A key by its name, key:might_resched',
  module: 'A module, or vmlinux: module:xfs',
  addr: 'An address, or from-to: addr:0xffff800001000000-0xffff800001001000',
  class: `One of ${CLASSES.join(', ')}`,
  what: `One of ${WHATS.join(', ')}`,
  atomicity: `One of ${ATOMICITIES.join(', ')}`,
};

function named(into: string[], value: string, name: TermName): string | null {
  if (value.length > LONGEST_NAME) return `no ${name} has a name of ${value.length} characters`;
  if (into.length === MOST_NAMES) return `more than ${MOST_NAMES} of ${name}: are too many`;
  into.push(value);
  return null;
}

function ranged(into: AddressRange[], value: string): string | null {
  const [first = '', last, more] = value.split('-');
  const from = fromHex(first);
  const to = last === undefined ? from + 1 : fromHex(last);
  if (more !== undefined || Number.isNaN(from) || Number.isNaN(to)) {
    return `“${value}” is no kernel address: write 0x and hex digits, or from-to`;
  }
  if (to <= from) return 'the second address is the first one after the range: it has to be the larger one';
  if (into.length === MOST_RANGES) return `more than ${MOST_RANGES} of addr: are too many`;
  into.push({ from, to });
  return null;
}

function oneOf<T extends string>(into: T[], all: readonly T[], value: string, name: TermName): string | null {
  const found = all.find((each) => each === value);
  if (found === undefined) return `“${value}” is no ${name}: ${all.join(', ')} are`;
  into.push(found);
  return null;
}
