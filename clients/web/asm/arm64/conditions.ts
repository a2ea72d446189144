/** Conditions of A64. Source: DDI 0487, C1.2.4. */

export const CONDITION_CODES = 'eq ne cs cc mi pl vs vc hi ls ge lt gt le al nv'.split(' ');

const WORDS: Readonly<Record<string, string>> = {
  eq: 'equal (zero)',
  ne: 'not equal (not zero)',
  cs: 'higher or the same (unsigned)',
  hs: 'higher or the same (unsigned)',
  cc: 'lower (unsigned)',
  lo: 'lower (unsigned)',
  mi: 'negative',
  pl: 'positive or zero',
  vs: 'there was a signed overflow',
  vc: 'there was no signed overflow',
  hi: 'higher (unsigned)',
  ls: 'lower or the same (unsigned)',
  ge: 'greater or equal (signed)',
  lt: 'less (signed)',
  gt: 'greater (signed)',
  le: 'less or equal (signed)',
  al: 'always',
  nv: 'always',
};

/** What has to be true of the last comparison; the code itself where it is none. */
export const conditionWords = (code: string): string => WORDS[code] ?? code;
