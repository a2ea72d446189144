/**
 * String tables: bytes between two NULs. One character a byte, so that different bytes never become equal names.
 * Source: gABI 4 "String Table".
 */
import { LIMIT, SHT_STRTAB } from './constants.ts';
import { checked, hex, refuse } from './fault.ts';
import type { Checked, Section } from './types.ts';

/** Length of the string at `start`. A NUL follows it: the table was checked. */
export function stringLength(bytes: Uint8Array, start: number): number {
  let end = start;
  while (bytes[end] !== 0 && end < bytes.length) end++;
  return end - start;
}

/** The string at `start`, up to its NUL. */
export function readString(bytes: Uint8Array, start: number): string {
  const length = stringLength(bytes, start);
  return String.fromCharCode.apply(null, bytes.subarray(start, start + length) as unknown as number[]);
}

/** Whether the bytes at `start` are those of `text`; what follows them is not looked at. */
export function startsWith(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/**
 * Names read before, each in the place that the hash of its bytes says, next to its length and bytes. The same names come in
 * module after module: as the same string they need not be made again, and maps find them without comparing characters.
 */
const PLACES = 2 ** 14;
const PLACE_SIZE = 64;
const KNOWN: string[] = new Array(PLACES).fill('');
const KNOWN_BYTES = new Uint8Array(PLACES * PLACE_SIZE);

/** As readString, for names that are likely to come again. */
export function readName(bytes: Uint8Array, start: number): string {
  let length = 0;
  let hash = 0;
  for (let byte = bytes[start]; byte !== 0 && byte !== undefined; byte = bytes[start + length]) {
    hash = Math.imul(hash ^ byte, 0x01000193);
    length++;
  }
  if (length >= PLACE_SIZE) return readString(bytes, start);
  const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
  const at = place * PLACE_SIZE;
  if (KNOWN_BYTES[at] === length && isSame(bytes, start, at + 1, length)) return KNOWN[place] as string;
  const name = readString(bytes, start);
  KNOWN[place] = name;
  KNOWN_BYTES[at] = length;
  for (let i = 0; i < length; i++) KNOWN_BYTES[at + 1 + i] = bytes[start + i] as number;
  return name;
}

function isSame(bytes: Uint8Array, start: number, knownAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[start + i] !== KNOWN_BYTES[knownAt + i]) return false;
  return true;
}

/**
 * Checks that a section is a string table in which every string ends, and none is longer than the limit.
 * Looks at one byte in thousands: from each NUL it asks for the last NUL that is still near enough.
 */
export function checkStrings(bytes: Uint8Array, section: Section, headerAt: number): Checked<Section> {
  const field = `section ${section.index} (${section.name})`;
  if (section.type !== SHT_STRTAB) {
    return refuse(headerAt + 4, `${field} sh_type`, String(section.type), `${SHT_STRTAB} (SHT_STRTAB)`);
  }
  const { offset, size } = section;
  if (size === 0) return refuse(headerAt + 32, `${field} sh_size`, '0', 'at least one byte of strings');
  const end = offset + size;
  if (bytes[offset] !== 0) return refuse(offset, `${field} first byte`, hex(bytes[offset] ?? 0), 'NUL');
  if (bytes[end - 1] !== 0) return refuse(end - 1, `${field} last byte`, hex(bytes[end - 1] ?? 0), 'NUL');
  let nul = offset;
  while (nul < end - 1) {
    let next = Math.min(nul + 1 + LIMIT.nameLength, end - 1);
    while (bytes[next] !== 0) next--;
    if (next <= nul) {
      return refuse(nul + 1, `${field} string`, `more than ${LIMIT.nameLength} bytes`, `at most ${LIMIT.nameLength}`);
    }
    nul = next;
  }
  return checked(section);
}
