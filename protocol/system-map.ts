/**
 * `System.map` and `/proc/kallsyms` as the part of a machine profile that they know: where the kernel image lies and what
 * it exports. Both hold lines of `ADDRESS TYPE NAME`, as nm(1) prints them; kallsyms adds a tab and `[module]` to the
 * symbols of modules, which are passed over (kernel/kallsyms.c, `s_show`; scripts/mksysmap).
 */
import { fromHex, type Hex, toHex } from './address.ts';

export interface SystemMap {
  readonly kernel: { readonly text: Hex; readonly etext: Hex; readonly end: Hex };
  /** What vmlinux exports, by name. */
  readonly symbols: Readonly<Record<string, Hex>>;
  /** Which of them are EXPORT_SYMBOL_GPL; absent where the file does not tell. */
  readonly gplOnly?: readonly string[];
  /** Whether it names the kernel's data: of /proc/kallsyms that is CONFIG_KALLSYMS_ALL; a System.map always does. */
  readonly namesData: boolean;
  /** What had to be taken for something else, in sentences for a person. */
  readonly notes: readonly string[];
}

export type SystemMapResult =
  | { readonly ok: true; readonly map: SystemMap }
  | { readonly ok: false; readonly message: string };

interface Symbols {
  readonly address: Map<string, number>;
  /** Names of global symbols (nm's capitals, and weak ones). */
  readonly global: Set<string>;
  readonly exported: Map<string, number>;
  readonly highest: number;
}

const LINE = /^([0-9a-fA-F]{1,16})\s([a-zA-Z?])\s([^\s]+)$/;
const GLOBAL = /^[TDRBWV]$/;
const KSYMTAB = '__ksymtab_';

/** Reads a whole file. Lines may end in CR LF; every other thing that is not a symbol is refused with its line number. */
export function parseSystemMap(text: string): SystemMapResult {
  const read = readSymbols(text);
  return read.ok ? toMap(read.symbols) : read;
}

type ReadResult = { readonly ok: true; readonly symbols: Symbols } | { readonly ok: false; readonly message: string };

function readSymbols(text: string): ReadResult {
  const address = new Map<string, number>();
  const global = new Set<string>();
  const exported = new Map<string, number>();
  let highest = Number.NEGATIVE_INFINITY;
  let hidden = 0;
  let number = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const line = text.slice(start, end).trimEnd();
    start = end + 1;
    number++;
    if (line === '' || line.includes('\t[')) continue;
    const [, digits, type, name] = LINE.exec(line) ?? [];
    if (digits === undefined || type === undefined || name === undefined) {
      return {
        ok: false,
        message: `line ${number}: expected "ADDRESS TYPE NAME", found ${JSON.stringify(line.slice(0, 80))}`,
      };
    }
    const value = fromHex(`0x${digits}`);
    if (Number.isNaN(value)) {
      return { ok: false, message: `line ${number}: 0x${digits} is not a canonical kernel address` };
    }
    if (value === 0) hidden++;
    if (value < 0 && value > highest) highest = value;
    if (name.startsWith(KSYMTAB)) exported.set(name.slice(KSYMTAB.length), value);
    // Several static functions can share a name with one global one, which is the one that can be exported.
    const isGlobal = GLOBAL.test(type);
    if (isGlobal || !address.has(name)) address.set(name, value);
    if (isGlobal) global.add(name);
  }
  if (address.size === 0) return { ok: false, message: 'holds no symbols: expected lines of "ADDRESS TYPE NAME"' };
  if (hidden === address.size || (hidden > 0 && highest === Number.NEGATIVE_INFINITY)) {
    return {
      ok: false,
      message:
        'every address is 0, because kptr_restrict hides them from this user: ' +
        'read /proc/kallsyms as root after `sysctl kernel.kptr_restrict=0`, or give the System.map of this kernel',
    };
  }
  return { ok: true, symbols: { address, global, exported, highest } };
}

function toMap(read: Symbols): SystemMapResult {
  const notes: string[] = [];
  const etext = read.address.get('_etext');
  if (etext === undefined) return { ok: false, message: 'has no symbol _etext: the module windows follow from it' };
  let text = read.address.get('_text');
  if (text === undefined) {
    text = read.address.get('_stext');
    if (text === undefined) return { ok: false, message: 'has neither _text nor _stext: where does the kernel begin?' };
    notes.push('_text is not in the file: the kernel is taken to begin at _stext');
  }
  let end = read.address.get('_end');
  const namesData = end !== undefined;
  if (end === undefined) {
    end = Math.max(read.highest, etext);
    notes.push(
      '_end is not in the file (a kernel without CONFIG_KALLSYMS_ALL names no data): the kernel is taken to end at its ' +
        'highest symbol, and data that it exports is not known',
    );
  }
  if (!(text < etext && etext <= end)) {
    return {
      ok: false,
      message: `expected _text < _etext <= _end, found ${toHex(text)}, ${toHex(etext)}, ${toHex(end)}`,
    };
  }
  const kernel = { text: toHex(text), etext: toHex(etext), end: toHex(end) };
  if (read.exported.size === 0) {
    notes.push('no __ksymtab_ symbols in the file: every global symbol of the kernel is taken as exported');
    return { ok: true, map: { kernel, symbols: table(read.global, read.address), namesData, notes } };
  }
  const symbols = table(read.exported.keys(), read.address);
  const missing = read.exported.size - Object.keys(symbols).length;
  if (missing > 0) notes.push(`${missing} exported symbols have no address in the file and are left out`);
  const from = read.address.get('__start___ksymtab_gpl');
  const to = read.address.get('__stop___ksymtab_gpl');
  if (from === undefined || to === undefined) return { ok: true, map: { kernel, symbols, namesData, notes } };
  const gplOnly = [...read.exported]
    .filter(([name, at]) => name in symbols && at >= from && at < to)
    .map(([name]) => name);
  return { ok: true, map: { kernel, symbols, gplOnly: gplOnly.sort(), namesData, notes } };
}

/** The addresses of `names`, sorted by name so that equal files give equal profiles. */
function table(names: Iterable<string>, address: ReadonlyMap<string, number>): Record<string, Hex> {
  const entries: [string, Hex][] = [];
  for (const name of names) {
    const at = address.get(name);
    if (at !== undefined) entries.push([name, toHex(at)]);
  }
  // Object.fromEntries defines every name as its own property, __proto__ too.
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
