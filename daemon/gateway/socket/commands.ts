/** The commands of one connection: so many at a time, each answered once, and the answers in bounds. */

import { type WireError, wireError } from '../../../protocol/errors.ts';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.ts';
import { COMMANDS, COMMANDS_BYTES } from '../../limits.ts';
import type { Answer } from '../../pipelines/command.ts';
import type { Outcome } from '../../pipelines/outcome.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import { notAllowed } from '../auth/authorize.ts';
import type { Role } from '../auth/roles.ts';
import type { Intake } from './intake.ts';
import type { Outbox } from './outbox.ts';
import type { InTurn } from './turns.ts';

type CommandFrame = Extract<ClientFrame, { type: 'command' }>;

export interface Commands {
  /** `bytes`: length of the frame. */
  take(frame: CommandFrame, bytes: number): void;
}

/** What a connection needs to have its commands done. */
interface Means {
  readonly role: Role;
  readonly intake: Intake;
  readonly outbox: Outbox;
  readonly inTurn: InTurn;
  /** Machines that it may boot. */
  readonly machines: number;
  /** Aborts when the connection is gone. */
  readonly gone: AbortSignal;
}

export function openCommands(runtime: Runtime, { role, intake, outbox, inTurn, machines, gone }: Means): Commands {
  /** Those without an answer, and their bytes. */
  let waiting = 0;
  let waitingBytes = 0;
  /** Machines that were booted, or are about to be. */
  let booted = 0;

  function refusal(isBoot: boolean): WireError | undefined {
    const denied = notAllowed(role, 'operate');
    if (denied !== undefined) return denied;
    if (waiting > COMMANDS) {
      return wireError('too-busy', `a connection has at most ${COMMANDS} commands without an answer`);
    }
    return isBoot && booted >= machines
      ? wireError('too-busy', `a connection boots at most ${machines} machines`)
      : undefined;
  }

  const ask = ({ id, machine, command, expected }: CommandFrame): Promise<Outcome<Answer>> =>
    runtime.command(machine, { id, command, expected });

  async function outcomeOf(frame: CommandFrame): Promise<Outcome<Answer> | undefined> {
    const isBoot = frame.command.type === 'boot';
    const refused = refusal(isBoot);
    if (refused !== undefined) return { ok: false, error: refused };
    if (isBoot) booted++;
    const outcome = await ask(frame);
    if (isBoot && (!outcome.ok || outcome.value.repeated)) booted--;
    // The log has the answer to what was done before: it need not wait here until there is room for it.
    return outcome.ok && outcome.value.repeated && outbox.full() ? inTurn(gone, () => ask(frame)) : outcome;
  }

  function answer({ id, machine }: CommandFrame, outcome: Outcome<Answer>, sent: () => void): void {
    if (!outcome.ok) {
      const frame: ServerFrame = { type: 'error', id, machine, error: outcome.error };
      outbox.send(JSON.stringify(frame), sent);
      return;
    }
    const { epoch, number, repeated, text } = outcome.value;
    const head = { type: 'result', id, machine, position: { epoch, commit: number }, repeated };
    outbox.send(`${JSON.stringify(head).slice(0, -1)},"commit":${text}}`, sent);
  }

  async function run(frame: CommandFrame, bytes: number): Promise<void> {
    waiting++;
    waitingBytes += bytes;
    if (waitingBytes > COMMANDS_BYTES) intake.hold('commands');
    const outcome = await outcomeOf(frame);
    if (outcome === undefined) return;
    answer(frame, outcome, () => {
      waiting--;
      waitingBytes -= bytes;
      if (waitingBytes <= COMMANDS_BYTES) intake.release('commands');
    });
  }

  return { take: (frame, bytes) => void run(frame, bytes) };
}
