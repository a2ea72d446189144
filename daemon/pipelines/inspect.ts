/**
 * Questions about addresses: the nearest snapshot and the commits after it give the state at a position, the ledger names
 * the few commits that wrote there, the blob store gives the files that the answer turns out to need. They take turns, a few
 * may wait, and nothing is kept.
 */
import { setImmediate as breath } from 'node:timers/promises';
import { fromHex } from '../../protocol/address.ts';
import type { Commit, Position } from '../../protocol/commit.ts';
import type { DisassemblyAnswer, TraceAnswer, WhyAnswer } from '../../protocol/inspect.ts';
import { generalDisassembler } from '../disassembler.ts';
import { emptyHistory, type History } from '../kernel/inspect/history.ts';
import { historyOf, type Sources, sourcesOf } from '../kernel/inspect/ledger.ts';
import type { Files } from '../kernel/inspect/memory.ts';
import { type Answered, type Subject, subjectOf } from '../kernel/inspect/subject.ts';
import { disassembly, trace } from '../kernel/inspect/trace.ts';
import { why } from '../kernel/inspect/why.ts';
import type { State } from '../kernel/kernel.ts';
import { INSPECTIONS, WHY_BYTES } from '../limits.ts';
import { decode, readOne } from './entry.ts';
import type { Held } from './kernel-state.ts';
import type { World } from './machine.ts';
import { openMailbox } from './mailbox.ts';
import { done, type Outcome, refuse } from './outcome.ts';
import { LEDGER, STATE } from './snapshots-parts.ts';

export interface Question {
  readonly machine: string;
  /** As 0x and hex digits. */
  readonly address: string;
  /** The newest commit unless told. */
  readonly at?: number | undefined;
}

export interface Inspector {
  why(question: Question): Promise<Outcome<WhyAnswer>>;
  trace(question: Question): Promise<Outcome<TraceAnswer>>;
  disassembly(question: Question, count: number): Promise<Outcome<DisassemblyAnswer>>;
}

/** A trace goes through the site's module and those of its PLT entry, trampoline and function; one more for what that shows. */
const ROUNDS = 8;

/** `held`: the state that a machine's commands go on from, where one is kept. */
export function openInspector(world: World, held: (machine: string) => Held | undefined): Inspector {
  const turns = openMailbox(INSPECTIONS, world.mistake);
  const ask = <T>(
    question: Question,
    needsHistory: boolean,
    answer: (subject: Subject, history: History) => Answered<T>,
  ): Promise<Outcome<T & { readonly position: Position }>> =>
    turns.post(async () => {
      const address = fromHex(question.address);
      if (Number.isNaN(address)) return refuse('bad-command', `${question.address} is no kernel address`);
      const read = needsHistory
        ? await readHistory(world, question, address)
        : await readState(world, question, held(question.machine));
      if (!read.ok) return read;
      const { position, state, history } = read.value;
      const general = await generalDisassembler();
      const files = new Map<string, Uint8Array | undefined>();
      for (let round = 1; ; round++) {
        const subject = subjectOf(state, files as Files, general);
        const answered = answer(subject, history);
        if (subject.memory.missing.size > 0 && round < ROUNDS) {
          for (const sha256 of subject.memory.missing) files.set(sha256, await world.blobs.get(sha256));
          continue;
        }
        return answered.ok ? done({ position, ...answered.value }) : refuse(answered.code, answered.message);
      }
    });
  return {
    why: (question) => ask(question, true, why),
    trace: (question) => ask(question, false, (subject) => trace(subject, fromHex(question.address))),
    disassembly: (question, count) =>
      ask(question, false, (subject) => disassembly(subject, fromHex(question.address), count)),
  };
}

interface Read {
  readonly position: Position;
  readonly state: State;
  readonly history: History;
}

async function readState(
  { snapshots }: World,
  { machine, at }: Question,
  held: Held | undefined,
): Promise<Outcome<Read>> {
  const known = held && { ...held, id: held.id, values: [held.state] as const };
  const sought = await snapshots.seek(machine, at, [STATE] as const, known);
  if (!sought.ok) return sought;
  const { epoch, commit, values } = sought.value;
  // No question of state alone asks for the history of an address.
  return done({ position: { epoch, commit }, state: values[0], history: emptyHistory(Number.NaN) });
}

async function readHistory(world: World, { machine, at }: Question, address: number): Promise<Outcome<Read>> {
  const sought = await world.snapshots.seek(machine, at, [STATE, LEDGER] as const);
  if (!sought.ok) return sought;
  const { epoch, commit, values } = sought.value;
  const [state, ledger] = values;
  let sources = sourcesOf(ledger, state, address);
  const { freed, loaded } = sources.tenant ?? {};
  if (freed && loaded && freed.commit > loaded.commit) {
    // Whose memory it was took its keys along: what changed them is known before that.
    const before = await world.snapshots.seek(machine, freed.commit - 1, [STATE, LEDGER] as const);
    if (before.ok) sources = joined(sources, sourcesOf(before.value.values[1], before.value.values[0], address));
    else if (before.error.code !== 'position-trimmed') return before;
  }
  const commits = await readCommits(world, { name: machine, epoch }, sources.commits);
  if (!commits.ok) return commits;
  const { found, left } = commits.value;
  const history = historyOf(address, state, { ...sources, older: sources.older + left }, found);
  return done({ position: { epoch, commit }, state, history });
}

const joined = (now: Sources, before: Sources): Sources => ({
  ...now,
  commits: [...new Set([...before.commits, ...now.commits])].sort((a, b) => a - b),
  older: before.older,
});

/** The commits of those numbers, oldest first: the newest that WHY_BYTES and the log still hold; `left` are the others. */
async function readCommits(
  { log }: World,
  machine: { readonly name: string; readonly epoch: string },
  numbers: readonly number[],
): Promise<Outcome<{ readonly found: readonly Commit[]; readonly left: number }>> {
  const found: Commit[] = [];
  let bytes = 0;
  for (const number of numbers.toReversed()) {
    if (bytes >= WHY_BYTES) break;
    const entry = await readOne(log, machine.name, machine.epoch, number);
    if (!entry.ok && entry.error.code === 'position-trimmed') break;
    if (!entry.ok) return entry;
    bytes += entry.value.text.length;
    found.push(decode(machine.name, entry.value));
    await breath();
  }
  return done({ found: found.reverse(), left: numbers.length - found.length });
}
