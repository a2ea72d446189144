/**
 * `why ADDRESS`: everything that wrote what stands at an address, oldest first: the module's file, its relocation, what the
 * loader did before init, PLT entries, and every patch of static calls with its command and its reason.
 */
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import type { Place, RelocationAnswer, Unplaced, WhyAnswer, Write } from '../../../protocol/inspect.ts';
import { archOf } from '../arch/select.ts';
import { codeOf, wordCode } from '../arch/static-call.ts';
import { layOut } from '../loader/layout.ts';
import { placementOf } from '../loader/load.ts';
import { readCandidate } from '../loader/read.ts';
import type { LoadedModule, State } from '../state.ts';
import { VMLINUX } from '../static-call/state.ts';
import { type Cause, type History, longBytes, type Trace } from './history.ts';
import { elfOf } from './names.ts';
import { placeOf } from './place.ts';
import { type Relocation, relocationsAt } from './relocations.ts';
import { type Answered, noAnswer, type Subject, textOf, unknownNotes } from './subject.ts';

/** Answers for `history.address`; `history` is of the same position as the subject's state. */
export function why(subject: Subject, history: History): Answered<Unplaced<WhyAnswer>> {
  const { state, memory } = subject;
  if (!state.profile) return noAnswer('no-such-machine', 'the machine is not booted');
  const { address } = history;
  const place = placeOf(subject, address);
  const start = fromHex(place.address);
  const bytes = memory.read(start, place.size) ?? lastWritten(history, start, place.size);
  const writes = [...loaderWrites(subject, place, history), ...traceWrites(subject, place, history)];
  return {
    ok: true,
    value: {
      address: toHex(address),
      place,
      bytes: bytes ?? null,
      text: bytes === undefined ? null : readable(subject, place, start, bytes),
      writes: writes.sort((a, b) => a.commit - b.commit),
      notes: notesOf(subject, place, history, bytes !== undefined),
    },
  };
}

const isData = ({ kind, section }: Pick<Place, 'kind' | 'section'>): boolean =>
  kind === 'literal' || kind === 'key' || (kind === 'section' && !/text|plt/.test(section?.name ?? ''));

function readable(
  subject: Subject,
  place: Pick<Place, 'kind' | 'section'>,
  address: number,
  bytes: string,
): string | null {
  if (!isData(place)) return textOf(subject, address, bytes);
  const sizes: Readonly<Record<number, string>> = { 1: '.byte', 2: '.short', 4: '.long', 8: '.quad' };
  const directive = sizes[bytes.length / 2];
  return directive === undefined ? null : `${directive} 0x${(bytes.match(/../g) ?? []).reverse().join('')}`;
}

/** Where no file tells: the newest of what events wrote there, where one of them wrote all of it. */
function lastWritten({ traces }: History, start: number, size: number): string | undefined {
  for (const trace of traces.toReversed()) {
    if (trace.kind !== 'veneer' || fromHex(trace.event.address) !== start) continue;
    const code = veneerCode(trace.event.words);
    return code.length / 2 === size ? code : undefined;
  }
  return undefined;
}

const veneerCode = (words: readonly string[]): string =>
  words.map((word) => wordCode(Number.parseInt(word, 16))).join('');

/** What the loader did: copied the file, applied a relocation, and finished the module. */
function loaderWrites(subject: Subject, place: Place, { tenant }: History): Write[] {
  const { state, memory } = subject;
  const start = fromHex(place.address);
  const module = memory.moduleAt(start);
  const file = module && memory.file(module);
  if (!module || !file || !tenant || !place.section || place.kind === 'plt') return [];
  const end = start + place.size;
  const elf = elfOf(state, file);
  const relocations = elf ? relocationsAt(state, module, elf, start, end) : [];
  const copied = linkedBytes(state, module, file, start, place.size, 'file');
  const relocated = linkedBytes(state, module, file, start, place.size, 'relocated');
  const final = linkedBytes(state, module, file, start, place.size, 'final');
  if (copied === undefined || relocated === undefined || final === undefined) return [];
  const write = (what: Write['what'], before: string | null, after: string, reason: string): Write => ({
    what,
    ...causeOf(tenant.loaded),
    address: place.address,
    bytes: [before, after],
    text: [before === null ? null : readable(subject, place, start, before), readable(subject, place, start, after)],
    reason,
  });
  const { name, offset } = place.section;
  const from = `${module.laidOut.file ?? module.name} (sha256 ${module.blob.slice(0, 16)}…)`;
  const writes = [write('file', null, copied, `${name}+0x${offset.toString(16)} of ${from}`)];
  for (const relocation of relocations) {
    const answer = relocationAnswer(module, relocation, relocated, start);
    writes.push({ ...write('relocation', copied, relocated, relocationWords(answer)), relocation: answer });
  }
  if (relocated !== final) {
    const reason = 'the loader finished the module: alternatives, jump labels, ftrace sites, returns, sorted tables';
    writes.push(write('finalize', relocated, final, reason));
  }
  return writes;
}

