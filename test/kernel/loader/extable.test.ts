import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortExceptionTable } from '../../../daemon/kernel/loader/extable.ts';

const ENTRY = 12;

interface Entry {
  readonly insn: number;
  readonly fixup: number;
  readonly data: number;
}

function tableOf(entries: readonly Entry[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY);
  const view = new DataView(bytes.buffer);
  entries.forEach(({ insn, fixup, data }, i) => {
    view.setInt32(i * ENTRY, insn - i * ENTRY, true);
    view.setInt32(i * ENTRY + 4, fixup - (i * ENTRY + 4), true);
    view.setUint32(i * ENTRY + 8, data, true);
  });
  return bytes;
}

describe('the exception table', () => {
  it('LOAD-17: is sorted by the address of the instruction; each entry still names the same places', () => {
    const address = fc.integer({ min: -(2 ** 30), max: 2 ** 30 });
    const entry = fc.record({ insn: address, fixup: address, data: fc.integer({ min: 0, max: 2 ** 32 - 1 }) });
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ insn }) => insn }), (entries) => {
        const table = tableOf(entries);
        sortExceptionTable(table);
        expect(table).toEqual(tableOf(entries.toSorted((a, b) => a.insn - b.insn)));
      }),
    );
  });

  it('LOAD-17: bytes beyond the last whole entry stay', () => {
    const two = tableOf([
      { insn: 500, fixup: 600, data: 1 },
      { insn: 400, fixup: 700, data: 2 },
    ]);
    const table = Uint8Array.from([...two, 9, 9, 9]);
    sortExceptionTable(table);
    expect([...table.slice(24)]).toEqual([9, 9, 9]);
    expect(new DataView(table.buffer).getInt32(0, true)).toBe(400);
  });
});
