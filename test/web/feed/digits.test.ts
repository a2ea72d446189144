import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedBits } from '../../../clients/web/asm/changed-bits.ts';
import { changedDigits } from '../../../clients/web/feed/digits.ts';

const bytes = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((each) => Buffer.from(each).toString('hex'));
const swapped = (hex: string): string => Buffer.from(hex, 'hex').reverse().toString('hex');

describe('PAGE-30: digits that a patch changed', () => {
  it.each(['arm64', 'x86-64'] as const)('PAGE-30: %s: those digits stand out that differ, and no others', (arch) => {
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const runs = changedDigits(arch, after, 0, changedBits(before, after).bytes);
        const shown = runs.map(({ text }) => text).join('');
        const [left, right] = arch === 'arm64' ? [swapped(before), swapped(after)] : [before, after];
        expect(shown).toBe(right);
        const marked = runs.flatMap(({ text, changed }) => [...text].map(() => changed));
        expect(marked).toEqual([...right].map((digit, i) => digit !== left[i]));
      }),
    );
  });

  it('PAGE-30: of several instructions each has its own', () => {
    const { bytes: changes } = changedBits('0000000011111111', '0000000012111111');
    expect(changedDigits('arm64', '00000000', 0, changes)).toEqual([{ at: 0, text: '00000000', changed: false }]);
    expect(changedDigits('arm64', '12111111', 4, changes)).toEqual([
      { at: 0, text: '1111111', changed: false },
      { at: 7, text: '2', changed: true },
    ]);
  });
});
