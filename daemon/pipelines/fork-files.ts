/** The module files that a fork takes: asked for before anything is decided, and every one that is missing is named. */
import type { Command } from '../../protocol/commands.ts';
import type { ForkChanges, ForkOrigin, LoadedFile } from '../../protocol/fork.ts';
import { bootFork } from '../kernel/fork/changes.ts';
import { notDecided, openPlanner } from '../kernel/fork/plan.ts';
import { LOG_FILES } from '../limits.ts';
import { Stopped, walk } from './fork-walk.ts';
import type { World } from './machine.ts';
import { done, type Outcome, type Refusal, refuse } from './outcome.ts';

/** Missing files that an error names; GET /machines/:name/files names all. */
const NAMED = 8;

interface Named {
  file: string | undefined;
  loads: number;
}

/** Notes that a file is named, and throws beyond the bound. */
function note(files: Map<string, Named>, sha256: string, file: string | undefined): void {
  const known = files.get(sha256);
  if (known) {
    known.loads++;
    known.file ??= file;
    return;
  }
  if (files.size >= LOG_FILES) throw new Stopped(refuse('too-large', `more than ${LOG_FILES} module files are named`));
  files.set(sha256, { file, loads: 1 });
}

/** Why there can be no such fork, as far as the commits alone tell; nothing is decided for it. */
export async function forkFault(
  world: World,
  from: ForkOrigin,
  changes: ForkChanges,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  if (Object.keys(changes).length === 0) return undefined;
  const planner = openPlanner(changes);
  const files = new Map<string, Named>();
  const added = new Map(changes.with?.map(({ blob, file }) => [blob, file]));
  const refused = await walk(world, from, signal, async (commit) => {
    const plan = planner.at(commit);
    const { command } = commit;
    const fault = plan.does === 'copy' ? undefined : (notDecided(commit) ?? bootFault(command, changes));
    if (fault !== undefined) throw new Stopped(refuse('bad-command', `${from.machine}: ${fault}`));
    for (const sha256 of plan.needs) {
      const own = command.type === 'load' && command.blob === sha256 ? command.file : undefined;
      note(files, sha256, own ?? added.get(sha256));
    }
  });
  if (refused !== undefined) return refused;
  for (const { load } of planner.rest()) note(files, load.blob, load.file);
  const unmet = planner.unmet();
  if (unmet !== undefined) return refuse('no-such-module', `${from.machine}: ${unmet}`);
  const missing: string[] = [];
  for (const [sha256, { file }] of files) {
    if (!(await world.blobs.has(sha256))) missing.push(`${file ?? 'a module'} (sha256 ${sha256})`);
  }
  if (missing.length === 0) return undefined;
  const more = missing.length > NAMED ? `, and ${missing.length - NAMED} more` : '';
  return refuse(
    'no-such-blob',
    `${missing.length} of the ${files.size} module files that the fork takes are not stored: ${missing.slice(0, NAMED).join(', ')}${more}`,
  );
}

function bootFault(command: Command, changes: ForkChanges): string | undefined {
  if (command.type !== 'boot') return undefined;
  const booted = bootFork(command, changes);
  return booted.ok ? undefined : booted.message;
}

/** Every module file that the commands up to a position name, in order of its first load. */
export async function loadedFiles(
  world: World,
  from: ForkOrigin,
  signal: AbortSignal,
): Promise<Outcome<readonly LoadedFile[]>> {
  const files = new Map<string, Named>();
  const refused = await walk(world, from, signal, async ({ command }) => {
    if (command.type === 'load') note(files, command.blob, command.file);
  });
  if (refused !== undefined) return refused;
  const all: LoadedFile[] = [];
  for (const [sha256, { file, loads }] of files) {
    all.push({ sha256, file: file ?? null, loads, stored: await world.blobs.has(sha256) });
  }
  return done(all);
}