function relocationWords({ type, symbol, addend, section, offset, value, from, veneer }: RelocationAnswer): string {
  const plus = addend === 0 ? '' : addend > 0 ? ` + ${addend}` : ` - ${-addend}`;
  const where = value === null ? 'which nobody has' : `${value} of ${from}`;
  const by = veneer === null ? '' : `, out of reach: through the PLT entry at ${veneer}`;
  return `${type} against ${symbol}${plus} at ${section}+0x${offset.toString(16)}: ${where}${by}`;
}

/** A branch that goes into the module's PLT although its symbol is elsewhere got a veneer. */
function relocationAnswer(
  module: LoadedModule,
  relocation: Relocation,
  code: string | undefined,
  start: number,
): RelocationAnswer {
  const { address, value, width: _, ...rest } = relocation;
  const to = code === undefined ? undefined : branchTarget(relocation.type, code, address - start, address);
  const inPlt = to !== undefined && to !== value && isPlt(module, to);
  return {
    ...rest,
    address: toHex(address),
    value: Number.isNaN(value) ? null : toHex(value),
    veneer: inPlt && to !== undefined ? toHex(to) : null,
  };
}

function isPlt({ laidOut }: LoadedModule, address: number): boolean {
  return laidOut.sections.some(({ name, address: at, size }) => {
    return name.endsWith('.plt') && address >= fromHex(at) && address < fromHex(at) + size;
  });
}

