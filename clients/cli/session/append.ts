/** The commits of a session file into a machine, each when its time has come; from where an earlier replay stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit, Position } from '../../../protocol/commit.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import type { Context } from '../context.ts';
import { refused } from '../failure.ts';
import { counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { progress } from '../progress.ts';
import { readSession } from '../session-file.ts';
import { patiently } from './patience.ts';

export interface AppendOptions {
  /** Where the machine is; null makes it. */
  readonly start: Position | null;
  /** How many the file holds. */
  readonly commits: number;
  /** The recorded intervals are divided by it; 0 does not wait. */
  readonly speed: number;
}

const BATCH = 64;
const BATCH_CHARS = 8 << 20;

export async function appendSession(
  context: Context,
  machine: MachineHandle,
  file: string,
  { start, commits, speed }: AppendOptions,
): Promise<Position> {
  const { out, interruption } = context;
  const signal = interruption();
  const bar = progress(commits, 'commits');
  let position = start;
  let batch: Commit[] = [];
  let chars = 0;
  let time: number | undefined;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const again = (error: Error): void => out.note(plain(`${error.message}; trying again`));
    position = (await patiently(signal, again, () => machine.append(position, batch))).position;
    batch = [];
    chars = 0;
    bar.update(position.commit, '');
  };
  try {
    for await (const item of readSession(file)) {
      if (item.kind !== 'commit' || item.commit.number <= (start?.commit ?? 0)) continue;
      const wait = speed === 0 || time === undefined ? 0 : (item.commit.time - time) / speed;
      if (wait > 0) {
        await flush();
        await sleep(wait, undefined, { signal });
      }
      time = item.commit.time;
      batch.push(item.commit);
      chars += item.text.length;
      if (batch.length >= BATCH || chars >= BATCH_CHARS) await flush();
      signal.throwIfAborted();
    }
    await flush();
  } catch (error) {
    if (!signal.aborted) throw error;
    const held = counted(position?.commit ?? 0, 'commit');
    throw refused('interrupted', `stopped: machine ${machine.name} holds ${held} of ${commits}; go on with --resume`);
  } finally {
    bar.stop();
  }
  if (position === null) throw refused('bad-session', `${file} holds no commits`);
  return position;
}

/** The position of a machine that is a beginning of the file; refused of any other. */
export async function whereItStopped(machine: MachineHandle, file: string): Promise<Position> {
  const { position } = await machine.summary();
  const newest = await commitAt(machine, position);
  for await (const item of readSession(file)) {
    if (item.kind !== 'commit' || item.commit.number < position.commit) continue;
    if (item.commit.id === newest.id) return position;
    break;
  }
  throw refused(
    'machine-exists',
    `machine ${machine.name} is no beginning of ${file}: replay into another with --into NAME`,
  );
}

async function commitAt(machine: MachineHandle, { epoch, commit }: Position): Promise<Commit> {
  for await (const item of machine.commits({ from: { epoch, commit: commit - 1 } })) {
    if (item.kind === 'commit') return item.commit;
  }
  throw refused('no-such-machine', `machine ${machine.name} was removed meanwhile`);
}
