/** What the parsers of a kernel's text files share: lines with numbers, bounds, and how a fault is told. */
import { fromHex } from '../address.ts';

/** A fault names its line; whoever knows the file puts its name in front (`FILE:LINE: …`). */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly line: number; readonly message: string };

export function fault(line: number, expected: string, found: string): Parsed<never> {
  return { ok: false, line, message: `expected ${expected}, found ${JSON.stringify(found.slice(0, 120))}` };
}

/** Lines with their numbers from 1 on, without the newline; an empty last line is none. */
export function* linesOf(text: string): Generator<readonly [number: number, line: string], void, undefined> {
  let number = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    number++;
    yield [number, text.slice(start, text.charCodeAt(end - 1) === 0x0d && end > start ? end - 1 : end)];
    start = end + 1;
  }
}

/** An address of 1 to 16 digits as the number that it is; NaN where it is none, or lies beyond 2^53 (five-level heaps do). */
export function address(digits: string): number {
  return fromHex(digits.startsWith('0x') ? digits : `0x${digits}`);
}

/** A decimal number that a double holds; NaN where it does not. */
export function decimal(digits: string): number {
  const value = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(value) ? value : Number.NaN;
}
