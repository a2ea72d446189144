/** The rows of a listing: instructions, and above those that begin a function its name; what branches inside it join. */
import { fromHex, type Hex } from '../../../protocol/address.ts';
import type { Explanation } from '../asm/explain.ts';
import type { Arch, CodeLine, NameOf } from '../asm/types.ts';
import type { Asm } from '../ui/asm.ts';
import { type Drawn, layOut } from './gutter.ts';

/** As the daemon tells it; of bytes that only events tell there is no symbol. */
export interface Line extends CodeLine {
  readonly symbol: string | null;
}

export type Row =
  | { readonly type: 'label'; readonly name: string }
  | { readonly type: 'line'; readonly line: Line; readonly address: number; readonly explained: Explanation | null };

export interface Listing {
  readonly rows: readonly Row[];
  readonly jumps: readonly Drawn[];
}

/** `asm` null: nothing is explained yet. */
export function listingOf(asm: Asm | null, arch: Arch, lines: readonly Line[], nameOf: NameOf): Listing {
  const rows: Row[] = [];
  const rowOf = new Map<Hex, number>();
  let inside: string | null = null;
  for (const line of lines) {
    const name = functionOf(line.symbol);
    if (name !== null && name !== inside) rows.push({ type: 'label', name });
    inside = name;
    rowOf.set(line.address, rows.length);
    const explained = asm?.explain(arch, line, nameOf) ?? null;
    rows.push({ type: 'line', line, address: fromHex(line.address), explained });
  }
  const jumps = rows.flatMap((row, from) => {
    if (row.type === 'label' || !isBranch(row.explained)) return [];
    const to = rowOf.get(row.explained.reach?.target ?? ('' as Hex));
    return to === undefined || to === from ? [] : [{ from, to }];
  });
  return { rows, jumps: layOut(jumps) };
}

/** `xfs_iget` of `xfs_iget+0x10 [xfs]`. */
const functionOf = (symbol: string | null): string | null => symbol?.replace(/\+0x[0-9a-f]+(?= |$)/, '') ?? null;

const isBranch = (explained: Explanation | null): explained is Explanation =>
  explained?.kind === 'branch' || explained?.kind === 'call';
