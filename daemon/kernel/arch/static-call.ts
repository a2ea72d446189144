/**
 * What the generic part of static calls asks of an architecture. One interface, two rooms: arm64/ and x86-64/.
 * Source: include/linux/static_call.h (`arch_static_call_transform`), v6.1 and v6.12; for `orig`, reading the callee back,
 * poison and defuse: the thread of 2018 about the first series.
 *
 * A room is pure: it sees memory through `Read`, and answers with what the kernel would write.
 */
import type { Atomicity, CallClass, PatchWhat } from '../../../protocol/events/static-call.ts';
import type { Flavour } from '../../../protocol/profile.ts';

/** Bytes in memory order as lowercase hex digits: immutable, comparable with ===, and as events carry them. */
export type Code = string;

/** `size` bytes at `address` as memory is now; undefined where the model doesn't know them. */
export type Read = (address: number, size: number) => Code | undefined;

/** A key as the architecture sees it. */
export interface KeyFacts {
  /** Of the key itself; its first word is func. */
  readonly address: number;
  /** 0 is NULL. */
  readonly func: number;
  readonly tramp: number;
  /** Where the `literal` flavour keeps func for its trampoline. */
  readonly literal: number | undefined;
  /** The trampoline's address, kept in the key from its first site on; undefined before, or where the flavour keeps none. */
  readonly orig: number | undefined;
}

export interface SiteFacts {
  readonly address: number;
  readonly tail: boolean;
  /** The PLT entry that relocation made the site go through; undefined where it reached the trampoline itself. */
  readonly veneer: number | undefined;
}

/** One store, or one sequence of stores, to one place. */
export interface Write {
  readonly what: PatchWhat;
  readonly address: number;
  readonly bytes: Code;
  readonly atomicity: Atomicity;
  /** Why these bytes, in words. */
  readonly reason: string;
}

/** What one transform writes, in the kernel's order; bytes that are there already are not written. */
export interface Transformed {
  readonly writes: readonly Write[];
  /** True where the site has no way to key.func left and calls the poisoned trampoline. */
  readonly stray: boolean;
}

/** What a call from a site goes through, as memory is now. */
export interface Route {
  /** Addresses of the instructions that branch, the site first; each is one hop. */
  readonly branches: readonly number[];
  /** Where it arrives; undefined where it calls nothing or traps. */
  readonly end: number | undefined;
  readonly class: CallClass;
}

export interface StaticCallArch {
  readonly flavour: Flavour;
  /** True where call sites are patched; elsewhere the kernel keeps no site_mods. */
  readonly inline: boolean;
  /** The most bytes that an instruction at a site takes. */
  readonly siteSize: number;
  readonly trampSize: number;
  /** Bytes that one entry of the model's memory holds: 4 where all instructions have that size, else 0 for whatever was written. */
  readonly granule: 0 | 4;
  /** Bytes from a branch to its destination that it can bridge, both ends included. */
  readonly reach: { readonly min: number; readonly max: number };
  /** The trampoline as the compiler and the boot leave it, for a key of the kernel whose bytes the profile does not tell. */
  bootTramp(key: KeyFacts, hasSites: boolean): Code;
  /**
   * What boot leaves at a site of the kernel's own, where the profile tells `code`. Only of a flavour that no released kernel
   * has: a profile's bytes are then not its own, those of trampolines included.
   */
  readonly bootSite?: (site: SiteFacts, key: KeyFacts, code: Code) => Code;
  /** What the literal of a key holds after boot; only the `literal` flavour has one. */
  readonly bootLiteral?: (key: KeyFacts) => Code;
  /** arch_static_call_transform(NULL, tramp, func, false); `key.func` is the new one. */
  transformTramp(key: KeyFacts, read: Read): Transformed;
  /** arch_static_call_transform(site, NULL, func, tail). */
  transformSite(site: SiteFacts, key: KeyFacts, read: Read): Transformed;
  /** Poisons or defuses the trampoline for the key's first site; `orig` is what the key keeps from now on. */
  retireTramp(
    site: SiteFacts,
    key: KeyFacts,
    read: Read,
  ): { readonly orig: number | undefined; readonly callee: number | undefined; readonly writes: readonly Write[] };
  /** Where the branch `code` at `address` goes; undefined for what is no branch. A far arm64 call goes to a PLT entry. */
  destination(address: number, code: Code): number | undefined;
  /** What `func` a call is meant to arrive at: undefined where it calls nothing. */
  callee(key: KeyFacts): number | undefined;
  /** Executes from `from`, a site or a trampoline, until the callee, a trap or a return. */
  route(from: number, key: KeyFacts, read: Read): Route;
  /** One line of assembler for each instruction, joined by `; `. */
  text(address: number, code: Code): string;
}

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as code. */
export function codeOf(bytes: ArrayLike<number>): Code {
  let code = '';
  for (let i = 0; i < bytes.length; i++) code += DIGITS[(bytes[i] ?? 0) & 0xff];
  return code;
}

/** The 32-bit little-endian word at byte `at` of `code`, unsigned; NaN beyond its end. */
export function wordAt(code: Code, at = 0): number {
  const digits = code.slice(at * 2, at * 2 + 8);
  if (digits.length !== 8) return Number.NaN;
  const word = Number.parseInt(digits, 16);
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

/** A 32-bit word, signed or not, as four little-endian bytes. */
export function wordCode(word: number): Code {
  return `${DIGITS[word & 0xff]}${DIGITS[(word >>> 8) & 0xff]}${DIGITS[(word >>> 16) & 0xff]}${DIGITS[word >>> 24]}`;
}

const TWO_32 = 2 ** 32;

/** A signed 64-bit value below 2^53 in magnitude as eight little-endian bytes. */
export function longCode(value: number): Code {
  return wordCode(value | 0) + wordCode(Math.floor(value / TWO_32) | 0);
}

/** The signed 64-bit little-endian value at byte `at`; NaN beyond the end of `code`. */
export function longAt(code: Code, at = 0): number {
  return (wordAt(code, at + 4) | 0) * TWO_32 + wordAt(code, at);
}
