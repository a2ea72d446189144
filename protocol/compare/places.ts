/**
 * What addresses mean in one log: a section of a module and an offset, or an offset in the kernel image. The same place has
 * the same name in another log, wherever that put the module.
 */
import { fromHex, type Hex } from '../address.ts';
import type { Event, EventOf } from '../events/index.ts';

interface Area {
  readonly start: number;
  readonly end: number;
  readonly module: string;
  readonly part: string;
}

interface Section {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

export interface Places {
  /** Events in order; a name is that of the moment. */
  take(event: Event): void;
  /** The address itself where nobody has it. */
  name(address: Hex): string;
}

/** Which slot an entry got is the loader's business: any of the module's means the same. */
const PLT = new Set(['.plt', '.init.plt']);

export function openPlaces(): Places {
  /** In order of address. */
  const areas: Area[] = [];
  const sections = new Map<string, readonly Section[]>();
  let image = { start: Number.NaN, end: Number.NaN };

  /** How many areas begin at or below an address. */
  function below(address: number): number {
    let low = 0;
    let high = areas.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((areas[middle]?.start ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function free(address: number): void {
    const at = below(address) - 1;
    if (areas[at]?.start === address) areas.splice(at, 1);
  }

  return {
    take(event) {
      switch (event.type) {
        case 'MachineBooted': {
          const { text, end } = event.profile.kernel;
          image = { start: fromHex(text), end: fromHex(end) };
          return;
        }
        case 'MemoryAllocated': {
          const { module, part, size } = event;
          const start = fromHex(event.address);
          areas.splice(below(start), 0, { start, end: start + size, module, part });
          return;
        }
        case 'MemoryFreed':
          free(fromHex(event.address));
          return;
        case 'ModuleLaidOut':
          sections.set(event.module, namedSections(event));
          return;
        case 'ModuleGone':
          sections.delete(event.module);
          return;
        default:
      }
    },
    name(hex) {
      const address = fromHex(hex);
      if (address === 0) return 'NULL';
      if (address >= image.start && address < image.end) return `vmlinux+${offset(address - image.start)}`;
      const area = areas[below(address) - 1];
      if (!area || address >= area.end) return hex;
      const section = sections.get(area.module)?.find(({ start, end }) => address >= start && address < end);
      if (!section) return `${area.module}:${area.part}+${offset(address - area.start)}`;
      if (PLT.has(section.name)) return `${area.module}:${section.name}`;
      return `${area.module}:${section.name}+${offset(address - section.start)}`;
    },
  };
}

/** Sections of one name are told apart by a number, from the second on. */
function namedSections({ sections }: EventOf<'ModuleLaidOut'>): readonly Section[] {
  const seen = new Map<string, number>();
  return sections.map(({ name, address, size }) => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    const start = fromHex(address);
    return { start, end: start + size, name: nth === 1 ? name : `${name}#${nth}` };
  });
}

const offset = (bytes: number): string => `0x${bytes.toString(16)}`;
