/**
 * Kernel addresses as JavaScript numbers, and as the hex strings that people, events and frames carry.
 *
 * A kernel address is canonical: sign-extended from 48 or 52 bits. Read as a *signed* 64-bit value its magnitude is
 * below 2^53, so a double holds it exactly: 0xffff800008000000 is -0x7ffff8000000.
 */

/** `0x` and 16 lowercase hex digits: as strings these sort like the unsigned addresses they name. */
export type Hex = `0x${string}`;

const HIGH = 2 ** 32;

/** The 16-digit hex form of an address, of any integer in (-2^53, 2^53). */
export function toHex(address: number): Hex {
  const high = Math.floor(address / HIGH) >>> 0;
  const low = address >>> 0;
  return `0x${high.toString(16).padStart(8, '0')}${low.toString(16).padStart(8, '0')}`;
}

/** The address that a hex string of 1 to 16 digits names; NaN where it is not hex or is not exact as a double. */
export function fromHex(hex: string): number {
  if (!/^0x[0-9a-fA-F]{1,16}$/.test(hex)) return Number.NaN;
  const digits = hex.slice(2).padStart(16, '0');
  const address = (Number.parseInt(digits.slice(0, 8), 16) | 0) * HIGH + Number.parseInt(digits.slice(8), 16);
  return Number.isSafeInteger(address) ? address : Number.NaN;
}
