/** What kind of place an address is in, and where that begins and ends. */
import { fromHex, toHex } from '../../../protocol/address.ts';
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { Place } from '../../../protocol/inspect.ts';
import { PLT_ENTRY_SIZE } from '../arch/arm64/plt.ts';
import { INSN as X86 } from '../arch/x86-64/insn.ts';
import type { LoadedModule, State } from '../state.ts';
import { readText, type Site, type StaticCalls, VMLINUX } from '../static-call/state.ts';
import { disassemble } from './disassemble.ts';
import { sectionAt } from './memory.ts';
import { elfOf } from './names.ts';
import { relocationsAt } from './relocations.ts';
import { inKernel, type Subject } from './subject.ts';

const LONG = 8;
const WORD = 4;
/** Instructions are counted from the last one that has a name: at most so many bytes before. */
const SWEEP = 1 << 16;

export function placeOf(subject: Subject, address: number): Place {
  const { state, memory, name } = subject;
  const module = memory.moduleAt(address);
  const base = {
    owner: module?.name ?? (inKernel(state, address) ? VMLINUX : null),
    symbol: name(address),
    section: module ? sectionOf(module, address) : null,
  };
  const found =
    (state.staticCalls && callPlace(state, state.staticCalls, address)) ?? modulePlace(subject, module, address);
  if (found) return { ...base, ...found, address: toHex(found.address) };
  const kind = module ? 'memory' : base.owner === VMLINUX ? 'kernel' : 'free';
  return { kind, address: toHex(address), size: 1, ...base };
}

type Found = Pick<Place, 'kind' | 'size'> & Partial<Place> & { readonly address: never };
type Spot = Omit<Found, 'address'> & { readonly address: number };

/** A site, a trampoline, a literal, or a key. */
function callPlace(state: State, calls: StaticCalls, address: number): Spot | undefined {
  const site = siteAt(state, address);
  if (site) {
    const flags = (site.site.tail ? SITE_TAIL : 0) | (site.site.init ? SITE_INIT : 0);
    return { kind: 'site', address: site.site.address, size: site.size, owner: site.owner, key: site.key, flags };
  }
  const { arch, keys } = calls;
  for (const key of keys.values()) {
    const inside = (start: number, size: number) => address >= start && address < start + size;
    const spot = { owner: key.owner, key: key.name };
    if (inside(key.tramp, arch.trampSize))
      return { kind: 'trampoline', address: key.tramp, size: arch.trampSize, ...spot };
    if (inside(key.address, LONG)) return { kind: 'key', address: key.address, size: LONG, ...spot };
    if (key.literal !== undefined && inside(key.literal, LONG))
      return { kind: 'literal', address: key.literal, size: LONG, ...spot };
  }
  return undefined;
}

/** The site that holds an address, of those whose text is there. */
export function siteAt(
  { staticCalls }: State,
  address: number,
): { readonly site: Site; readonly key: string; readonly owner: string; readonly size: number } | undefined {
  if (!staticCalls) return undefined;
  const { tables, initFreed, arch } = staticCalls;
  for (const [owner, table] of tables.entries()) {
    const gone = initFreed.has(owner);
    for (const [key, sites] of table) {
      for (const site of sites) {
        if (address < site.address || address >= site.address + arch.siteSize || (site.init && gone)) continue;
        const code = readText(staticCalls, site.address, arch.siteSize);
        if (code === undefined && owner === VMLINUX) continue;
        const size = arch.granule === 0 && !(code ?? '').startsWith('0f8') ? X86.call.length : arch.siteSize;
        if (address < site.address + size) return { site, key, owner, size };
      }
    }
  }
  return undefined;
}

function sectionOf(module: LoadedModule, address: number): Place['section'] {
  const section = sectionAt(module, address);
  if (!section) return null;
  const { name, address: start, part } = section;
  return { name, address: start, offset: address - fromHex(start), part };
}

function modulePlace(subject: Subject, module: LoadedModule | undefined, address: number): Spot | undefined {
  const section = module && sectionAt(module, address);
  if (!module || !section) return undefined;
  const start = fromHex(section.address);
  if (subject.arch === 'arm64' && (section.name === '.plt' || section.name === '.init.plt')) {
    const slot = Math.floor((address - start) / PLT_ENTRY_SIZE);
    return { kind: 'plt', address: start + slot * PLT_ENTRY_SIZE, size: PLT_ENTRY_SIZE, slot };
  }
  const segment = subject.memory.segmentAt(address);
  if (segment?.executable) return { kind: 'section', ...instructionAt(subject, segment.address, address) };
  const file = subject.memory.file(module);
  const elf = file && elfOf(subject.state, file);
  const [datum] = elf ? relocationsAt(subject.state, module, elf, address, address + 1) : [];
  if (datum) return { kind: 'section', address: datum.address, size: datum.width };
  return { kind: 'section', address, size: 1 };
}

/** Where the instruction that holds `address` begins; on x86-64 by counting from the symbol before it. */
function instructionAt(
  subject: Subject,
  start: number,
  address: number,
): { readonly address: number; readonly size: number } {
  if (subject.arch === 'arm64') return { address: address - ((((address - start) % WORD) + WORD) % WORD), size: WORD };
  const offset = /\+0x([0-9a-f]+)( |$)/.exec(subject.name(address) ?? '')?.[1];
  const from = Math.max(start, address - Math.min(SWEEP, offset === undefined ? 0 : Number.parseInt(offset, 16)));
  const segment = subject.memory.segmentAt(from);
  if (!segment) return { address, size: 1 };
  const bytes = segment.bytes.subarray(from - segment.address, address - segment.address + 16);
  const line = disassemble(subject.arch, bytes, from, SWEEP, subject.general).find(
    (one) => address >= one.address && address < one.address + one.bytes.length,
  );
  return line ? { address: line.address, size: line.bytes.length } : { address, size: 1 };
}
