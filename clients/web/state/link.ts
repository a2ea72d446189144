/** The state of the page as its address has it, and back: any state is a link that restores it. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import type { Selection } from './selection.ts';
import { parseSelection, selectionText } from './selection-text.ts';

/** Addresses from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface LinkState {
  readonly machine: string | null;
  /** A position as protocol/position.ts has it (`EPOCH:812`); null: live. */
  readonly at: string | null;
  readonly selection: Selection | null;
  /** What the address space shows; null: nobody has said yet. */
  readonly span: Span | 'all' | null;
  /** Of the patch feed. */
  readonly filter: string;
  /** The machine that this one is compared with. */
  readonly beside: string | null;
  /** The stop of the tour. */
  readonly tour: string | null;
}

/** `?m=demo&at=EPOCH:812&sel=module:xfs&span=0x…-0x…&f=key:x&with=other&tour=orig`, `span=all`; empty for a state that says nothing. */
export function linkText(state: LinkState): string {
  const fields: readonly (readonly [string, string | null])[] = [
    ['m', state.machine],
    ['at', state.at],
    ['sel', state.selection && selectionText(state.selection)],
    ['span', state.span && spanText(state.span)],
    ['f', state.filter === '' ? null : state.filter],
    ['with', state.beside],
    ['tour', state.tour],
  ];
  const given = fields.filter((field): field is readonly [string, string] => field[1] !== null);
  if (given.length === 0) return '';
  return `?${given.map(([name, value]) => `${name}=${encoded(value)}`).join('&')}`;
}

/** Half a character, as a name in a session may hold it, has no encoding. */
const encoded = (value: string): string =>
  encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replaceAll('%3A', ':')
    .replaceAll('%40', '@');

/** What makes no sense is left out. */
export function parseLink(search: string): LinkState {
  const given = new URLSearchParams(search);
  return {
    machine: given.get('m'),
    at: given.get('at'),
    selection: parseSelection(given.get('sel') ?? ''),
    span: parseSpan(given.get('span') ?? ''),
    filter: given.get('f') ?? '',
    beside: given.get('with'),
    tour: given.get('tour'),
  };
}

const spanText = (span: Span | 'all'): string => (span === 'all' ? span : `${toHex(span.start)}-${toHex(span.end)}`);

function parseSpan(text: string): Span | 'all' | null {
  if (text === 'all') return text;
  const [from = '', to = ''] = text.split('-');
  const [start, end] = [fromHex(from), fromHex(to)];
  return start < end ? { start, end } : null;
}
