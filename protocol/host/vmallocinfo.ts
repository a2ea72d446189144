/**
 * `/proc/vmallocinfo` (mm/vmalloc.c, `s_show`): `START-END SIZE CALLER [pages=N] [phys=…] [ioremap|vmalloc|vmap|…]`. The
 * size holds the guard page. Addresses are hashed (%p) unless the reader may see them: two hashes differ by another number
 * than the size.
 */
import { decimal, fault, linesOf, type Parsed } from './text.ts';

export const AREA_KINDS = [
  'vmalloc',
  'vmap',
  'ioremap',
  'user',
  'dma-coherent',
  'unpurged',
  'vm_map_ram',
  'other',
] as const;
export type AreaKind = (typeof AREA_KINDS)[number];

export interface VmArea {
  /** 16 hex digits; on five-level x86-64 such an address can lie beyond what a double holds. */
  readonly start: string;
  readonly end: string;
  /** Bytes, guard page included. */
  readonly size: number;
  /** Pages that stand behind it; null where the line does not say. */
  readonly pages: number | null;
  readonly kind: AreaKind;
  /** `load_module+0x9a8/0x2210`; empty where the line has none. */
  readonly caller: string;
}

export interface Vmallocinfo {
  readonly areas: readonly VmArea[];
  /** Addresses mean nothing, sizes and callers do. */
  readonly hashed: boolean;
  /** Lines whose addresses are another number of bytes apart than the line says, where that is not the rule. */
  readonly odd: readonly number[];
}

export const AREAS_LIMIT = 1_048_576;

const LINE = /^0x([0-9a-f]{16})-0x([0-9a-f]{16})\s+(\d{1,16})(?:\s+(.*))?$/;
const EXPECTED = '"0xSTART-0xEND SIZE CALLER …"';
const KINDS: ReadonlySet<string> = new Set(AREA_KINDS);

export function parseVmallocinfo(text: string): Parsed<Vmallocinfo> {
  const areas: VmArea[] = [];
  const odd: number[] = [];
  for (const [number, line] of linesOf(text)) {
    if (line.trim() === '') continue;
    const [, start, end, digits = '', rest = ''] = LINE.exec(line) ?? [];
    const size = decimal(digits);
    if (start === undefined || end === undefined || Number.isNaN(size)) return fault(number, EXPECTED, line);
    if (areas.length === AREAS_LIMIT) return fault(number, `at most ${AREAS_LIMIT} areas`, line);
    if (BigInt(`0x${end}`) - BigInt(`0x${start}`) !== BigInt(size)) odd.push(number);
    areas.push({ start, end, size, ...described(rest.trim()) });
  }
  const hashed = odd.length > areas.length / 2;
  return { ok: true, value: { areas, hashed, odd: hashed ? [] : odd } };
}

function described(rest: string): Pick<VmArea, 'pages' | 'kind' | 'caller'> {
  if (rest.startsWith('unpurged vm_area')) return { pages: null, kind: 'unpurged', caller: '' };
  if (rest.startsWith('vm_map_ram')) return { pages: null, kind: 'vm_map_ram', caller: '' };
  const words = rest.split(/\s+/);
  const pages = words.map((word) => /^pages=(\d{1,12})$/.exec(word)?.[1]).find((found) => found !== undefined);
  const kind = words.find((word) => KINDS.has(word)) as AreaKind | undefined;
  // A caller in a module is followed by the module's name in brackets.
  const first = words[0] ?? '';
  const caller = first.includes('=') || KINDS.has(first) ? '' : first;
  const owner = caller !== '' && /^\[.+\]$/.test(words[1] ?? '') ? ` ${words[1]}` : '';
  return { pages: pages === undefined ? null : Number(pages), kind: kind ?? 'other', caller: `${caller}${owner}` };
}