/** Where a relocated `b` or `bl` goes. */
function branchTarget(type: string, code: string, at: number, address: number): number | undefined {
  if (!/_(CALL|JUMP)26$/.test(type)) return undefined;
  const bytes = (code.slice(at * 2, at * 2 + 8).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  const word = new DataView(Uint8Array.from(bytes).buffer).getInt32(0, true);
  return address + ((word << 6) >> 6) * 4;
}

/** Bytes of a place as the file has them, after relocation, or when init was called. */
function linkedBytes(
  { profile }: State,
  module: LoadedModule,
  file: Uint8Array,
  start: number,
  size: number,
  stage: 'file' | 'relocated' | 'final',
): string | undefined {
  if (!profile) return undefined;
  const arch = archOf(profile);
  const unfinished = { ...arch, finalize: () => ({ ok: true }) as const };
  const raw: typeof arch = {
    ...unfinished,
    applyRelocations: () => ({
      ok: true,
      relocated: { relocations: 0, branches: { direct: 0, veneer: 0 }, veneers: [], pltUsed: { core: 0, init: 0 } },
    }),
  };
  const read = readCandidate(file, profile, stage === 'final' ? arch : stage === 'file' ? raw : unfinished);
  if (!read.ok) return undefined;
  const candidate = read.value;
  const laidOut = layOut(profile.layout, candidate.sections, candidate.tables, profile.pageSize);
  const parts = module.laidOut.parts.map(({ part, address }) => ({ part, address: fromHex(address) }));
  const percpu = module.laidOut.percpu ? fromHex(module.laidOut.percpu.address) : undefined;
  const placement = placementOf(candidate, laidOut, parts, percpu);
  const resolved = new Map(
    module.imports.map(({ name, address, owner }) => [name, owner === null ? Number.NaN : fromHex(address)]),
  );
  const imports = Float64Array.from(candidate.imports, ({ name }) => resolved.get(name) ?? Number.NaN);
  const linked = candidate.link({ ...placement, imports });
  if (!linked.ok) return undefined;
  for (const { index } of candidate.sections) {
    const at = start - (placement.sectionAddress[index] ?? Number.NaN);
    const bytes = linked.value.memory[index];
    if (bytes && at >= 0 && at < bytes.length) return codeOf(bytes.subarray(at, at + size));
  }
  return undefined;
}

/** What events wrote to the place. */
function traceWrites(subject: Subject, place: Place, history: History): Write[] {
  const start = fromHex(place.address);
  const end = start + place.size;
  const inside = (at: Hex | number, size: number) => {
    const from = typeof at === 'number' ? at : fromHex(at);
    return from < end && from + size > start;
  };
  return history.traces.flatMap((trace): Write[] => {
    const cause = causeOf(trace.cause);
    switch (trace.kind) {
      case 'veneer': {
        if (!inside(trace.event.address, trace.event.words.length * 4)) return [];
        return [veneerWrite(subject, trace)];
      }
      case 'patch': {
        const { event } = trace;
        if (!inside(event.address, event.bytes[1].length / 2)) return [];
        const { what, key, to, distance, inReach, hops, class: kind, atomicity } = event;
        return [
          {
            what: 'patch',
            ...cause,
            address: event.address,
            // Events leave out what was there before where the model of static calls did not know all of it.
            bytes: event.bytes[0] === '' ? [null, event.bytes[1]] : event.bytes,
            text: event.bytes[0] === '' ? [null, event.text[1]] : event.text,
            reason: event.reason,
            patch: { what, key, to, distance, inReach, hops, class: kind, atomicity },
          },
        ];
      }
      case 'boot': {
        if (!inside(trace.address, trace.bytes.length / 2)) return [];
        // The event has as many bytes as the longest instruction at a site.
        const bytes = place.kind === 'site' ? trace.bytes.slice(0, place.size * 2) : trace.bytes;
        return [
          {
            what: 'boot',
            ...cause,
            address: toHex(trace.address),
            bytes: [null, bytes],
            text: [null, readable(subject, place, trace.address, bytes)],
            reason: trace.what,
          },
        ];
      }
      case 'func': {
        const { from, to, by } = trace.event;
        const bytes: [string, string] = [longBytes(from), longBytes(to)];
        return [
          {
            what: 'func',
            ...cause,
            address: toHex(trace.address),
            bytes,
            text: [`.quad ${from}`, `.quad ${to}`],
            reason: `key.func was set by ${by}`,
          },
        ];
      }
      default:
        return [];
    }
  });
}

function veneerWrite(subject: Subject, { cause, event }: Extract<Trace, { kind: 'veneer' }>): Write {
  const { slot, target, symbol, site, words, address, kind } = event;
  const code = veneerCode(words);
  const far = `the ${kind} at ${site.address} is ${Math.abs(site.distance)} bytes from ${symbol}`;
  const why = kind === 'adrp' ? 'erratum 843419: an ADRP may not stand there' : 'more than one branch bridges';
  return {
    what: 'plt',
    ...causeOf(cause),
    address,
    bytes: [null, code],
    text: [null, textOf(subject, fromHex(address), code)],
    reason: `${far}: ${why}`,
    veneer: {
      slot,
      target,
      symbol,
      site: site.address,
      distance: site.distance,
      asked: askedBy(subject, site.address),
    },
  };
}

function askedBy({ state, memory }: Subject, site: Hex): RelocationAnswer | null {
  const at = fromHex(site);
  const module = memory.moduleAt(at);
  const file = module && memory.file(module);
  const elf = file && elfOf(state, file);
  if (!module || !elf) return null;
  const [relocation] = relocationsAt(state, module, elf, at, at + 1);
  return relocation ? relocationAnswer(module, relocation, memory.read(at, 4), at) : null;
}

const causeOf = ({ commit, time, words }: Cause): Pick<Write, 'commit' | 'time' | 'cause'> => ({
  commit,
  time,
  cause: words,
});

function notesOf(subject: Subject, place: Place, history: History, known: boolean): string[] {
  const { tenant, traces, dropped, earlier } = history;
  const notes = unknownNotes(subject);
  if (place.kind === 'free') {
    if (tenant?.freed)
      notes.push(
        `${tenant.module} (${tenant.part}) had this memory until commit ${tenant.freed.commit} (${tenant.freed.words}) freed it`,
      );
    else notes.push('no module has this memory, and it is not in the kernel image');
  }
  if (place.kind === 'memory') notes.push('between sections, or in the symbol table that the loader keeps');
  if (place.owner === VMLINUX && !known) {
    notes.push("of vmlinux's bytes only trampolines, literals, keys and the kernel's own sites are known");
  }
  if (place.kind === 'plt' && !traces.some((trace) => trace.kind === 'veneer')) {
    notes.push(
      'no branch asked for this slot: it is reserved, or holds the copy that a compared duplicate left behind',
    );
  }
  if (earlier > 0 && place.kind !== 'free')
    notes.push(
      `others had this memory before, ${earlier === 1 ? 'once' : `${earlier} times`}: their writes are not listed`,
    );
  if (dropped > 0) notes.push(`${dropped} older writes are not listed`);
  for (const trace of traces) {
    if (trace.kind === 'stray' && trace.event.site === place.address) {
      notes.push(`commit ${trace.cause.commit} left it a stray caller of ${trace.event.key}: it would trap`);
    }
    if (trace.kind === 'orig' && (trace.event.site === place.address || trace.event.orig === place.address)) {
      const { key, orig, site, callee } = trace.event;
      notes.push(
        `commit ${trace.cause.commit}: the first site of ${key}, ${site}, read back ${callee ?? 'no callee'}; the key keeps orig ${orig}`,
      );
    }
  }
  return notes;
}
