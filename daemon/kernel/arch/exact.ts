/**
 * Relocation values in exact 64-bit arithmetic, for symbols and addends that a double doesn't hold. Only hostile or absolute
 * values come here, so BigInt is affordable.
 */
import { SHN_ABS } from '../elf/constants.ts';
import { exactAddendAt, symbolAt } from '../elf/rela.ts';
import type { PlacedModule } from './arch.ts';

/** Below this magnitude S, A, S + A and S + A - P are exact in doubles. */
export const EXACT = 2 ** 51;

const join = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/** S of a symbol. One without an address counts as 0. */
const symbol64 = ({ elf, symbolValue }: PlacedModule, symbol: number): bigint => {
  const { symbols } = elf;
  if (symbols.shndx[symbol] === SHN_ABS) return join(symbols.valueHigh(symbol), symbols.valueLow(symbol));
  const value = symbolValue[symbol];
  return value !== undefined && Number.isFinite(value) ? BigInt(value) : 0n;
};

/** S + A of the relocation at `at` of `view`, as a signed 64-bit number. */
export const value64 = (placed: PlacedModule, view: DataView, at: number): bigint =>
  BigInt.asIntN(64, symbol64(placed, symbolAt(view, at)) + exactAddendAt(view, at));
