/**
 * `trace SITE`: executes a call on live memory, hop by hop, to where it arrives.
 * The architecture's own model of a call's route executes; what it fetched and read tells the way.
 */
import { toHex } from '../../../protocol/address.ts';
import type { TraceAnswer, Unplaced } from '../../../protocol/inspect.ts';
import { arm64StaticCalls } from '../arch/arm64/static-call.ts';
import { type Code, type KeyFacts, longAt, type StaticCallArch } from '../arch/static-call.ts';
import { x86StaticCalls } from '../arch/x86-64/static-call.ts';
import type { State } from '../state.ts';
import { sectionAt } from './memory.ts';
import { siteAt } from './place.ts';
import { type Answered, instructionsOf, noAnswer, type Subject, unknownNotes } from './subject.ts';

const LONG = 8;
/** Instructions shown of the place where a call arrives. */
const ARRIVAL = 4;
const NO_KEY: KeyFacts = { address: Number.NaN, func: 0, tramp: Number.NaN, literal: undefined, orig: undefined };

type Hop = TraceAnswer['hops'][number];

export function trace(subject: Subject, address: number): Answered<Unplaced<TraceAnswer>> {
  const { state, memory, name } = subject;
  const calls = state.staticCalls;
  const arch = calls?.arch ?? plainArch(state);
  if (!arch) return noAnswer('no-such-machine', 'the machine is not booted');
  const site = siteAt(state, address);
  const from = site?.site.address ?? address;
  const way = (at: number) => at === from || waypoint(subject, at) !== undefined;
  const fetched: number[] = [];
  const reads = new Map<number, Code>();
  const insnSize = arch.granule === 0 ? arch.siteSize : arch.granule;
  const read = (at: number, size: number): Code | undefined => {
    if (size === LONG && arch.granule !== 0) {
      const value = memory.read(at, size);
      if (value !== undefined) reads.set(at, value);
      return value;
    }
    // Beyond the places that pass a call on, it has arrived.
    const inside = fetched.length > 0 && arch.granule !== 0 && at === (fetched.at(-1) ?? 0) + insnSize;
    if (!inside && !way(at)) return undefined;
    const code = memory.read(at, size);
    if (code !== undefined) fetched.push(at);
    return code;
  };
  const key = site && calls?.keys.get(site.key);
  if (memory.read(from, 1) === undefined && memory.read(from, insnSize) === undefined) return noBytes(subject, from);
  if (!site && !waypoint(subject, from) && arch.destination(from, memory.read(from, insnSize) ?? '') === undefined) {
    const [here] = instructionsOf(subject, from, memory.read(from, 16) ?? '', 1);
    return noAnswer(
      'bad-command',
      `${toHex(from)} holds ${here?.text ?? 'nothing'}, expected a static-call site, a branch, a PLT entry or a trampoline`,
    );
  }
  const route = arch.route(from, key ?? keyAt(state, from) ?? NO_KEY, read);
  const hops = hopsOf(subject, from, fetched, reads, new Set(route.branches), insnSize);
  const end = route.end === undefined ? null : arrival(subject, route.end);
  const callee = key && arch.callee(key);
  // x86-64 makes a call of __static_call_return0 an instruction that clears the result.
  const expected = arch.granule === 0 && route.class === 'none' ? undefined : callee;
  return {
    ok: true,
    value: {
      from: toHex(from),
      symbol: name(from),
      key: site?.key ?? null,
      hops,
      branches: route.branches.length,
      class: route.class,
      end,
      ...(key && {
        expected: expected === undefined ? null : toHex(expected),
        arrives: route.end === expected,
      }),
      notes: unknownNotes(subject),
    },
  };
}

/** The key of a trampoline that a trace begins in. */
function keyAt({ staticCalls }: State, address: number): KeyFacts | undefined {
  const name = staticCalls?.byTramp.get(address);
  return name === undefined ? undefined : staticCalls?.keys.get(name);
}

/** The architecture's branches, on a machine that names no static calls. */
function plainArch({ profile }: State): StaticCallArch | undefined {
  if (!profile) return undefined;
  return profile.arch === 'arm64'
    ? arm64StaticCalls('out-of-line', { orig: true, return0: undefined })
    : x86StaticCalls('out-of-line', profile);
}

/** The kind of place that passes a call on. */
function waypoint({ state, memory }: Subject, address: number): 'plt' | 'trampoline' | undefined {
  const calls = state.staticCalls;
  if (calls) {
    for (let at = 0; at < calls.arch.trampSize; at++) if (calls.byTramp.has(address - at)) return 'trampoline';
  }
  const module = memory.moduleAt(address);
  const section = module && sectionAt(module, address);
  return section?.name === '.plt' || section?.name === '.init.plt' ? 'plt' : undefined;
}

function noBytes(subject: Subject, address: number): Answered<never> {
  const module = subject.memory.moduleAt(address);
  if (module && subject.memory.unknown.has(module.name)) {
    return noAnswer('no-such-blob', `${toHex(address)} is in ${module.name}: ${unknownNotes(subject).join('; ')}`);
  }
  return noAnswer('not-found', `no code that is known stands at ${toHex(address)}`);
}

function hopsOf(
  subject: Subject,
  from: number,
  fetched: readonly number[],
  reads: ReadonlyMap<number, Code>,
  branches: ReadonlySet<number>,
  insnSize: number,
): Hop[] {
  const hops: Hop[] = [];
  let fresh = true;
  for (const at of fetched) {
    if (fresh)
      hops.push({
        place: at === from && siteOrBranch(subject, at) ? 'site' : (waypoint(subject, at) ?? 'text'),
        instructions: [],
        reads: [],
      });
    const hop = hops.at(-1);
    hop?.instructions.push(...instructionsOf(subject, at, subject.memory.read(at, insnSize) ?? '', 1));
    fresh = branches.has(at);
  }
  // A trampoline or a PLT entry reads at most one word, and the last hop that loads is the one that read it.
  for (const [at, code] of reads) {
    const hop = hops.findLast(({ instructions }) => instructions.some(({ text }) => text.startsWith('ldr')));
    hop?.reads.push({ address: toHex(at), value: toHex(longAt(code)) });
  }
  return hops;
}

const siteOrBranch = (subject: Subject, at: number): boolean => waypoint(subject, at) === undefined;

function arrival(subject: Subject, end: number): TraceAnswer['end'] {
  const code = subject.memory.read(end, ARRIVAL * 15);
  return {
    address: toHex(end),
    symbol: subject.name(end),
    instructions: code === undefined ? [] : instructionsOf(subject, end, code, ARRIVAL),
  };
}

/** The instructions from `address` on, up to the end of its section. */
export function disassembly(subject: Subject, address: number, count: number) {
  const code = codeFrom(subject, address, count);
  if (code === undefined) return noBytes(subject, address);
  return {
    ok: true,
    value: {
      address: toHex(address),
      instructions: instructionsOf(subject, address, code, count),
      notes: unknownNotes(subject),
    },
  } as const;
}

/** The longest instruction of x86-64. */
const LONGEST = 15;

function codeFrom({ arch, memory, state }: Subject, address: number, count: number): Code | undefined {
  if (memory.segmentAt(address)) return memory.read(address, count * (arch === 'arm64' ? 4 : LONGEST));
  const calls = state.staticCalls;
  if (!calls) return undefined;
  if (calls.arch.granule === 0) return memory.read(address, calls.arch.siteSize);
  let code = '';
  for (let at = 0; at < count; at++) {
    const word = memory.read(address + at * 4, 4);
    if (word === undefined) break;
    code += word;
  }
  return code === '' ? undefined : code;
}
