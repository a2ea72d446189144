/**
 * Sorting a module's exception table by the address of the instruction, as its fix-ups are looked up by halving.
 * Models lib/extable.c `sort_extable` with relative entries, v6.1: when an entry moves, its two offsets change by as much.
 */

/** struct exception_table_entry: offsets of instruction and fix-up from their own place, then four bytes of data. */
const ENTRY = 12;

/** Sorts `table` in place. The result does not depend on the kind of sort: no two entries have one instruction. */
export function sortExceptionTable(table: Uint8Array): void {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const count = Math.floor(table.length / ENTRY);
  const entries = Array.from({ length: count }, (_, i) => {
    const at = i * ENTRY;
    return {
      insn: at + view.getInt32(at, true),
      fixup: at + view.getInt32(at + 4, true),
      data: view.getUint32(at + 8, true),
    };
  });
  if (entries.every(({ insn }, i) => i === 0 || (entries[i - 1]?.insn ?? 0) <= insn)) return;
  entries.sort((a, b) => a.insn - b.insn);
  entries.forEach(({ insn, fixup, data }, i) => {
    const at = i * ENTRY;
    view.setInt32(at, insn - at, true);
    view.setInt32(at + 4, fixup - at, true);
    view.setUint32(at + 8, data, true);
  });
}
