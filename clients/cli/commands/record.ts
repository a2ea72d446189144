/**
 * `veneer record`: a machine's log as a session file, whole and followed until Ctrl-C. Of a machine whose oldest commits were
 * trimmed it makes a segment. An interrupted recording goes on where it stopped.
 */
import { readSession as readItems } from '../../../daemon/headless/session/read.ts';
import type { Position } from '../../../protocol/commit.ts';
import type { SessionHeader } from '../../../protocol/session.ts';
import { emptyView } from '../../../protocol/view/fold.ts';
import { viewFromJson } from '../../../protocol/view/json.ts';
import type { View } from '../../../protocol/view/types.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import { type Context, following, theMachine } from '../context.ts';
import { refused, usage } from '../failure.ts';
import { until } from '../following.ts';
import { counted } from '../format/number.ts';
import { progress } from '../progress.ts';
import { readSession, type SessionWriter, writeSession } from '../session-file.ts';

export interface RecordOptions {
  readonly untilLive?: true;
  readonly resume?: true;
  readonly force?: true;
  readonly about?: string;
}

/** A recording that is killed loses no more than the last so many milliseconds. */
const FLUSH_MS = 1000;

export async function record(context: Context, file: string, options: RecordOptions): Promise<void> {
  const { out } = context;
  const signal = context.interruption();
  await following(context, async (client) => {
    const machine = await theMachine(context, client);
    const { position: newest } = await machine.summary();
    const session = options.resume
      ? await resumed(file, options, machine, newest)
      : await begun(file, options, machine, newest);
    const from = { epoch: newest.epoch, commit: session.view.commit };
    const bar = progress(newest.commit, 'commits');
    const flushing = setInterval(() => session.flush(), FLUSH_MS);
    let live = false;
    try {
      for await (const item of until(signal, machine.commits({ from }))) {
        if (item.kind === 'commit') {
          await session.commit(item.commit);
          if (!live) bar.update(item.commit.number, '');
          continue;
        }
        bar.stop();
        if (options.untilLive) break;
        if (!live) out.note(`recording ${machine.name}, Ctrl-C ends`);
        live = true;
      }
    } finally {
      clearInterval(flushing);
      bar.stop();
      const footer = await session.finish();
      await out.value({ file, machine: machine.name, commits: footer.commits, digest: footer.digest });
      out.print(`${file}: ${counted(footer.commits, 'commit')}, digest ${footer.digest}`);
    }
  });
}

/** Attempts at a machine that is trimmed while its recording begins. */
const ATTEMPTS = 5;

async function begun(
  file: string,
  { force, about }: RecordOptions,
  machine: MachineHandle,
  { epoch }: Position,
): Promise<SessionWriter> {
  for (let attempt = 1; ; attempt++) {
    const { from = 1, base } = await headerOf(machine);
    const start = {
      machine: machine.name,
      epoch,
      from,
      ...(about !== undefined && { about }),
      ...(base !== undefined && { base }),
    };
    try {
      const view = from === 1 ? emptyView() : await viewAfter(machine, from - 1);
      const session = await writeSession(file, start, { overwrite: force === true, view });
      await session.show();
      return session;
    } catch (error) {
      const trimmed = error instanceof ClientError && error.code === 'position-trimmed';
      if (!trimmed || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The header that the daemon's own export has: it knows what was trimmed. */
async function headerOf(machine: MachineHandle): Promise<SessionHeader> {
  for await (const item of readItems(await machine.exportSession())) {
    if (item.kind === 'header') return item.header;
  }
  throw refused('bad-answer', `the daemon's export of ${machine.name} has no header`);
}

/** The recording in `file` up to its last whole commit, to be followed from there. */
async function resumed(
  file: string,
  { about }: RecordOptions,
  machine: MachineHandle,
  { epoch }: Position,
): Promise<SessionWriter> {
  if (about !== undefined) throw usage('--about stands in the header, which --resume leaves as it is');
  let session: SessionWriter | undefined;
  let last = 0;
  try {
    for await (const item of readSession(file)) {
      if (item.kind === 'header') {
        checkSource(file, item.header, machine.name, epoch);
        session = await writeSession(file, item.header, { overwrite: true, profile: item.header.profile });
        last = (item.header.from ?? 1) - 1;
      } else if (item.kind === 'commit') {
        await session?.copy(item.text);
        last = item.commit.number;
      }
    }
    if (session === undefined) throw usage(`${file} has no header`);
    session.goOn(last === 0 ? emptyView() : await viewAfter(machine, last));
    await session.show();
    return session;
  } catch (error) {
    await session?.discard();
    throw error;
  }
}

function checkSource(file: string, header: SessionHeader, machine: string, epoch: string): void {
  if (header.machine === machine && header.epoch === epoch) return;
  const from = `${header.machine} at ${header.epoch ?? 'an epoch that it does not name'}`;
  throw usage(`${file} was recorded from ${from}, ${machine} is at ${epoch}: it can't go on`);
}

async function viewAfter(machine: MachineHandle, commit: number): Promise<View> {
  return viewFromJson((await machine.view({ at: commit })).view);
}
