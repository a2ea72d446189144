import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../protocol/address.ts';
import { fromTable, intoTable } from '../../protocol/import-table.ts';

const found = fc.record({
  name: fc.constantFrom('printk', 'kfree', '__proto__', 'constructor', ''),
  address: fc.constantFrom(toHex(-4096), toHex(-8192)),
  owner: fc.constantFrom('vmlinux', 'mod_a', null),
});
const modules = fc.array(fc.record({ name: fc.string(), imports: fc.array(found, { maxLength: 9 }) }), {
  maxLength: 9,
});

describe('imports in a table', () => {
  it('SNAP-1: come back as they were, each row once', () => {
    fc.assert(
      fc.property(modules, (given) => {
        const table = intoTable(given);
        expect(fromTable(JSON.parse(JSON.stringify(table)))).toEqual(given);
        const rows = table.symbols.map((row) => JSON.stringify(row));
        expect(new Set(rows).size).toBe(rows.length);
      }),
    );
  });

  it('SNAP-8: an index beyond the table is refused', () => {
    expect(() => fromTable({ symbols: [], modules: [{ imports: [0] }] })).toThrow('a table of 0 imports has no row 0');
  });
});
