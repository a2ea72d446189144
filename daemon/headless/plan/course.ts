/**
 * The course that the loads took once: which modules load, who links with whom, what is freed when. The kernel decided it
 * (plan.ts); from its events it is known what each load does to the windows, whatever the addresses.
 */
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import type { PlanInput } from './input.ts';
import type { Outline } from './outline.ts';
import type { Failure } from './row.ts';

const VMLINUX = 'vmlinux';

export interface Step {
  readonly outline: Outline | undefined;
  /** How many parts are allocated. */
  readonly allocated: number;
  /** The next part finds no room. */
  readonly noRoom: boolean;
  /** The loader got as far as its relocations. */
  readonly linked: boolean;
  /** It reached its init function: lazily freed areas are purged. */
  readonly coming: boolean;
  /** Parts that are given back, by number, in that order. */
  readonly freed: readonly number[];
  readonly lazily: boolean;
  readonly failure: Failure | undefined;
  /** Which symbol each import is. */
  readonly imports: Int32Array;
  /** Exports that others use: which symbol each is, and which export. */
  readonly exports: readonly { readonly symbol: number; readonly index: number }[];
}

export interface Course {
  readonly steps: readonly Step[];
  /** Symbols from 1 on that vmlinux has, by name; number 0 is a weak one that nobody has. */
  readonly vmlinux: readonly string[];
  /** How many symbols there are, number 0 and those of modules included. */
  readonly symbols: number;
}

/** Failures whose words and place in the course follow from the files alone, or from one full window. */
const SAME_EVERYWHERE: ReadonlySet<Failure['step']> = new Set(['read', 'check', 'allocate', 'link', 'form'] as const);

/**
 * The course of loads whose events are `loads`. Undefined where a load went in a way that may differ with addresses in more
 * than its placement.
 */
export function courseOf(
  { modules }: PlanInput,
  outlines: readonly (Outline | undefined)[],
  loads: readonly (readonly Event[] | undefined)[],
): Course | undefined {
  const numbers = new Map<string, number>();
  const vmlinux: string[] = [];
  for (const event of loads.flatMap((events) => events?.filter(isResolved) ?? [])) {
    for (const { name, owner } of event.imports) {
      if (owner !== VMLINUX || numbers.has(name)) continue;
      vmlinux.push(name);
      numbers.set(name, vmlinux.length);
    }
  }
  const exported = new Exported(vmlinux.length + 1);
  const steps: Step[] = [];
  for (const [index, events] of loads.entries()) {
    if (!events) return undefined;
    const outline = outlines[index];
    const step = stepOf(index, modules[index]?.file ?? '', events, outline, numbers, exported);
    if (!step) return undefined;
    const live = events.find((event) => event.type === 'ModuleLive');
    if (live && outline) exported.offer(live.module, outline, step.exports);
    steps.push(step);
  }
  return { steps, vmlinux, symbols: exported.count };
}

const isResolved = (event: Event): event is EventOf<'SymbolsResolved'> => event.type === 'SymbolsResolved';

/** Numbers for the exports of modules that somebody uses. */
class Exported {
  count: number;
  readonly #offers = new Map<
    string,
    {
      readonly names: ReadonlyMap<string, number>;
      readonly used: Map<string, number>;
      readonly list: Step['exports'][number][];
    }
  >();

  constructor(first: number) {
    this.count = first;
  }

  offer(module: string, { exports }: Outline, list: Step['exports']): void {
    const names = new Map(exports.map(({ name }, index) => [name, index]));
    this.#offers.set(module, { names, used: new Map(), list: list as Step['exports'][number][] });
  }

  /** Undefined where no such export is known. */
  use(module: string, name: string): number | undefined {
    const offer = this.#offers.get(module);
    const known = offer?.used.get(name);
    if (known !== undefined) return known;
    const index = offer?.names.get(name);
    if (!offer || index === undefined) return undefined;
    const symbol = this.count++;
    offer.used.set(name, symbol);
    offer.list.push({ symbol, index });
    return symbol;
  }
}

function stepOf(
  index: number,
  file: string,
  events: readonly Event[],
  outline: Outline | undefined,
  numbers: ReadonlyMap<string, number>,
  exported: Exported,
): Step | undefined {
  const failed = events.find((event) => event.type === 'ModuleLoadFailed');
  if (failed && !SAME_EVERYWHERE.has(failed.step)) return undefined;
  const parts = events.flatMap((event) => (event.type === 'MemoryAllocated' ? [event.part] : []));
  const freed = events.flatMap((event) => (event.type === 'MemoryFreed' ? [event] : []));
  const resolved = events.find(isResolved);
  const linked = resolved !== undefined;
  const noRoom = failed?.step === 'allocate' && parts.length < (outline?.parts.length ?? 0);
  if (!outline && (parts.length > 0 || failed?.step === 'allocate')) return undefined;
  const imports = (resolved?.imports ?? []).map(({ name, owner }) =>
    owner === null ? 0 : owner === VMLINUX ? numbers.get(name) : exported.use(owner, name),
  );
  if (imports.includes(undefined)) return undefined;
  return {
    outline,
    allocated: parts.length,
    noRoom,
    linked,
    coming: events.some(({ type }) => type === 'ModuleComing'),
    freed: freed.map(({ part }) => parts.indexOf(part)),
    lazily: freed.some(({ lazy }) => lazy),
    failure: failed && {
      index,
      module: failed.module === '' ? file : failed.module,
      file,
      errno: failed.errno,
      words: failed.words,
      step: failed.step,
    },
    imports: Int32Array.from(imports as number[]),
    exports: [],
  };
}
