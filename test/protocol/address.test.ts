import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../protocol/address.ts';

const address = fc.maxSafeInteger();

describe('addresses', () => {
  it('ADDR-1: a canonical kernel address is its signed 64-bit value', () => {
    expect(fromHex('0xffff800008000000')).toBe(-0x7ffff8000000);
    expect(toHex(-0x7ffff8000000)).toBe('0xffff800008000000');
    expect(fromHex('0xffffffffffffffff')).toBe(-1);
    expect(toHex(0)).toBe('0x0000000000000000');
  });

  it('ADDR-2: every safe integer comes back from its hex form, which BigInt agrees with', () => {
    fc.assert(
      fc.property(address, (n) => {
        const hex = toHex(n);
        expect(BigInt(hex)).toBe(BigInt.asUintN(64, BigInt(n)));
        expect(fromHex(hex)).toBe(n);
      }),
    );
  });

  it('ADDR-3: one to sixteen digits of either case name an address', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.boolean(), (n, upper) => {
        const digits = n.toString(16);
        const signed = Number(BigInt.asIntN(64, n));
        const expected = BigInt(signed) === BigInt.asIntN(64, n) && Number.isSafeInteger(signed) ? signed : Number.NaN;
        expect(fromHex(`0x${upper ? digits.toUpperCase() : digits}`)).toBe(expected);
      }),
    );
  });

  it('ADDR-4: what is not hex, has no digits, too many, or is not exact as a double is NaN', () => {
    for (const text of [
      '',
      '0x',
      '10',
      '0xg',
      '0x 1',
      '-0x1',
      '0x1.',
      '0X1',
      '0x00000000000000001',
      '0x4000000000000000',
      '0xé',
    ]) {
      expect(fromHex(text), text).toBeNaN();
    }
  });

  it('ADDR-5: hex forms sort as the unsigned addresses that they name', () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        const unsigned = (n: number) => BigInt.asUintN(64, BigInt(n));
        expect(toHex(a) < toHex(b)).toBe(unsigned(a) < unsigned(b));
      }),
    );
  });
});
