/** The commits of a session file, or those that the steps of a scenario come to, as a stream that can be read again. */
import { open, readFile } from 'node:fs/promises';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import type { Event } from '../../protocol/events/index.ts';
import { SESSION_FORMAT } from '../../protocol/session.ts';
import { decide, initialState } from '../kernel/kernel.ts';
import { fileWords } from './file-words.ts';
import type { Modules } from './modules.ts';
import { RunError } from './run-error.ts';
import { commandOf, readScenario } from './scenario.ts';
import { bytesOf } from './session/file.ts';
import { readSession, SessionFault } from './session/read.ts';

export interface Recorded {
  /** From the first commit on. Throws a RunError where the file makes no sense. */
  commits(): AsyncIterable<Commit>;
}

/** A session is told from a scenario by how it begins. Rejects with RunError. */
export async function openRecorded(file: string, modules: Modules): Promise<Recorded> {
  if (await isSession(file).catch(failed(file))) return { commits: () => sessionCommits(file) };
  const commits = await scenarioCommits(file, modules);
  return {
    async *commits() {
      yield* commits;
    },
  };
}

/** The commits of a session file, plain or gzip, up to where it was cut off. Throws a RunError. */
export async function* sessionCommits(file: string): AsyncGenerator<Commit, void> {
  try {
    for await (const item of readSession(bytesOf(file))) {
      if (item.kind === 'header' && (item.header.from ?? 1) > 1) {
        throw new RunError(
          `${file}: begins with commit ${item.header.from}, expected a session from its first commit on`,
        );
      }
      if (item.kind === 'commit') yield item.commit;
    }
  } catch (error) {
    if (error instanceof SessionFault)
      throw new RunError(`${file}${error.line > 0 ? `:${error.line}` : ''}: ${error.message}`);
    return failed(file)(error);
  }
}

const failed =
  (file: string) =>
  (error: unknown): never => {
    throw new RunError(`${file}: ${fileWords(error)}`);
  };

const GZIP = [0x1f, 0x8b] as const;

async function isSession(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const start = Buffer.alloc(256);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    const [first = ''] = start.toString('utf8', 0, bytesRead).split('\n');
    return GZIP.every((byte, at) => start[at] === byte) || first.includes(SESSION_FORMAT.split('@')[0] ?? '');
  } finally {
    await handle.close();
  }
}

/** What the scenario comes to on its own machine: a step that makes no sense there says so. */
async function scenarioCommits(file: string, modules: Modules): Promise<readonly Commit[]> {
  const scenario = readScenario(await readFile(file, 'utf8').catch(failed(file)));
  if (!scenario.ok) throw new RunError(`${file}: expected a session or a scenario: ${scenario.message}`);
  const { machine, steps } = scenario.value;
  const commits: Commit[] = [];
  let state = initialState();
  const take = (command: Command): void => {
    const decision = decide(state, command, modules.blobs);
    if (!decision.ok && command.type === 'boot') throw new RunError(`${file}: machine: ${decision.message}`);
    const { code, message } = decision.ok ? { code: '', message: '' } : decision;
    const events: Event[] = decision.ok ? [...decision.events] : [{ type: 'CommandRefused', code, message }];
    if (decision.ok) state = decision.state;
    const number = commits.length + 1;
    commits.push({ v: COMMIT_VERSION, number, time: 0, id: `step-${number}`, command, events });
  };
  take({ type: 'boot', profile: machine });
  for (const step of steps) {
    const blob = step.op === 'load' ? (await modules.read(step.module)).sha256 : '';
    take(commandOf(step, () => blob));
  }
  return commits;
}
