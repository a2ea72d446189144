/**
 * Retention: keeps the newest commits of every machine and trims the older ones, after they were archived. Each step can be
 * repeated: a segment that is there is not written again, and a machine that another daemon has trimmed meanwhile is left
 * to it. What a pass does not finish, the next one does.
 */
import { setImmediate as breath, setTimeout as sleep } from 'node:timers/promises';
import type { View } from '../../protocol/view/types.ts';
import { digestOf } from '../headless/session/digest.ts';
import type { MachineHead } from '../log/log.ts';
import { decode, readThrough } from './entry.ts';
import type { World } from './machine.ts';
import { createSegment, knownSegment, openArchive } from './retention-archive.ts';
import { snapshotOf } from './snapshots.ts';
import { PARTS } from './snapshots-parts.ts';
import { foldAll } from './snapshots-seek.ts';

export interface Retention {
  /** Commits of each machine that stay, at least. */
  readonly commits: number;
  /** The folder of the archive; null: what is trimmed is gone. */
  readonly archive: string | null;
}

/** What was trimmed: commits `from` to `to`, which are in the file `archived` now. */
export interface Trim {
  readonly machine: string;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly archived: string | null;
}

export interface RetentionEvents {
  readonly trimmed: (trim: Trim) => void;
  /** What could not be done now, and is tried again. */
  readonly failed: (error: unknown) => void;
}

/** Milliseconds between two passes over all machines, about. */
const EVERY_MS = 10_000;
/** A machine is trimmed when so much more than what stays is there: files of the archive are not to be tiny. */
const SLACK = 0.1;
/** Commits between two breaths for others. */
const STRETCH = 16;
/** Commits in one segment. */
const SEGMENT_COMMITS = 50_000;

/** Trims all machines again and again until the answer is called. Throws when the archive's folder can't be used. */
export async function startRetention(
  world: World,
  retention: Retention,
  { trimmed, failed }: RetentionEvents,
): Promise<() => Promise<void>> {
  if (retention.archive !== null) await openArchive(retention.archive);
  const stop = new AbortController();
  const { signal } = stop;

  async function pass(): Promise<void> {
    for (const { name } of (await world.log.list()).machines) {
      try {
        for await (const trim of trimMachine(world, name, retention, signal)) trimmed(trim);
      } catch (error) {
        if (signal.aborted) return;
        failed(error);
      }
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await pass().catch(failed);
      // Daemons that start together should not go on together.
      await sleep(EVERY_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }

  const running = run();
  return async () => {
    stop.abort();
    await running;
  };
}

/** Trims one machine as far as it has to be, segment by segment. */
export async function* trimMachine(
  world: World,
  name: string,
  retention: Retention,
  signal: AbortSignal,
): AsyncGenerator<Trim, void> {
  while (!signal.aborted) {
    const machine = await world.log.head(name);
    const last = machine && lastToGo(machine, retention);
    if (machine === undefined || last === undefined) return;
    const settled = await settle(world, machine, last, retention.archive, signal);
    if (settled === undefined) return;
    const { epoch, first } = machine;
    const result = await world.log.trim(name, epoch, settled.to);
    if (result.status !== 'trimmed') return;
    yield { machine: name, epoch, from: first, ...settled };
  }
}

function lastToGo({ first, head }: MachineHead, { commits }: Retention): number | undefined {
  const last = head - commits;
  const going = last - first + 1;
  if (going < Math.max(1, commits * SLACK)) return undefined;
  return Math.min(last, first - 1 + SEGMENT_COMMITS);
}

type Settled = { readonly to: number; readonly archived: string | null };

/**
 * Brings what goes into the archive, and the state after it into the log; undefined when another daemon has trimmed the
 * machine, or somebody removed it, meanwhile.
 */
async function settle(
  world: World,
  machine: MachineHead,
  last: number,
  folder: string | null,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  const { log, snapshots } = world;
  const { name, epoch, first } = machine;
  const known = folder === null ? undefined : await knownSegment(log, folder, machine, last);
  const to = known?.to ?? last;
  const base = await snapshots.seek(name, first - 1, PARTS);
  if (!base.ok || base.value.epoch !== epoch) return undefined;
  // Not a copy: who keeps an older state beside a newer one keeps all that came between.
  const values = base.value.values as unknown as [View, ...unknown[]];
  const segment =
    folder === null || known !== undefined ? undefined : await createSegment(folder, machine, to, values[0]);
  try {
    let id = '';
    const refused = await readThrough(log, machine, first - 1, to, async (entry) => {
      signal.throwIfAborted();
      foldAll(PARTS, values, decode(name, entry));
      id = entry.id;
      if (entry.number % STRETCH === 0) await breath();
      await segment?.commit(entry);
    });
    if (refused !== undefined) return undefined;
    const digest = await digestOf(values[0]);
    if (known !== undefined && known.digest !== digest) {
      throw new Error(`${known.file}: its commits are those of the log, its digest is not: expected ${digest}`);
    }
    if (segment !== undefined && !(await segment.finish(log, digest))) return undefined;
    const stored = await log.putSnapshot(name, epoch, to, await snapshotOf(to, id, values));
    if (stored.status !== 'stored') return undefined;
    return { to, archived: segment?.file ?? known?.file ?? null };
  } finally {
    await segment?.discard();
  }
}
