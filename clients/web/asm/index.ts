/** What explains instructions to people: loaded by the page when an instruction is first shown. */
export { type ByteChange, type ChangedBits, changedBits, type WordChange } from './changed-bits.ts';
export { type SignedDistance, signedDistance } from './distance.ts';
export type { Encoding, Field } from './encoding.ts';
export { type Explanation, explain } from './explain.ts';
export { fields } from './fields.ts';
export { split } from './split.ts';
export { type Token, tokens } from './tokens.ts';
export type { Arch, CodeLine, Kind, NameOf, Range, Reach } from './types.ts';
