/** Vector and cryptographic instructions, as modules for encryption, checksums and RAID have them. Source: Intel SDM volume 2. */
import type { Parsed } from '../parse.ts';
import { type Around, listed } from '../rule.ts';
import { operandWord } from './operands.ts';

const MOVES = /^v?(mov(dq[au](8|16|32|64)?|[au]p[sd]|d|q|nt(dqa?|p[sd])|s[sd]|h?l?p[sd])|lddqu)$/;

const WHAT: readonly (readonly [RegExp, string])[] = [
  [/^aesenc$/, 'one round of AES encryption'],
  [/^aesenclast$/, 'the last round of AES encryption'],
  [/^aesdec$/, 'one round of AES decryption'],
  [/^aesdeclast$/, 'the last round of AES decryption'],
  [/^aesimc$/, 'AES: mixes columns back'],
  [/^aeskeygenassist$/, 'AES: a step of making round keys'],
  [/^pclmul\w*qdq$/, 'multiplies without carries, as polynomials'],
  [/^(sha1|sha256)\w+$/, 'one step of a SHA hash'],
  [/^gf2p8\w+$/, 'arithmetic in the field of 256 elements'],
  [/^(pxor[dq]?|xorp[sd])$/, 'exclusive or'],
  [/^(pand[dq]?|andp[sd])$/, 'and'],
  [/^(pandn[dq]?|andnp[sd])$/, 'and not'],
  [/^(por[dq]?|orp[sd])$/, 'or'],
  [/^pternlog[dq]$/, 'logic of three inputs'],
  [/^p?add[bwdqsp]?\w?$/, 'adds, lane by lane'],
  [/^p?sub[bwdqsp]?\w?$/, 'subtracts, lane by lane'],
  [/^(pmul\w+|mulp[sd])$/, 'multiplies, lane by lane'],
  [/^psll[wdq]$/, 'shifts left, lane by lane'],
  [/^psrl[wdq]$/, 'shifts right, lane by lane'],
  [/^psra[wdq]$/, 'shifts right with the sign, lane by lane'],
  [/^pslldq$/, 'shifts left by bytes'],
  [/^psrldq$/, 'shifts right by bytes'],
  [/^pro[lr]v?[dq]$/, 'rotates, lane by lane'],
  [
    /^(pshuf\w+|shuf\w+|perm\w+|vperm\w+|pblend\w*|blend\w+|pun\w+|unpck\w+|palignr|i?nsert\w+|pinsr\w|pextr\w|extract\w+|pack\w+|pbroadcast\w+|broadcast\w+|pmovm2\w)$/,
    'arranges lanes anew',
  ],
  [/^pcmp\w+$/, 'compares, lane by lane'],
  [/^p(min|max)\w+$/, 'the smaller or larger, lane by lane'],
  [/^p?test$/, 'sets the flags by the bits that both have'],
  [/^pmovmskb$/, 'collects the top bit of every byte'],
];

/** The last operand is the destination. */
export function vector({ mnemonic, operands }: Parsed, around: Around): string | undefined {
  const words = operands.map((operand) => operandWord(operand, { size: undefined, around }));
  const [to = ''] = words.slice(-1);
  const from = words.slice(0, -1);
  if (MOVES.test(mnemonic)) return `vector move: puts ${listed(from)} into ${to}`;
  const name = mnemonic.replace(/^v(?!perm)/, '');
  const what = WHAT.find(([pattern]) => pattern.test(name))?.[1];
  if (what === undefined) return undefined;
  return /^p?test$/.test(name)
    ? `vector: ${what}, ${listed(words)}`
    : `vector: ${what}, from ${listed(from)} into ${to}`;
}

export const isVector = ({ operands }: Parsed): boolean => operands.some((operand) => /%[xyz]?mm\d|%k\d/.test(operand));
