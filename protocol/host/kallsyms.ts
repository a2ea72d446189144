/**
 * `/proc/kallsyms` as far as it tells of modules: `ADDRESS TYPE NAME\t[MODULE]` (kernel/kallsyms.c, `s_show`). What it says
 * of the kernel itself is protocol/system-map.ts's.
 */
import { address, fault, linesOf, type Parsed } from './text.ts';

export interface ModuleSymbol {
  readonly name: string;
  readonly address: number;
}

export interface Kallsyms {
  /** Symbols of each module in order of address; those whose name the module has once only. */
  readonly modules: ReadonlyMap<string, readonly ModuleSymbol[]>;
  /** Every address is 0: hidden from this user. */
  readonly hidden: boolean;
  /** It names data as well: the kernel has CONFIG_KALLSYMS_ALL. */
  readonly namesData: boolean;
}

/** bpf programs, ftrace trampolines and kprobes are shown like modules, but are none. */
const NO_MODULES: ReadonlySet<string> = new Set(['bpf', '__builtin__ftrace', '__builtin__kprobes']);

const LINE = /^([0-9a-f]{16}|[0-9a-f]{8}) ([a-zA-Z?]) ([^\s]+)(?:\t\[([^\]\s]+)\])?\s*$/;

export function parseKallsyms(text: string): Parsed<Kallsyms> {
  const found = new Map<string, Map<string, number>>();
  let hidden = true;
  let namesData = false;
  for (const [number, line] of linesOf(text)) {
    if (line === '') continue;
    const [, digits, type = '', name = '', module] = LINE.exec(line) ?? [];
    if (digits === undefined) return fault(number, '"ADDRESS TYPE NAME" and a tab and [MODULE] for a module\'s', line);
    const at = address(digits);
    if (at !== 0) hidden = false;
    if (module === undefined) {
      namesData ||= /^[dDbB]$/.test(type) && name !== '_etext';
      continue;
    }
    if (NO_MODULES.has(module)) continue;
    const names = found.get(module) ?? new Map<string, number>();
    found.set(module, names);
    // A name that stands for several symbols names none of them.
    names.set(name, names.has(name) ? Number.NaN : at);
  }
  const modules = new Map<string, readonly ModuleSymbol[]>();
  for (const [module, names] of found) {
    const symbols = [...names].flatMap(([name, at]) => (Number.isNaN(at) || at === 0 ? [] : [{ name, address: at }]));
    modules.set(
      module,
      symbols.sort((a, b) => a.address - b.address),
    );
  }
  return { ok: true, value: { modules, hidden, namesData } };
}

/**
 * Symbols that pin each section of a module: the first and the last one from its start up to the next section's. `$x` and
 * the like mark places and name nothing. Sections that are gone pin nothing, and take part all the same.
 */
export function anchors(symbols: readonly ModuleSymbol[], sections: readonly number[]): readonly ModuleSymbol[] {
  const named = symbols.filter(({ name }) => !name.startsWith('$'));
  const picked = new Set<ModuleSymbol>();
  const edges = [...new Set(sections)].sort((a, b) => a - b);
  let at = 0;
  const put = (symbol: ModuleSymbol | undefined) => symbol && picked.add(symbol);
  if ((named[0]?.address ?? Number.POSITIVE_INFINITY) < (edges[0] ?? Number.NEGATIVE_INFINITY)) put(named[0]);
  for (const [index, edge] of edges.entries()) {
    const next = edges[index + 1] ?? Number.POSITIVE_INFINITY;
    while (at < named.length && (named[at]?.address ?? 0) < edge) at++;
    const first = at;
    while (at < named.length && (named[at]?.address ?? 0) < next) at++;
    if (at === first) continue;
    put(named[first]);
    put(named[at - 1]);
  }
  return [...picked].sort((a, b) => a.address - b.address);
}
