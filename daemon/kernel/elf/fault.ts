/** Making faults: every refusal names the byte, the field, what stood there and what was expected. */
import type { Checked, ElfFault } from './types.ts';

/** A refusal, ready to be returned as any Checked or as an ElfResult. */
export function refuse(
  offset: number,
  field: string,
  found: string,
  expected: string,
): { readonly ok: false; readonly fault: ElfFault } {
  return { ok: false, fault: { offset, field, found, expected } };
}

export function checked<T>(value: T): Checked<T> {
  return { ok: true, value };
}

/** A number as people read ELF: hexadecimal from 10 up. */
export function hex(value: number): string {
  return value > -10 && value < 10 ? String(value) : `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`;
}

/** An unsigned 64-bit little-endian field as a number; rounded beyond 2^53, so compare it, never add to it unchecked. */
export function u64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  const low = view.getUint32(at, true);
  // A sum would be kept as a double, which takes memory of its own.
  return high === 0 ? low : high * 0x1_0000_0000 + low;
}

/** The same field, exact, for a fault's text. */
export function hex64(view: DataView, at: number): string {
  return `0x${view.getBigUint64(at, true).toString(16)}`;
}

/** A string from the file as it may stand in a message: printable and short. */
export function quote(text: string): string {
  const head = text.length > 64 ? `${text.slice(0, 64)}…` : text;
  return JSON.stringify(head.replace(/[^\x20-\x7e…]/g, '?'));
}
