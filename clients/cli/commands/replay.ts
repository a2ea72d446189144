/** `veneer replay`: a session file into a new machine. The events are facts, so no module files are needed. */
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Commit, Position } from '../../../protocol/commit.ts';
import { viewDigest, viewFromJson } from '../../../protocol/view/json.ts';
import type { Client } from '../../sdk/types.ts';
import { type Context, withClient } from '../context.ts';
import { EXIT, type ExitCode, refused } from '../failure.ts';
import { counted } from '../format/number.ts';
import { progress } from '../progress.ts';
import { readSession } from '../session-file.ts';

export interface ReplayOptions {
  readonly into?: string;
  readonly speed: number;
}

interface Contents {
  readonly machine: string;
  readonly commits: number;
  /** Null where the file was cut off. */
  readonly digest: string | null;
}

export async function replay(context: Context, file: string, options: ReplayOptions): Promise<ExitCode> {
  const { out } = context;
  const contents = await survey(file);
  const name = options.into ?? contents.machine;
  return withClient(context, async (client) => {
    if ((await client.machines()).some((machine) => machine.name === name)) {
      throw refused(
        'machine-exists',
        `machine ${name} exists: replay into another with --into NAME, or remove it first`,
      );
    }
    const whole = contents.digest !== null && options.speed === 0;
    const position = whole
      ? (await client.importSession(name, createReadStream(file))).position
      : await append(context, client, name, file, contents, options.speed);
    const { view } = await client.machine(name).view({ at: position.commit });
    const digest = viewDigest(viewFromJson(view));
    const equal = contents.digest === null ? null : digest === contents.digest;
    await out.value({ machine: name, position, digest, recorded: contents.digest, equal });
    out.print(`${name}: ${counted(position.commit, 'commit')}`, `digest ${digest}`);
    if (equal) {
      out.print(out.paint.green('equal to the recorded one'));
      return EXIT.ok;
    }
    out.error(
      equal === null
        ? `${file} was cut off after commit ${contents.commits}: it has no footer, so no digest to compare with`
        : `differs from the recorded digest ${String(contents.digest)}`,
    );
    return EXIT.refused;
  });
}

/** Reads the whole file once, so that nothing is replayed of one that is damaged. */
async function survey(file: string): Promise<Contents> {
  let machine = '';
  let commits = 0;
  let digest: string | null = null;
  for await (const item of readSession(file)) {
    if (item.kind === 'header') machine = item.header.machine;
    if (item.kind === 'commit') commits++;
    if (item.kind === 'footer') digest = item.footer.digest;
  }
  if (commits === 0) throw refused('bad-session', `${file} holds no commits: there is nothing to replay`);
  return { machine, commits, digest };
}

const BATCH = 64;

/** Appends commit by commit, each when its time has come; `speed` 0 does not wait. */
async function append(
  context: Context,
  client: Client,
  name: string,
  file: string,
  contents: Contents,
  speed: number,
): Promise<Position> {
  const signal = context.interruption();
  const machine = client.machine(name);
  const bar = progress(contents.commits, 'commits');
  let position: Position | null = null;
  let batch: Commit[] = [];
  let time: number | undefined;
  const flush = async (): Promise<void> => {
    if (batch.length > 0) position = (await machine.append(position, batch)).position;
    batch = [];
    bar.update(position?.commit ?? 0, '');
  };
  try {
    for await (const item of readSession(file)) {
      if (item.kind !== 'commit') continue;
      const wait: number = speed === 0 || time === undefined ? 0 : (item.commit.time - time) / speed;
      if (wait > 0) {
        await flush();
        await sleep(wait, undefined, { signal });
      }
      time = item.commit.time;
      batch.push(item.commit);
      if (batch.length >= BATCH) await flush();
      signal.throwIfAborted();
    }
    await flush();
  } catch (error) {
    if (signal.aborted) {
      throw refused(
        'interrupted',
        `stopped: machine ${name} holds ${counted(heldBy(position), 'commit')} of ${contents.commits}`,
      );
    }
    throw error;
  } finally {
    bar.stop();
  }
  if (position === null) throw refused('bad-session', `${file} holds no commits`);
  return position;
}

const heldBy = (position: Position | null): number => position?.commit ?? 0;
