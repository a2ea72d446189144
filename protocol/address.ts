/**
 * Kernel addresses as JavaScript numbers, and as the hex strings that people, events and frames carry.
 *
 * A kernel address is canonical: sign-extended from 48 or 52 bits. Read as a *signed* 64-bit value its magnitude is
 * below 2^53, so a double holds it exactly: 0xffff800008000000 is -0x7ffff8000000.
 */

/** `0x` and 16 lowercase hex digits: as strings these sort like the unsigned addresses they name. */
export type Hex = `0x${string}`;

const HIGH = 2 ** 32;

const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function word(value: number): string {
  return `${BYTES[value >>> 24]}${BYTES[(value >>> 16) & 0xff]}${BYTES[(value >>> 8) & 0xff]}${BYTES[value & 0xff]}`;
}

/** The last high half: the addresses of one kernel hardly ever differ there. */
let lastHigh = 0;
let lastPrefix = `0x${word(0)}`;

/** The 16-digit hex form of an address, of any integer in (-2^53, 2^53). */
export function toHex(address: number): Hex {
  const high = Math.floor(address / HIGH) >>> 0;
  if (high !== lastHigh) {
    lastHigh = high;
    lastPrefix = `0x${word(high)}`;
  }
  return `${lastPrefix}${word(address >>> 0)}` as Hex;
}

/** The digit that a character code names, 16 and above where it is none. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? 0xff : digit;
});

/** The address that a hex string of 1 to 16 digits names; NaN where it is not hex or is not exact as a double. */
export function fromHex(hex: string): number {
  const { length } = hex;
  if (length < 3 || length > 18 || hex.charCodeAt(0) !== 0x30 || hex.charCodeAt(1) !== 0x78) return Number.NaN;
  const split = Math.max(2, length - 8);
  let high = 0;
  let low = 0;
  for (let i = 2; i < length; i++) {
    const digit = DIGITS[hex.charCodeAt(i)] ?? 0xff;
    if (digit > 15) return Number.NaN;
    if (i < split) high = (high << 4) | digit;
    else low = (low << 4) | digit;
  }
  const address = high * HIGH + (low >>> 0);
  return Number.isSafeInteger(address) ? address : Number.NaN;
}
