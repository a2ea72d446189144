/**
 * Assembler text cut into tokens for colour and links. The texts of all tokens, joined, are the text. Addresses are values,
 * for the page to resolve to symbols.
 */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import { kindOf } from './kind.ts';
import { isPrefix, numberOf } from './parse.ts';
import type { Kind } from './types.ts';

export type Token =
  | { readonly type: 'mnemonic'; readonly text: string; readonly kind: Kind }
  /** `register` is the 64-bit one that it is part of: w3 and x3 are x3, %r9d is r9, %al is rax. */
  | { readonly type: 'register'; readonly text: string; readonly register: string }
  /** `value` is null where a double does not hold it. */
  | { readonly type: 'immediate'; readonly text: string; readonly value: number | null }
  | { readonly type: 'address'; readonly text: string; readonly address: Hex }
  /** Conditions, shifts, extensions, barriers, system registers. */
  | { readonly type: 'word'; readonly text: string }
  | { readonly type: 'punctuation'; readonly text: string }
  | { readonly type: 'space'; readonly text: string };

const PIECE = /\s+|%\w+|[#$]?-?0x[0-9a-f]+|[#$]?-?\d+(?![\w.])|[a-z_.][\w.]*|[^\s]/gi;
const NUMBER = /^([#$]?)-?(0x[0-9a-f]+|\d+)$/i;
const ARM64_REGISTER = /^([wx](\d{1,2}|zr)|w?sp|[vzqdshbp]\d{1,2}(\.\d{0,2}[bhsdq])?)$/;

/** `text` may hold several instructions, joined by `; `. */
export function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let mnemonic = '';
  let depth = 0;
  let before = '';
  for (const match of text.matchAll(PIECE)) {
    const [piece] = match;
    const rest = text.slice(match.index + piece.length);
    if (/^\s/.test(piece)) {
      found.push({ type: 'space', text: piece });
      continue;
    }
    if (mnemonic === '' && piece !== ';') {
      found.push({ type: 'mnemonic', text: piece, kind: kindOf(piece, rest.split(';', 1)[0] ?? '') });
      if (!isPrefix(piece)) mnemonic = piece;
    } else {
      if ('([{'.includes(piece)) depth++;
      if (')]}'.includes(piece)) depth--;
      if (piece === ';') mnemonic = '';
      found.push(operand(piece, { mnemonic, inside: depth > 0, before, after: rest[0] ?? '' }));
    }
    before = piece;
  }
  return found;
}

interface Around {
  readonly mnemonic: string;
  readonly inside: boolean;
  /** The piece before and the character after. */
  readonly before: string;
  readonly after: string;
}

function operand(piece: string, around: Around): Token {
  const number = NUMBER.exec(piece);
  if (number) {
    const address = isAddress(number[1] ?? '', around) ? fromHex(piece.replace('#', '')) : Number.NaN;
    if (!Number.isNaN(address)) return { type: 'address', text: piece, address: toHex(address) };
    const value = numberOf(piece);
    return { type: 'immediate', text: piece, value: Number.isNaN(value) ? null : value };
  }
  if (piece.startsWith('%') && piece.length > 1)
    return { type: 'register', text: piece, register: wholeX86(piece.slice(1)) };
  if (ARM64_REGISTER.test(piece)) return { type: 'register', text: piece, register: wholeArm64(piece) };
  return { type: /^[\w.]+$/.test(piece) ? 'word' : 'punctuation', text: piece };
}

/** A label has no sign before it; Capstone puts one before the label of an arm64 load. */
function isAddress(sign: string, { mnemonic, inside, before, after }: Around): boolean {
  if (inside || mnemonic.startsWith('.')) return false;
  if (sign === '') return after !== '(' && before !== ':' && before !== '*';
  return sign === '#' && before === ',' && /^(ldr(sw)?|prfm)$/.test(mnemonic) && after === '';
}

const wholeArm64 = (name: string): string => {
  if (name === 'wsp') return 'sp';
  if (name.startsWith('w')) return `x${name.slice(1)}`;
  return /^[qdshb]\d/.test(name) ? `v${name.slice(1)}` : (name.split('.')[0] ?? name);
};

function wholeX86(name: string): string {
  const numbered = /^(r\d+)[bwd]$/.exec(name);
  if (numbered) return numbered[1] ?? name;
  const letter = /^[er]?([abcd])[xlh]$/.exec(name);
  if (letter) return `r${letter[1]}x`;
  const pointer = /^[er]?(si|di|sp|bp|ip)l?$/.exec(name);
  if (pointer) return `r${pointer[1]}`;
  return name.replace(/^[xyz](mm\d+)$/, 'z$1');
}
