/**
 * Sessions in and out. A session comes in whole or not at all: everything in it is checked, and kept aside, before the
 * machine is made. If the daemon dies in between, the same session sent again goes on where it stopped.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Commit, Position } from '../../protocol/commit.ts';
import { jsonFault } from '../../protocol/json.ts';
import { readSessionLine, SESSION_FORMAT, type SessionHeader } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import type { MachineHead } from '../log/log.ts';
import { decode, encode, readOne, readThrough } from './entry.ts';
import { LineFault, linesOf } from './lines.ts';
import type { MachineRuntime, World } from './machine.ts';
import { done, type Outcome, type Refusal, refuse } from './outcome.ts';
import { appendRecorded, badBeginning, evolveAll } from './recorded.ts';

/** Commits that go into the log together. */
const BATCH = 256;

export interface Checked {
  readonly header: SessionHeader;
  readonly commits: number;
  readonly firstId: string;
}

/** Reads a whole session and checks each line, that the commits fit each other, and the digest at the end. */
export async function checkSession(
  world: World,
  chunks: AsyncIterable<Uint8Array>,
  each: (commit: Commit) => Promise<void>,
): Promise<Outcome<Checked>> {
  let header: SessionHeader | undefined;
  let firstId = '';
  let complete = false;
  let held = { epoch: '', commit: 0, state: world.kernel.initialState() };
  const view = emptyView();
  const ids = new Set<string>();
  let number = 0;
  try {
    for await (const text of linesOf(chunks)) {
      number++;
      const fault = (message: string): Refusal => refuse('bad-session', `line ${number}: ${message}`);
      if (complete) return fault('expected nothing after the footer');
      const hostile = jsonFault(text);
      if (hostile !== undefined) return fault(hostile);
      const line = readSessionLine(number, text);
      switch (line.kind) {
        case 'fault':
          return fault(line.message);
        case 'header':
          header = line.header;
          break;
        case 'commit': {
          const { commit } = line;
          if (ids.has(commit.id)) return fault(`the command id ${commit.id} is there twice`);
          ids.add(commit.id);
          const evolved = evolveAll(world.kernel, held, [commit]);
          if (!evolved.ok) return fault(evolved.error.message);
          held = evolved.value;
          fold(view, commit);
          if (commit.number === 1) {
            firstId = commit.id;
            const bad = badBeginning(commit);
            if (bad !== undefined) return fault(bad);
          }
          await each(commit);
          break;
        }
        case 'footer': {
          if (line.footer.commits !== view.commit) return fault(`${view.commit} commits, not ${line.footer.commits}`);
          const digest = viewDigest(view);
          if (line.footer.digest !== digest)
            return fault(`digest: found ${line.footer.digest}, the commits give ${digest}`);
          complete = true;
        }
      }
    }
  } catch (error) {
    if (error instanceof LineFault) return refuse(error.tooLarge ? 'too-large' : 'bad-session', error.message);
    if (error instanceof RangeError) return refuse('bad-session', `line ${number}: ${error.message}`);
    throw error;
  }
  if (header === undefined) return refuse('bad-session', 'the file is empty');
  if (!complete) return refuse('bad-session', `line ${number + 1}: expected a footer, the file is cut off`);
  if (view.commit === 0) return refuse('bad-session', 'a session without a commit makes no machine');
  return done({ header, commits: view.commit, firstId });
}

/** Makes machine `machine.name` of a session file, plain or gzip. */
export async function importSession(
  world: World,
  machine: MachineRuntime,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Outcome<Position>> {
  const aside = await mkdtemp(join(tmpdir(), 'veneerd-'));
  const path = join(aside, 'session.jsonl');
  try {
    const file = await open(path, 'w');
    let checked: Outcome<Checked>;
    try {
      checked = await checkSession(world, chunks, async (commit) => {
        await file.write(`${encode(commit).text}\n`);
      });
    } finally {
      await file.close();
    }
    if (!checked.ok) return checked;
    const { commits, firstId } = checked.value;
    return await machine.mailbox.post(() => takeIn(world, machine, path, commits, firstId));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function takeIn(
  world: World,
  machine: MachineRuntime,
  path: string,
  commits: number,
  firstId: string,
): Promise<Outcome<Position>> {
  const exists = await world.log.head(machine.name);
  if (exists !== undefined && !(await isBeginning(world, exists, commits, firstId))) {
    return refuse('machine-exists', `there is a machine called ${machine.name}`);
  }
  let position: Position | null = exists === undefined ? null : { epoch: exists.epoch, commit: exists.head };
  let batch: Commit[] = [];
  const flush = async (): Promise<Refusal | undefined> => {
    if (batch.length === 0) return undefined;
    const appended = await appendRecorded(world, machine, position, batch);
    if (!appended.ok) return appended;
    position = appended.value;
    batch = [];
    return undefined;
  };
  const skip = position?.commit ?? 0;
  let refused: Refusal | undefined;
  for await (const text of linesOf(createReadStream(path), Number.POSITIVE_INFINITY)) {
    const commit = JSON.parse(text) as Commit;
    if (commit.number <= skip) continue;
    batch.push(commit);
    if (batch.length >= BATCH) refused = await flush();
    if (refused !== undefined) break;
  }
  refused ??= await flush();
  if (refused === undefined) return position === null ? refuse('bad-session', 'no commit is here') : done(position);
  await undo(world, machine.name, exists);
  return refused;
}

/** Whether a machine is what an import of the same session left behind when it was cut short. */
async function isBeginning(world: World, machine: MachineHead, commits: number, firstId: string): Promise<boolean> {
  if (machine.head > commits || machine.first !== 1) return false;
  const first = await readOne(world.log, machine.name, machine.epoch, 1);
  return first.ok && first.value.id === firstId;
}

async function undo(world: World, name: string, before: MachineHead | undefined): Promise<void> {
  if (before !== undefined) return;
  const made = await world.log.head(name);
  if (made !== undefined) await world.log.remove(name, made.epoch);
}

/** The log of a machine up to its head as the lines of a session file. */
export async function* exportSession(world: World, { name, epoch, head }: MachineHead): AsyncGenerator<string, void> {
  yield `${JSON.stringify({ format: SESSION_FORMAT, machine: name } satisfies SessionHeader)}\n`;
  const view = emptyView();
  for (let after = 0; after < head; ) {
    const texts: string[] = [];
    const upTo = Math.min(head, after + BATCH);
    const refused = await readThrough(world.log, { name, epoch }, after, upTo, (entry) => {
      const commit = decode(name, entry);
      fold(view, commit);
      texts.push(entry.text, '\n');
    });
    if (refused !== undefined) throw new Error(refused.error.message);
    yield texts.join('');
    after = upTo;
  }
  yield `${JSON.stringify({ end: true, commits: head, digest: viewDigest(view) })}\n`;
}
