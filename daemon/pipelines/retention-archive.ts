/**
 * The archive: session segments with what a daemon is about to trim. A file says in its name which commits it holds, appears
 * whole or not at all, and is read back and held against the log before anything is removed. So a crash, or a second daemon
 * at the same work, leaves the same file or none.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sessionProfile } from '../../protocol/session.ts';
import type { View } from '../../protocol/view/types.ts';
import { digestOf } from '../headless/session/digest.ts';
import { bytesOf, createFile, PART } from '../headless/session/file.ts';
import { readSession, type SessionItem } from '../headless/session/read.ts';
import { openSessionText } from '../headless/session/text.ts';
import { StoreError } from '../log/errors.ts';
import { makeFolder } from '../log/folder.ts';
import type { Entry, EventLog, MachineHead } from '../log/log.ts';
import { readThrough } from './entry.ts';

const DIGITS = 12;
const END = '.veneer.jsonl.gz';
/** A file that is being written for longer was left behind by a crash. */
const ABANDONED_MS = 24 * 3600_000;

/** `demo@<epoch>.000000000001-000000001000.veneer.jsonl.gz`; no machine's name has an @, so `demo@*` are those of demo. */
export function segmentName({ name, epoch }: Pick<MachineHead, 'name' | 'epoch'>, from: number, to: number): string {
  return `${name}@${epoch}.${numbered(from)}-${numbered(to)}${END}`;
}

const numbered = (commit: number): string => String(commit).padStart(DIGITS, '0');

/** A segment that is in the archive already, and holds what the log holds. */
export interface KnownSegment {
  readonly file: string;
  readonly to: number;
  /** What its footer says. */
  readonly digest: string;
}

/**
 * The longest segment in the archive that begins with the machine's first commit and ends no later than `last`: a crash came
 * before the trim, or another daemon is about to trim. Undefined without one, or when it is not what the log holds.
 */
export async function knownSegment(
  log: EventLog,
  folder: string,
  machine: MachineHead,
  last: number,
): Promise<KnownSegment | undefined> {
  const { name, epoch, first } = machine;
  const start = `${name}@${epoch}.${numbered(first)}-`;
  const ends = (await readdir(folder))
    .filter((file) => file.startsWith(start) && file.endsWith(END))
    .map((file) => Number(file.slice(start.length, -END.length)))
    .filter((to) => Number.isSafeInteger(to) && to >= first && to <= last);
  if (ends.length === 0) return undefined;
  const to = Math.max(...ends);
  const file = join(folder, segmentName(machine, first, to));
  try {
    const digest = await heldAgainst(log, file, machine, to);
    return digest === undefined ? undefined : { file, to, digest };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    return undefined;
  }
}

/** Makes the folder, and removes what crashes left in it long ago. */
export async function openArchive(folder: string): Promise<void> {
  makeFolder(folder);
  for (const file of await readdir(folder)) {
    if (!file.endsWith(PART)) continue;
    const path = join(folder, file);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

export interface Segment {
  readonly file: string;
  commit(entry: Entry): Promise<void>;
  /**
   * Ends the file, holds it against the log, and gives it its name; false where the log does not have these commits any more:
   * another daemon was quicker. Throws when the file is not what was written.
   */
  finish(log: EventLog, digest: string): Promise<boolean>;
  /** Removes it, unless it was finished. */
  discard(): Promise<void>;
}

/** Begins a segment with the machine's first commit. `view` is the one before it, and folded by the caller. */
export async function createSegment(folder: string, machine: MachineHead, to: number, view: View): Promise<Segment> {
  const { name, epoch, first } = machine;
  const base = first === 1 ? {} : { from: first, base: await digestOf(view) };
  const text = openSessionText({ machine: name, epoch, ...base }, () => sessionProfile(view));
  const file = join(folder, segmentName(machine, first, to));
  const out = await createFile(file, true);
  return {
    file,
    commit: (entry) => out.write(text.commit(entry.text)),
    async finish(log, digest) {
      await out.write(text.end(digest));
      await out.finish();
      const found = await heldAgainst(log, out.part, machine, to);
      if (found === undefined) return false;
      if (found !== digest) throw new Error(`${out.part}: expected the digest ${digest}, found ${found}`);
      await out.publish();
      return true;
    },
    discard: () => out.discard(),
  };
}

/**
 * Reads `file`, which has to hold the machine's commits from the first one to `to` byte by byte, and gives its digest; undefined
 * where the log does not give them any more.
 */
async function heldAgainst(log: EventLog, file: string, machine: MachineHead, to: number): Promise<string | undefined> {
  const { name, epoch, first } = machine;
  const items = readSession(bytesOf(file));
  const wrong = (what: string): Error => new Error(`${file}: expected ${what}`);
  const next = async (): Promise<SessionItem | undefined> => (await items.next()).value ?? undefined;
  try {
    const item = await next();
    const header = item?.kind === 'header' ? item.header : undefined;
    if (header?.machine !== name || header.epoch !== epoch || (header.from ?? 1) !== first) {
      throw wrong(`the commits of ${name} at ${epoch} from ${first} on`);
    }
    const refused = await readThrough(log, machine, first - 1, to, async (entry) => {
      const commit = await next();
      if (commit?.kind !== 'commit' || commit.text !== entry.text)
        throw wrong(`commit ${entry.number} as the log has it`);
    });
    if (refused !== undefined) return undefined;
    const footer = await next();
    if (footer?.kind !== 'footer') throw wrong(`a footer after commit ${to}`);
    // To the end: only there gzip's checksum is.
    if ((await next()) !== undefined) throw wrong('nothing after the footer');
    return footer.footer.digest;
  } finally {
    await items.return();
  }
}
