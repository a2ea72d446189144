/** What a class of words is made of. */

export interface Part {
  readonly name: string;
  readonly width: number;
  /** The bits that make the word one of the class. */
  readonly fixed?: number;
}

export interface Context {
  /** Where the word stands. */
  readonly address: number;
  /** The value of another field of the same word. */
  readonly of: (name: string) => number;
}

export type Meaning = (value: number, context: Context) => string;

export interface Class {
  readonly name: string;
  /** Section of DDI 0487. */
  readonly source: string;
  /** From bit 31 down, 32 bits in all. */
  readonly parts: readonly Part[];
  /** By the name of the part. */
  readonly meanings: Readonly<Record<string, Meaning>>;
}
