/** The bit fields of any instruction that the daemon tells. */
import { fromHex } from '../../../protocol/address.ts';
import { fields as fieldsA64 } from './arm64/fields.ts';
import { bytesOf, type Encoding } from './encoding.ts';
import type { Arch, CodeLine } from './types.ts';
import { fields as fieldsX86 } from './x86-64/fields.ts';

/** One instruction; of an arm64 line with more or fewer than four bytes, its bytes. */
export function fields(arch: Arch, { address, bytes }: Pick<CodeLine, 'address' | 'bytes'>): Encoding {
  const at = fromHex(address);
  if (arch === 'x86-64') return fieldsX86(bytes, at);
  if (bytes.length === 8) return fieldsA64(wordOf(bytes), at);
  return {
    name: 'no instruction',
    source: 'DDI 0487, C1.1: an instruction has 4 bytes',
    fields: bytesOf(bytes).map((value, byte) => ({ name: 'byte', byte, bytes: 1, hi: 7, lo: 0, value, meaning: '' })),
  };
}

/** The unsigned word of four bytes in memory order. */
export function wordOf(hex: string): number {
  return bytesOf(hex).reduceRight((word, byte) => word * 256 + byte, 0);
}
