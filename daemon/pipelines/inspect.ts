/**
 * Questions about addresses: one pass over the log gives state and history, the blob store gives the files that the answer
 * turns out to need. They take turns, a few may wait, and nothing is kept.
 */
import { fromHex } from '../../protocol/address.ts';
import type { Position } from '../../protocol/commit.ts';
import type { DisassemblyAnswer, TraceAnswer, WhyAnswer } from '../../protocol/inspect.ts';
import { generalDisassembler } from '../disassembler.ts';
import { emptyHistory, foldHistory, type History } from '../kernel/inspect/history.ts';
import type { Files } from '../kernel/inspect/memory.ts';
import { type Answered, type Subject, subjectOf } from '../kernel/inspect/subject.ts';
import { disassembly, trace } from '../kernel/inspect/trace.ts';
import { why } from '../kernel/inspect/why.ts';
import type { State } from '../kernel/kernel.ts';
import { INSPECTIONS } from '../limits.ts';
import { decode, readThrough } from './entry.ts';
import { catchUp, type Held } from './kernel-state.ts';
import type { World } from './machine.ts';
import { openMailbox } from './mailbox.ts';
import { done, noSuchMachine, type Outcome, refuse, refusedRead } from './outcome.ts';

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
      const read = await readLog(world, question, address, needsHistory ? undefined : { held: held(question.machine) });
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

async function readLog(
  { log, kernel }: World,
  { machine, at }: Question,
  address: number,
  stateAlone: { readonly held: Held | undefined } | undefined,
): Promise<Outcome<Read>> {
  const history = emptyHistory(address);
  if (at === undefined && stateAlone) {
    const newest = await catchUp(log, kernel, machine, stateAlone.held);
    if (!newest.ok) return newest;
    const { epoch, commit, state } = newest.value;
    return done({ position: { epoch, commit }, state, history });
  }
  const head = await log.head(machine);
  if (head === undefined) return noSuchMachine(machine);
  const upTo = at ?? head.head;
  if (upTo > head.head) return refusedRead(machine, upTo, { status: 'beyond-head', head: head.head });
  let state = kernel.initialState();
  const refused = await readThrough(log, head, 0, upTo, (entry) => {
    const commit = decode(machine, entry);
    for (const event of commit.events) state = kernel.evolve(state, event);
    foldHistory(history, commit);
  });
  return refused ?? done({ position: { epoch: head.epoch, commit: upTo }, state, history });
}
