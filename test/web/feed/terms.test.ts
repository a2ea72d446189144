import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, suggest } from '../../../clients/web/feed/suggest.ts';
import { ATOMICITIES, parseTerms, type Terms, WHATS } from '../../../clients/web/model/feed/terms.ts';
import { toHex } from '../../../protocol/address.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';

const NO_TERMS: Terms = { key: [], module: [], addr: [], class: [], what: [], atomicity: [], words: [] };

/** The text that parseTerms reads these from. */
function termsText(terms: Terms): string {
  return [
    ...terms.key.map((name) => `key:${name}`),
    ...terms.module.map((name) => `module:${name}`),
    ...terms.addr.map(({ from, to }) => `addr:${toHex(from)}${to === from + 1 ? '' : `-${toHex(to)}`}`),
    ...terms.class.map((name) => `class:${name}`),
    ...terms.what.map((name) => `what:${name}`),
    ...terms.atomicity.map((name) => `atomicity:${name}`),
    ...terms.words.map((word) => (/[\s:]/.test(word) ? `"${word}"` : word)),
  ].join(' ');
}

const name = fc.stringMatching(/^[a-z_][a-z0-9_:.]{0,20}$/);
const address = fc.integer({ min: -(2 ** 47), max: -1 });
const range = fc
  .tuple(address, fc.integer({ min: 1, max: 2 ** 30 }))
  .filter(([from, size]) => from + size < 0)
  .map(([from, size]) => ({ from, to: from + size }));
const word = fc.stringMatching(/^[a-z0-9_.,#;+ :-]{1,20}$/).filter((text) => text.trim() !== '');
const anyTerms: fc.Arbitrary<Terms> = fc.record({
  key: fc.array(name, { maxLength: 4 }),
  module: fc.array(name, { maxLength: 4 }),
  addr: fc.array(range, { maxLength: 3 }),
  class: fc.array(fc.constantFrom(...CLASSES), { maxLength: 3 }),
  what: fc.array(fc.constantFrom(...WHATS), { maxLength: 3 }),
  atomicity: fc.array(fc.constantFrom(...ATOMICITIES), { maxLength: 3 }),
  words: fc.array(word, { maxLength: 3 }),
});

describe('PAGE-32: what the filter box says', () => {
  it('PAGE-32: terms written down are read as they were', () => {
    fc.assert(
      fc.property(anyTerms, (terms) => {
        expect(parseTerms(termsText(terms))).toEqual({ terms, faults: [] });
      }),
    );
  });

  it('PAGE-32: every text is read: a fault tells the piece that makes no sense, and the rest counts', () => {
    const bad = fc.constantFrom('colour:red', 'class:fast', 'what:', 'addr:xfs', 'addr:0x20-0x10', 'addr:0x1-0x2-0x3');
    fc.assert(
      fc.property(anyTerms, bad, anyTerms, (before, piece, after) => {
        const text = `${termsText(before)} ${piece} ${termsText(after)}`;
        const { terms, faults } = parseTerms(text);
        expect(faults.map(({ start, end }) => text.slice(start, end))).toEqual([piece]);
        expect(faults[0]?.message).not.toBe('');
        expect(terms.key).toEqual([...before.key, ...after.key]);
        expect(terms.words).toEqual([...before.words, ...after.words]);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const { start, end } of parseTerms(text).faults) expect(text.slice(start, end)).toMatch(/^\S+$/);
      }),
    );
  });

  it.each([
    ['module:', 'module: of what? A module, or vmlinux: module:xfs'],
    ['class:fast', '“fast” is no class: direct, veneer, veneers, trapped, none are'],
    ['atomicity:soon', '“soon” is no atomicity: single-word, stop-machine, int3 are'],
    ['addr:12', '“12” is no kernel address: write 0x and hex digits, or from-to'],
    ['addr:0x20-0x20', 'the second address is the first one after the range: it has to be the larger one'],
    ['xfs:key', 'there is no “xfs:”, but key: module: addr: class: what: atomicity: are; quote it to find it as text'],
  ])('PAGE-32: %s is answered by words that help', (text, message) => {
    expect(parseTerms(text).faults).toEqual([{ start: 0, end: text.length, message }]);
  });

  it('PAGE-32: words may be quoted, and then hold blanks and colons', () => {
    expect(parseTerms('"Func is" in "a:b" "').terms).toEqual({ ...NO_TERMS, words: ['func is', 'in', 'a:b'] });
  });
});

describe('PAGE-32: suggestions', () => {
  const vocabulary = { keys: ['__cond_resched', 'schedule'], modules: ['xfs', 'btrfs', 'nfs'] };

  it.each([
    ['mod', ['module:']],
    ['module:', ['module:xfs', 'module:btrfs', 'module:nfs']],
    ['module:fs', ['module:xfs', 'module:btrfs', 'module:nfs']],
    ['key:sched', ['key:schedule', 'key:__cond_resched']],
    ['class:ven', ['class:veneer', 'class:veneers']],
    ['class:veneer', ['class:veneers']],
    ['addr:', []],
    ['', []],
  ])('PAGE-32: %s suggests %s', (text, items) => {
    expect(suggest(text, text.length, vocabulary).items).toEqual(items);
  });

  it('PAGE-32: a suggestion that is taken makes no fault, and leaves the rest of the text alone', () => {
    const typed = fc.constantFrom('module:x', 'key:', 'cla', 'class:t', 'what:s', 'atomicity:i', 'xf');
    fc.assert(
      fc.property(anyTerms, typed, anyTerms, (before, text, after) => {
        const [left, right] = [termsText(before), termsText(after)];
        const whole = `${left} ${text} ${right}`;
        const found = suggest(whole, left.length + 1 + text.length, vocabulary);
        for (const item of found.items) {
          const next = accept(whole, found, item);
          expect(next.text.startsWith(`${left} ${item}`)).toBe(true);
          expect(next.text.trimEnd().endsWith(right)).toBe(true);
          expect(next.text.slice(0, next.caret).trimEnd().endsWith(item)).toBe(true);
          const faults = parseTerms(next.text).faults;
          expect(faults.length).toBe(item.endsWith(':') ? 1 : 0);
        }
      }),
    );
  });
});
