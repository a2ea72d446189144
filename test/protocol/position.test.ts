import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POSITION_CHARS, type PositionText, parsePosition, permalink, positionText } from '../../protocol/position.ts';

const number = fc.oneof(fc.nat(2000), fc.integer({ min: 0, max: 999_999_999_999_999 }));
const letters = (first: string, more: string, min: number, max: number) =>
  fc
    .tuple(
      fc.constantFrom(...first),
      fc.string({ unit: fc.constantFrom(...more), minLength: min - 1, maxLength: max - 1 }),
    )
    .map(([head, tail]) => head + tail);
const ALNUM = 'abcdefghijklmnopqrstuvwxyz0123456789';
const name = letters(ALNUM, `${ALNUM}._-`, 1, 63);
const epoch = letters(ALNUM, ALNUM, 8, 32);

const anyPosition: fc.Arbitrary<PositionText> = fc.oneof(
  fc.record({ form: fc.constant('commit' as const), commit: number }),
  fc.record({ form: fc.constant('back' as const), commits: number }),
  fc.record({ form: fc.constant('epoch' as const), epoch, commit: number }),
  fc.record({ form: fc.constant('bookmark' as const), name }),
  fc.record({ form: fc.constant('link' as const), machine: name, epoch, commit: fc.option(number) }),
);

const message = (text: string): string => {
  const parsed = parsePosition(text);
  return parsed.ok ? `a position: ${parsed.position.form}` : parsed.message;
};

describe('positions as people write them', () => {
  it('POS-1: what is printed is read as it was', () => {
    fc.assert(
      fc.property(anyPosition, (position) => {
        const text = positionText(position);
        expect(text.length).toBeLessThanOrEqual(POSITION_CHARS);
        expect(parsePosition(text)).toEqual({ ok: true, position });
      }),
      { numRuns: 1000 },
    );
  });

  it.each<readonly [string, PositionText]>([
    ['0', { form: 'commit', commit: 0 }],
    ['999999999999999', { form: 'commit', commit: 999_999_999_999_999 }],
    ['-0', { form: 'back', commits: 0 }],
    ['-100', { form: 'back', commits: 100 }],
    ['12345678:5', { form: 'epoch', epoch: '12345678', commit: 5 }],
    ['@before-oom', { form: 'bookmark', name: 'before-oom' }],
    ['@7', { form: 'bookmark', name: '7' }],
    ['demo@k3x7m2pq:812', { form: 'link', machine: 'demo', epoch: 'k3x7m2pq', commit: 812 }],
    ['demo@k3x7m2pq', { form: 'link', machine: 'demo', epoch: 'k3x7m2pq', commit: null }],
    ['a-b.c@12345678:0', { form: 'link', machine: 'a-b.c', epoch: '12345678', commit: 0 }],
  ])('POS-1: %s', (text, position) => {
    expect(parsePosition(text)).toEqual({ ok: true, position });
  });

  it('POS-1: a permalink is one of the forms', () => {
    expect(permalink({ machine: 'demo', epoch: 'k3x7m2pq', commit: 812 })).toBe('demo@k3x7m2pq:812');
  });

  it.each([
    ['', '"": expected a commit number, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N'],
    ['newest', '"newest": expected a commit number, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N'],
    ['01', '"01": expected a commit number'],
    ['--1', '"--1": expected a commit number'],
    ['+1', '"+1": expected a commit number'],
    ['1e3', '"1e3": expected a commit number'],
    ['٣', '"٣": expected a commit number'],
    ['1000000000000000', '"1000000000000000": expected a commit number'],
    ['1\n', '"1\\n": expected a commit number'],
    ['short:1', '"short:1": the epoch must be 8 to 32 digits and lowercase letters'],
    ['k3x7m2pq:', '"k3x7m2pq:": after the colon must be a whole number of at most 15 digits'],
    ['k3x7m2pq:-1', '"k3x7m2pq:-1": after the colon must be a whole number'],
    ['k3x7m2pq:1:2', '"k3x7m2pq:1:2": after the colon must be a whole number'],
    ['@', '"@": the bookmark must be a name of 1 to 63 characters'],
    ['@Before', '"@Before": the bookmark must be a name'],
    ['@a:1', '"@a:1": the bookmark must be a name'],
    ['demo@', '"demo@": the epoch must be 8 to 32 digits'],
    ['demo@k3x7m2pq:', '"demo@k3x7m2pq:": after the colon must be a whole number'],
    ['Demo@k3x7m2pq:1', '"Demo@k3x7m2pq:1": the machine must be a name of 1 to 63 characters'],
    ['a:b@k3x7m2pq:1', '"a:b@k3x7m2pq:1": the machine must be a name'],
    ['a@b@k3x7m2pq:1', '"a@b@k3x7m2pq:1": the epoch must be'],
  ])('POS-2: %j is none, and it is said why', (text, words) => {
    expect(message(text)).toContain(words);
  });

  it('POS-2: no text makes the parser throw, and what is a position is the only text of it', () => {
    const near = fc.string({ unit: fc.constantFrom(...'ab09@:-._ A\u0000é'), maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 130 }), near), (text) => {
        const parsed = parsePosition(text);
        if (parsed.ok) expect(positionText(parsed.position)).toBe(text);
        else expect(parsed.message.length).toBeLessThan(1000);
      }),
      { numRuns: 1000 },
    );
    expect(message('x'.repeat(1_000_000))).toBe('a position has at most 112 characters, this one has 1000000');
  });
});
