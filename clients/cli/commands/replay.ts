/**
 * `veneer replay`: a session file into a new machine. The events are facts, so no module files are needed. A whole file goes
 * to the daemon as it is, which takes it whole or not at all; else its commits are appended, each when its time has come.
 */
import { digestOf } from '../../../daemon/headless/session/digest.ts';
import type { Position } from '../../../protocol/commit.ts';
import { viewFromJson } from '../../../protocol/view/json.ts';
import type { Client } from '../../sdk/types.ts';
import { type Context, withClient } from '../context.ts';
import { EXIT, type ExitCode, refused } from '../failure.ts';
import { counted } from '../format/number.ts';
import { appendSession, whereItStopped } from '../session/append.ts';
import { type Contents, surveyOf } from '../session/contents.ts';
import { sendSession } from '../session/send.ts';

export interface ReplayOptions {
  readonly into?: string;
  readonly resume?: true;
  readonly speed: number;
}

export async function replay(context: Context, file: string, options: ReplayOptions): Promise<ExitCode> {
  const { out } = context;
  const asItIs = options.speed === 0 && options.resume !== true;
  const contents = await surveyOf(context, file, asItIs);
  const name = options.into ?? contents.machine;
  return withClient(context, async (client) => {
    const position = await intoMachine(context, client, name, file, contents, options);
    const { view } = await client.machine(name).view({ at: position.commit });
    const digest = await digestOf(viewFromJson(view));
    const equal = contents.digest === null ? null : digest === contents.digest;
    await out.value({
      machine: name,
      position: { machine: name, ...position },
      digest,
      recorded: contents.digest,
      equal,
    });
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

async function intoMachine(
  context: Context,
  client: Client,
  name: string,
  file: string,
  contents: Contents,
  { resume, speed }: ReplayOptions,
): Promise<Position> {
  const exists = (await client.machines()).some((machine) => machine.name === name);
  if (exists && !resume) {
    throw refused(
      'machine-exists',
      `machine ${name} exists: replay into another with --into NAME, go on with --resume, or remove it first`,
    );
  }
  if (!resume && speed === 0 && contents.digest !== null) return sendSession(context, client, name, file);
  const start = exists ? await whereItStopped(client.machine(name), file) : null;
  return appendSession(context, client.machine(name), file, { start, commits: contents.commits, speed });
}
