/** An instruction's bytes as named bit fields: the form that both architectures' tables give. */

export interface Field {
  readonly name: string;
  /** First byte and number of bytes of the little-endian value that `hi` and `lo` count bits of. */
  readonly byte: number;
  readonly bytes: number;
  /** Highest and lowest bit, both inclusive. */
  readonly hi: number;
  readonly lo: number;
  /** Unsigned. */
  readonly value: number;
  readonly meaning: string;
}

export interface Encoding {
  readonly name: string;
  /** The manual and its section. */
  readonly source: string;
  /** Every bit of the instruction once, in the manual's order: bits of a word from the highest, bytes from the first. */
  readonly fields: readonly Field[];
}

export const binary = (value: number, width: number): string => value.toString(2).padStart(width, '0');

export const bytesOf = (hex: string): number[] =>
  Array.from({ length: hex.length >> 1 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16));
