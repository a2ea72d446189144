/** Conditions of x86-64. Source: Intel SDM volume 2, appendix B.1.4.7. */

export const CONDITION_CODES = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');

const WORDS: Readonly<Record<string, string>> = {
  o: 'there was a signed overflow',
  no: 'there was no signed overflow',
  b: 'below (unsigned)',
  ae: 'above or equal (unsigned)',
  e: 'equal (zero)',
  ne: 'not equal (not zero)',
  be: 'below or equal (unsigned)',
  a: 'above (unsigned)',
  s: 'negative',
  ns: 'positive or zero',
  p: 'the low byte has an even number of bits set (parity)',
  np: 'the low byte has an odd number of bits set (parity)',
  l: 'less (signed)',
  ge: 'greater or equal (signed)',
  le: 'less or equal (signed)',
  g: 'greater (signed)',
};

const ALIASES: Readonly<Record<string, string>> = {
  c: 'b',
  nae: 'b',
  nc: 'ae',
  nb: 'ae',
  z: 'e',
  nz: 'ne',
  na: 'be',
  nbe: 'a',
  pe: 'p',
  po: 'np',
  nge: 'l',
  nl: 'ge',
  ng: 'le',
  nle: 'g',
};

/** What has to be true of the last comparison; undefined where the letters are no condition. */
export const conditionOf = (code: string): string | undefined => WORDS[ALIASES[code] ?? code];

export const conditionWords = (code: string): string => conditionOf(code) ?? code;
