/** Parsers of option values: what does not parse is a usage error that says what was expected. */
import { InvalidArgumentError } from 'commander';
import { fromHex, type Hex } from '../../protocol/address.ts';
import { PaceSchema } from '../../protocol/frames.ts';
import { type PositionText, parsePosition } from '../../protocol/position.ts';
import { BookmarkNameSchema } from '../../protocol/schema.ts';
import { validator } from '../../protocol/validate.ts';

/** A parser of whole numbers from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(0x[0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

export function address(text: string): Hex {
  if (Number.isNaN(fromHex(text))) throw new InvalidArgumentError('Expected a kernel address, 0xffff800008000000 say.');
  return text as Hex;
}

/** Bits in hex, as an address is written. */
export function bitmap(text: string): Hex {
  if (Number.isNaN(fromHex(text))) throw new InvalidArgumentError('Expected bits in hex, 0x40 say.');
  return text as Hex;
}

export function position(text: string): PositionText {
  const parsed = parsePosition(text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.message);
  return parsed.position;
}

const validName = validator(BookmarkNameSchema, 'it');

export function bookmarkName(text: string): string {
  const name = validName(text);
  if (!name.ok) throw new InvalidArgumentError(name.message);
  return name.value;
}

export function errno(text: string): string {
  if (!/^E[A-Z0-9]+$/.test(text)) throw new InvalidArgumentError("Expected an errno's name, ENOMEM say.");
  return text;
}

export function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((each) => each === text);
    if (choice === undefined) throw new InvalidArgumentError(`Expected one of ${choices.join(', ')}.`);
    return choice;
  };
}

const validPace = validator(PaceSchema, 'it');

/** A pace as a frame has it. */
export function pace(text: string): string {
  const valid = validPace(text);
  if (!valid.ok) throw new InvalidArgumentError('Expected original, instant, or a factor such as x10.');
  return valid.value;
}

/** Commits a second are those of the recording times this; 0 means no waiting. */
export function speed(text: string): number {
  if (text === 'instant') return 0;
  if (text === 'original') return 1;
  const factor = /^x(\d+(\.\d+)?)$/.exec(text)?.[1];
  const value = factor === undefined ? 0 : Number(factor);
  if (!(value > 0 && value <= 1e6))
    throw new InvalidArgumentError('Expected instant, original, or a factor such as x10.');
  return value;
}
