/**
 * Assembler text taken apart: what is in front of the mnemonic, the mnemonic, its operands. The text is the daemon's: its own
 * tables' or Capstone's, arm64 in the manual's syntax and x86-64 in AT&T's.
 */

export interface Parsed {
  /** x86-64: `lock`, `rep`, a segment that is named alone. */
  readonly prefixes: readonly string[];
  readonly mnemonic: string;
  readonly operands: readonly string[];
}

const PREFIX = new Set(
  'lock rep repe repz repne repnz cs ds es fs gs ss notrack bnd data16 addr32 xacquire xrelease rex.w'.split(' '),
);

export const isPrefix = (word: string): boolean => PREFIX.has(word);

export function parse(text: string): Parsed {
  const words = text.trim().split(/\s+/);
  let at = 0;
  while (at < words.length - 1 && isPrefix(words[at] ?? '')) at++;
  return {
    prefixes: words.slice(0, at),
    mnemonic: words[at] ?? '',
    operands: operandsOf(words.slice(at + 1).join(' ')),
  };
}

/** Operands stand between commas that are in no bracket. */
export function operandsOf(text: string): string[] {
  const operands: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at] ?? '';
    if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if (c === ',' && depth === 0) {
      operands.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = text.slice(start).trim();
  if (last !== '' || operands.length > 0) operands.push(last);
  return operands;
}

/** The number that `#0x20`, `$-8` or `16` says; NaN for anything else and for what a double does not hold exactly. */
export function numberOf(text: string): number {
  const match = /^[#$]?(-?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (!match) return Number.NaN;
  const value = Number(match[2]) * (match[1] === '-' ? -1 : 1);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** A number as people read it: small ones in decimal, all others as they were written. */
export function plain(text: string): string {
  const value = numberOf(text);
  return Math.abs(value) < 10_000 ? String(value) : text.replace(/^[#$]/, '');
}
