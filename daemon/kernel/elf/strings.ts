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

/** Few enough arguments for one call. */
const CHUNK = 8192;

/** A whole table as one string, for those who need most of its names; a name cut from it may keep all of it alive. */
export function readTable(bytes: Uint8Array, { offset, size }: Section): string {
  let text = '';
  for (let at = 0; at < size; at += CHUNK) {
    const chunk = bytes.subarray(offset + at, offset + Math.min(at + CHUNK, size));
    text += String.fromCharCode.apply(null, chunk as unknown as number[]);
  }
  return text;
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
    const next = bytes.lastIndexOf(0, Math.min(nul + 1 + LIMIT.nameLength, end - 1));
    if (next <= nul) {
      return refuse(nul + 1, `${field} string`, `more than ${LIMIT.nameLength} bytes`, `at most ${LIMIT.nameLength}`);
    }
    nul = next;
  }
  return checked(section);
}
