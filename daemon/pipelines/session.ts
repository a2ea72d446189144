/**
 * Sessions in and out. A session comes in whole or not at all: its commits are staged in the log as they are checked, and
 * are the machine when the last line was right. The same session sent again is answered as the first time.
 */
import type { Position } from '../../protocol/commit.ts';
import { sessionProfile } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import type { View } from '../../protocol/view/types.ts';
import { checkSession } from '../headless/session/check.ts';
import { digestOf } from '../headless/session/digest.ts';
import { readSession, SessionFault } from '../headless/session/read.ts';
import { openSessionText } from '../headless/session/text.ts';
import { SESSION_BYTES } from '../limits.ts';
import type { Entry, MachineHead, NewEntry, Staging } from '../log/log.ts';
import { decode, encode, readThrough } from './entry.ts';
import type { MachineRuntime, World } from './machine.ts';
import { done, noSuchMachine, type Outcome, type Refusal, refuse, refusedGone } from './outcome.ts';
import { noRoomFor } from './room.ts';
import { VIEW } from './snapshots-parts.ts';

/** Commits that go into or out of the log together, and characters after which no further one joins them. */
const BATCH = 256;
const BATCH_CHARS = 1 << 20;

/** Makes machine `machine.name` of a session file, plain or gzip. */
export async function importSession(
  world: World,
  machine: MachineRuntime,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Outcome<Position>> {
  const full = await noRoomFor(world.log, machine.name);
  if (full !== undefined) return full;
  const staging = world.log.stage(machine.name, world.newEpoch());
  try {
    const staged = await stage(world, machine.name, staging, chunks);
    if (!staged.ok) return staged;
    return await machine.mailbox.post(async () => {
      const { status, epoch } = await staging.publish();
      if (status === 'machine-exists') return taken(machine.name);
      return done({ epoch, commit: staged.value });
    });
  } catch (error) {
    if (!(error instanceof SessionFault)) throw error;
    const where = error.line === 0 ? '' : `line ${error.line}: `;
    return refuse(error.tooLarge ? 'too-large' : 'bad-session', `${where}${error.message}`);
  } finally {
    // What can't be discarded now is swept later; why nothing came of the session counts more.
    await staging.discard().catch(() => undefined);
  }
}

const taken = (name: string) => refuse('machine-exists', `there is a machine called ${name}`);

/** Checks the whole file and stages its commits; how many they are. Throws a SessionFault. */
async function stage(
  world: World,
  name: string,
  staging: Staging,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Outcome<number>> {
  const view = emptyView();
  let batch: NewEntry[] = [];
  let chars = 0;
  // One batch is stored while the next one is checked.
  let storing = Promise.resolve();
  const flush = async (): Promise<void> => {
    await storing;
    storing = staging.append(batch);
    // Whoever awaits it hears of it; until then nobody has to.
    storing.catch(() => undefined);
    batch = [];
    chars = 0;
  };
  for await (const item of checkSession(readSession(chunks, SESSION_BYTES), view)) {
    if (item.kind === 'header') {
      const { from = 1 } = item.header;
      if (from > 1) {
        const advice = 'join it with what comes before it (veneer session merge)';
        throw new SessionFault(item.line, `this is a segment, which begins with commit ${from}: ${advice}`);
      }
    } else if (item.kind === 'commit') {
      const entry = encode(item.commit);
      if (item.commit.number === 1 && (await isTaken(world, name, entry.id))) return taken(name);
      batch.push(entry);
      chars += entry.text.length;
      if (batch.length >= BATCH || chars >= BATCH_CHARS) await flush();
    } else if (item.kind === 'cut-off') {
      throw new SessionFault(item.line, 'expected a footer, the file is cut off');
    }
  }
  if (view.commit === 0) return refuse('bad-session', 'a session without a commit makes no machine');
  await flush();
  await storing;
  return done(view.commit);
}

/** Whether there is a machine of that name that began with another commit: better known before the rest of the file. */
async function isTaken(world: World, name: string, firstId: string): Promise<boolean> {
  const there = await world.log.head(name);
  return there !== undefined && (await world.log.find(name, there.epoch, firstId)) !== 1;
}

/** Attempts at a machine that is trimmed while its export begins. */
const ATTEMPTS = 5;

/** An export that can't go on. */
class ExportEnded extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.error.message);
    this.refusal = refusal;
  }
}

/**
 * The log of a machine up to its head of now as the lines of a session file: a segment, where its beginning was trimmed. The
 * lines end in an error, and without a footer, when the machine is removed, or trimmed beyond them, meanwhile.
 */
export async function exportSession(world: World, name: string): Promise<Outcome<AsyncIterable<string>>> {
  for (let attempt = 1; ; attempt++) {
    const machine = await world.log.head(name);
    if (machine === undefined) return noSuchMachine(name);
    const pieces = piecesOf(world, machine);
    try {
      const { value: first } = await pieces.next();
      return done(startingWith(first ?? '', pieces));
    } catch (error) {
      if (!(error instanceof ExportEnded)) throw error;
      const { refusal } = error;
      if (refusal.error.code !== 'position-trimmed' || attempt === ATTEMPTS) return refusal;
    }
  }
}

async function* startingWith(first: string, rest: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
  yield first;
  yield* rest;
}

async function* piecesOf(world: World, machine: MachineHead): AsyncGenerator<string, void> {
  const { name, epoch, first, head } = machine;
  const view = await viewBefore(world, machine);
  const base = first === 1 ? {} : { from: first, base: await digestOf(view) };
  const text = openSessionText({ machine: name, epoch, ...base }, () => sessionProfile(view));
  let lines: string[] = [];
  let id: string | undefined;
  const add = (entry: Entry): void => {
    fold(view, decode(name, entry));
    lines.push(text.commit(entry.text));
    id = entry.id;
  };
  for (let after = first - 1; after < head; after = view.commit) {
    lines = [];
    const refused = await readThrough(world.log, machine, after, Math.min(head, after + BATCH), add, id);
    if (refused !== undefined) throw new ExportEnded(refused);
    yield lines.join('');
  }
  yield text.end(await digestOf(view));
}

/** The view before the first commit that the log has. */
async function viewBefore(world: World, { name, epoch, first }: MachineHead): Promise<View> {
  if (first === 1) return emptyView();
  const sought = await world.snapshots.seek(name, first - 1, [VIEW] as const);
  if (!sought.ok) throw new ExportEnded(sought);
  if (sought.value.epoch !== epoch)
    throw new ExportEnded(refusedGone(name, { status: 'epoch-changed', epoch: sought.value.epoch }));
  return sought.value.values[0];
}
