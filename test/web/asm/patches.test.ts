import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedBits, signedDistance, split } from '../../../clients/web/asm/index.ts';
import { toHex } from '../../../protocol/address.ts';
import { BASE } from './lines.ts';

const MIB = 1 << 20;
const BRANCH = { min: -128 * MIB, max: 128 * MIB - 4 };
const ADDRESS = toHex(BASE);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('what a patch changed', () => {
  it('PAGE-106: is told by byte and by word', () => {
    // nop becomes bl: d503201f, 94000011.
    expect(changedBits('1f2003d5', '11000094')).toEqual({
      bytes: [
        { index: 0, mask: 0x0e },
        { index: 1, mask: 0x20 },
        { index: 2, mask: 0x03 },
        { index: 3, mask: 0x41 },
      ],
      words: [{ index: 0, mask: 0x4103200e }],
      count: 8,
    });
    expect(changedBits('c3cccccc', 'c3cccccc')).toEqual({ bytes: [], words: [], count: 0 });
    expect(changedBits('e800', 'e80001')).toEqual({
      bytes: [{ index: 2, mask: 0xff }],
      words: [{ index: 0, mask: 0xff0000 }],
      count: 8,
    });
  });

  it('PAGE-106: turned over in the one, gives the other', () => {
    const pair = fc.integer({ min: 1, max: 40 }).chain((size) => {
      const bytes = fc.uint8Array({ minLength: size, maxLength: size });
      return fc.tuple(bytes, bytes);
    });
    fc.assert(
      fc.property(pair, ([before, after]) => {
        const { bytes, words, count } = changedBits(hex(before), hex(after));
        const byByte = Uint8Array.from(before);
        for (const { index, mask } of bytes) byByte[index] = (byByte[index] ?? 0) ^ mask;
        expect(hex(byByte)).toBe(hex(after));
        const byWord = Uint8Array.from(before);
        for (const { index, mask } of words) {
          for (let i = 0; i < 4; i++) {
            const at = index * 4 + i;
            if (at < byWord.length) byWord[at] = (byWord[at] ?? 0) ^ ((mask >>> (i * 8)) & 0xff);
          }
        }
        expect(hex(byWord)).toBe(hex(after));
        const ones = bytes.flatMap(({ mask }) => [...mask.toString(2)]).filter((digit) => digit === '1').length;
        expect(count).toBe(ones);
      }),
    );
  });
});

describe('a distance', () => {
  it.each([
    [122.6 * MIB, '+122.6 MiB of ±128', true],
    [-131.2 * MIB, '−131.2 MiB of ±128', false],
    [60, '+60 B of ±128 MiB', true],
    [0, '0 B of ±128 MiB', true],
    [BRANCH.max, '+128 MiB of ±128', true],
    [BRANCH.max + 4, '+128 MiB of ±128', false],
    [BRANCH.min, '−128 MiB of ±128', true],
  ])('PAGE-107: of %d bytes reads %s', (distance, text, inReach) => {
    const said = signedDistance(distance, BRANCH);
    expect([said.text, said.inReach]).toEqual([text, inReach]);
  });

  it('PAGE-107: takes its share of the reach in its direction, at most all of it', () => {
    expect(signedDistance(-64 * MIB, BRANCH).share).toBe(0.5);
    expect(signedDistance(BRANCH.max, BRANCH).share).toBe(1);
    expect(signedDistance(0, BRANCH).share).toBe(0);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (distance) => {
        const { share, inReach } = signedDistance(distance, BRANCH);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
        if (!inReach) expect(share).toBe(1);
      }),
    );
  });
});

describe('the text of a patch', () => {
  it('PAGE-108: is split at each instruction of arm64', () => {
    const bytes = 'f0db9e92500fa1f21000d0f200021fd6';
    const text = 'movn x16, #0xf6df; movk x16, #0x87a, lsl #16; movk x16, #0x8000, lsl #32; br x16';
    expect(split('arm64', { address: ADDRESS, bytes, text })).toEqual([
      { address: toHex(BASE), bytes: 'f0db9e92', text: 'movn x16, #0xf6df' },
      { address: toHex(BASE + 4), bytes: '500fa1f2', text: 'movk x16, #0x87a, lsl #16' },
      { address: toHex(BASE + 8), bytes: '1000d0f2', text: 'movk x16, #0x8000, lsl #32' },
      { address: toHex(BASE + 12), bytes: '00021fd6', text: 'br x16' },
    ]);
  });

  it('PAGE-108: of x86-64 is split by the lengths of what static calls write, with the int3 that fill up', () => {
    const tramp = { address: ADDRESS, bytes: 'e9fbff4f000fb9cc', text: 'jmp 0xffff800008500000; ud1 %esp,%ecx' };
    expect(split('x86-64', tramp).map(({ bytes, text }) => [bytes, text])).toEqual([
      ['e9fbff4f00', 'jmp 0xffff800008500000'],
      ['0fb9cc', 'ud1 %esp,%ecx'],
    ]);
    expect(
      split('x86-64', { address: ADDRESS, bytes: 'c3cccccccc0fb9cc', text: 'ret; ud1 %esp,%ecx' }).map(
        ({ text }) => text,
      ),
    ).toEqual(['ret', 'int3', 'int3', 'int3', 'int3', 'ud1 %esp,%ecx']);
  });

  it('PAGE-108: leaves no byte out, whatever text and bytes are', () => {
    const text = fc.array(fc.constantFrom('nop', 'ret', 'int3', 'b 0xffff800008000000', ''), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom('arm64', 'x86-64'), fc.uint8Array({ maxLength: 40 }), text, (arch, bytes, texts) => {
        const found = split(arch, { address: ADDRESS, bytes: hex(bytes), text: texts.join('; ') });
        expect(found.map((line) => line.bytes).join('')).toBe(hex(bytes));
        let at = BASE;
        for (const line of found) {
          expect(line.address).toBe(toHex(at));
          at += line.bytes.length / 2;
        }
      }),
    );
  });
});
