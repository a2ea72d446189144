/**
 * A64 words as bit fields, for what the loader and static calls write; any other word by the top level of the encoding.
 * Source: Arm Architecture Reference Manual (DDI 0487), C4.1 (top level) and the instruction's page in C6.2, which every
 * class names.
 */
import { binary, type Encoding, type Field } from '../encoding.ts';
import { CLASSES } from './classes.ts';
import type { Class, Context, Part } from './layout.ts';
import { genericMeaning } from './meanings.ts';

const WORD = 4;

interface PlacedPart extends Part {
  readonly hi: number;
  readonly lo: number;
}

interface PlacedClass extends Class {
  readonly parts: readonly PlacedPart[];
}

const placed: readonly PlacedClass[] = CLASSES.map((one) => {
  let next = 31;
  const parts = one.parts.map((part) => {
    const hi = next;
    next -= part.width;
    return { ...part, hi, lo: next + 1 };
  });
  if (next !== -1) throw new Error(`the fields of ${one.name} are ${31 - next} bits`);
  return { ...one, parts };
});

const bits = (word: number, { lo, width }: PlacedPart): number => Math.floor(word / 2 ** lo) % 2 ** width;

const fits = (word: number) => (part: PlacedPart) => part.fixed === undefined || bits(word, part) === part.fixed;

/** `word` unsigned; `address` is where it stands, for what is relative to it. */
export function fields(word: number, address: number): Encoding {
  const found = placed.find((one) => one.parts.every(fits(word)));
  if (!found) throw new Error('the last class takes any word');
  const values = new Map(found.parts.map((part) => [part.name, bits(word, part)]));
  const context = { address, of: (name: string) => values.get(name) ?? 0 };
  return {
    name: found.name,
    source: `DDI 0487, ${found.source}`,
    fields: found.parts.map((part) => field(part, bits(word, part), meaningOf(found, part, context))),
  };
}

const meaningOf = (what: Class, part: Part, context: Context): string => {
  const value = context.of(part.name);
  return what.meanings[part.name]?.(value, context) ?? genericMeaning(part);
};

const field = ({ name, hi, lo, width }: PlacedPart, value: number, meaning: string): Field => ({
  name,
  byte: 0,
  bytes: WORD,
  hi,
  lo,
  value,
  meaning: meaning === '' ? binary(value, width) : meaning,
});
