/**
 * Instructions with what they mean: lines join branches to their targets, the one that the pointer or the keyboard is on is
 * explained below, its bit fields on demand.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { toHex } from '../../../protocol/address.ts';
import type { Arch, NameOf } from '../asm/types.ts';
import { hover, select } from '../state/app.ts';
import { useAsm } from '../ui/asm.ts';
import { Code, isLit } from '../ui/code.tsx';
import { Explained } from './explained.tsx';
import { Jumps, jumpsWidth } from './jumps.tsx';
import { type Line, listingOf, type Row } from './lines.ts';

/** Of an instruction's bytes: seven of them; the few that are longer push their line to the right. */
const MOST_DIGITS = 14;

export interface ListingProps {
  readonly arch: Arch;
  readonly lines: readonly Line[];
  /** The address of the line that it is about. */
  readonly chosen: number;
  readonly nameOf: NameOf;
  readonly label: string;
}

export function Listing({ arch, lines, chosen, nameOf, label }: ListingProps) {
  const asm = useAsm();
  const { rows, jumps } = useMemo(() => listingOf(asm, arch, lines, nameOf), [asm, arch, lines, nameOf]);
  const [pointed, setPointed] = useState<number | null>(null);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => setPointed(null), [chosen]);
  const home = Math.max(
    rows.findIndex((row) => row.type === 'line'),
    rows.findIndex((row) => row.type === 'line' && holds(row, chosen)),
  );
  const current = pointed !== null && rows[pointed]?.type === 'line' ? pointed : home;
  const row = rows[current];
  const digits = Math.min(MOST_DIGITS, Math.max(0, ...lines.map(({ bytes }) => bytes.length)));

  function onKeyDown(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = step(current, rows);
    if (next === undefined) return;
    setPointed(next);
    list.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus();
  }

  return (
    <div class="listing" style={{ '--jumps': `${jumpsWidth(jumps)}px`, '--bytes': `${digits}ch` }}>
      <div class="listing-code">
        <Jumps jumps={jumps} rows={rows.length} />
        <ol ref={list} aria-label={label} onKeyDown={onKeyDown} onPointerLeave={() => setPointed(null)}>
          {rows.map((one, index) =>
            one.type === 'label' ? (
              <li key={`label ${index}`} class="listing-label">
                {one.name}:
              </li>
            ) : (
              <CodeRow
                key={one.address}
                row={one}
                index={index}
                chosen={holds(one, chosen)}
                current={index === current}
                nameOf={nameOf}
                point={() => setPointed(index)}
              />
            ),
          )}
        </ol>
      </div>
      {row?.type === 'line' && row.explained !== null && (
        <Explained arch={arch} line={row.line} explanation={row.explained} />
      )}
    </div>
  );
}

type LineRow = Extract<Row, { type: 'line' }>;

const holds = ({ address, line }: LineRow, at: number): boolean =>
  at >= address && at < address + line.bytes.length / 2;

interface CodeRowProps {
  readonly row: LineRow;
  readonly index: number;
  readonly chosen: boolean;
  readonly current: boolean;
  readonly nameOf: NameOf;
  readonly point: () => void;
}

function CodeRow({ row: { line, address, explained }, index, chosen, current, nameOf, point }: CodeRowProps) {
  const classes = ['code-line', chosen && 'chosen', current && 'current', isLit(address) && 'lit']
    .filter(Boolean)
    .join(' ');
  const tabIndex = current ? 0 : -1;
  const light = (): void => {
    point();
    hover.value = { kind: 'address', address };
  };
  const dark = (): void => {
    hover.value = null;
  };
  return (
    <li class={classes} aria-current={chosen} onPointerEnter={light} onPointerLeave={dark}>
      <button
        type="button"
        class="line-address"
        data-row={index}
        tabIndex={tabIndex}
        title={`${line.address}${line.symbol === null ? '' : ` ${line.symbol}`}`}
        aria-label={`${line.address}: ${line.text}${explained === null ? '' : `: ${explained.sentence}`}`}
        onClick={() => select({ kind: 'address', address })}
        onFocus={light}
        onBlur={dark}
      >
        {short(address)}
      </button>
      <span class="line-bytes" aria-hidden="true">
        {line.bytes}
      </span>
      <Code text={line.text} nameOf={nameOf} tabIndex={tabIndex} />
    </li>
  );
}

/** The digits in which addresses of one listing can differ. */
const short = (address: number): string => toHex(address).slice(10);

const isLine = (row: Row | undefined): boolean => row?.type === 'line';

/** From a row to the next instruction of a direction; undefined at the end. */
const STEPS: Readonly<Record<string, (from: number, rows: readonly Row[]) => number | undefined>> = {
  ArrowDown: (from, rows) => (isLine(rows[from + 1]) ? from + 1 : isLine(rows[from + 2]) ? from + 2 : undefined),
  ArrowUp: (from, rows) => (isLine(rows[from - 1]) ? from - 1 : isLine(rows[from - 2]) ? from - 2 : undefined),
  Home: (_, rows) => rows.findIndex(isLine),
  End: (_, rows) => rows.findLastIndex(isLine),
};
