import { describe, expect, it } from 'vitest';
import { type LinkState, linkText, parseLink } from '../../../clients/web/state/link.ts';
import type { Selection } from '../../../clients/web/state/selection.ts';

const NOTHING: LinkState = {
  ...{ machine: null, at: null, selection: null, span: null, filter: '', beside: null, tour: null },
};

/** What a module file or a session may call things. */
const NAMES = [
  'xfs',
  'a b',
  'a:b',
  '100%',
  '%3A',
  '.text.unlikely',
  '<img src=x onerror=alert(1)>',
  '"\'&?#=',
  'ü\n漢',
];

describe('links', () => {
  it('PAGE-143: a link restores what is chosen, whatever it is called', () => {
    const chosen = NAMES.flatMap((name): Selection[] => [
      { kind: 'module', name },
      { kind: 'key', name },
      ...NAMES.map((section): Selection => ({ kind: 'section', module: name, section })),
    ]);
    for (const selection of chosen) {
      const state = { ...NOTHING, machine: 'm', selection, filter: 'key:x "a b"', span: { start: -4096, end: 4096 } };
      expect(parseLink(linkText(state))).toEqual(state);
    }
  });

  it('PAGE-143: all of the address space, a part of it, and what nobody has said are three things', () => {
    for (const span of ['all', { start: 4096, end: 8192 }, null] as const) {
      expect(parseLink(linkText({ ...NOTHING, machine: 'm', span }))).toEqual({ ...NOTHING, machine: 'm', span });
    }
  });

  it('PAGE-143: half a character in a name makes a link all the same', () => {
    expect(linkText({ ...NOTHING, selection: { kind: 'module', name: '\ud800' } })).toBe('?sel=module:%EF%BF%BD');
  });

  it.each([
    'sel=module:',
    'sel=0x',
    'sel=0xzz',
    'sel=patch:1',
    'sel=patch:0.0',
    'sel=patch:a.b',
    'sel=section:xfs',
    'span=0x5-0x5',
    'span=1-2',
  ])('PAGE-143: what makes no sense is left out: %s', (search) => {
    expect(parseLink(`?${search}`)).toEqual(NOTHING);
  });
});
