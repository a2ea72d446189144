/**
 * Joins segments of one log, given in any order: adjoining ones, and overlapping ones whose common commits are the same
 * byte by byte. They are read side by side, a line of each at a time, so that memory does not grow with them.
 */
import { type SessionHeader, sessionProfile } from '../../../protocol/session.ts';
import { emptyView } from '../../../protocol/view/fold.ts';
import type { View } from '../../../protocol/view/types.ts';
import { checkSession } from './check.ts';
import { digestOf } from './digest.ts';
import { bytesOf, type NewFile, type OnBytes, STDIN } from './file.ts';
import { readSession, SessionFault, type SessionItem } from './read.ts';
import { openSessionText } from './text.ts';

export interface Merged {
  readonly header: SessionHeader;
  readonly from: number;
  readonly to: number;
  readonly digest: string;
}

/** Files that are no pieces of one log, or not enough of them. */
export class MergeError extends Error {}

/** What went wrong with one of the files: `cause` is a SessionFault, or what the system says. */
export class SegmentFault extends Error {
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.file = file;
  }
}

interface Segment {
  readonly file: string;
  readonly header: SessionHeader;
  readonly from: number;
}

/** A segment that is being read: `item` is its next line. */
interface Open extends Segment {
  readonly items: AsyncGenerator<SessionItem, void>;
  item: SessionItem;
}

/** Writes the joined session into `out`. Throws MergeError and SegmentFault. */
export async function mergeSessions(files: readonly string[], out: NewFile, onBytes?: OnBytes): Promise<Merged> {
  const segments = await inOrder(files);
  const first = segments[0];
  if (first === undefined) throw new MergeError('expected at least one file');
  const about = segments.find(({ header }) => header.about !== undefined)?.header.about;
  const header = { ...first.header, ...(about !== undefined && { about }) };
  const view = emptyView();
  const chain = openChain(first.from === 1 ? view : undefined);
  const text = openSessionText(header, () => (first.from === 1 ? sessionProfile(view) : header.profile));
  // What a commit breaks is found behind the files: `at` says where it came from.
  const at = { file: first.file };
  try {
    for await (const item of checkSession(joined(segments, header, chain, at, onBytes), view)) {
      if (item.kind !== 'commit') continue;
      await out.write(text.commit(item.text));
    }
  } catch (error) {
    throw inSegment(at.file, error);
  }
  const to = first.from + text.commits - 1;
  const digest = (await chain.digestAfter(to)) ?? '';
  await out.write(text.end(digest));
  return { header, from: first.from, to, digest };
}

function inSegment(file: string, error: unknown): unknown {
  return error instanceof MergeError || error instanceof SegmentFault ? error : new SegmentFault(file, error);
}

async function* joined(
  segments: readonly Segment[],
  header: SessionHeader,
  chain: Chain,
  at: { file: string },
  onBytes: OnBytes | undefined,
): AsyncGenerator<SessionItem, void> {
  const waiting = [...segments];
  let open: readonly Open[] = [];
  let next = header.from ?? 1;
  yield { kind: 'header', line: 1, header };
  try {
    while (open.length > 0 || waiting.length > 0) {
      const begun: Open[] = [];
      for (let segment = waiting[0]; segment?.from === next; segment = waiting[0]) {
        waiting.shift();
        at.file = segment.file;
        if (segment.header.base !== undefined) await chain.claim(next - 1, segment.header.base, 1, 'base');
        begun.push(await openSegment(segment, onBytes));
      }
      open = [...open, ...begun];
      for (const { file, item, items } of open) {
        at.file = file;
        if (item.kind !== 'footer') continue;
        await chain.claim(next - 1, item.footer.digest, item.line, 'digest');
        // To its end: nothing may follow.
        await items.next();
      }
      open = open.filter(({ item }) => item.kind !== 'footer');
      const line = sameCommit(open, next);
      if (line !== undefined) {
        at.file = open[0]?.file ?? '';
        yield line;
        next++;
        for (const segment of open) await advance(segment, at);
      } else if (waiting[0] !== undefined && waiting[0].from > next) {
        const { from, file } = waiting[0];
        throw new MergeError(
          `commits ${next} to ${from - 1} are missing: no file has them, ${file} begins with ${from}`,
        );
      }
    }
  } finally {
    for (const { items } of open) await items.return();
  }
}

/** The commit that all open segments have next; undefined where none is open. */
function sameCommit(open: readonly Open[], number: number): SessionItem | undefined {
  const first = open[0];
  for (const { item, file } of open) {
    if (item.kind !== 'commit' || first?.item.kind !== 'commit' || item.text === first.item.text) continue;
    throw new MergeError(`commit ${number} is not the same in ${first.file} and ${file}`);
  }
  return first?.item;
}

async function inOrder(files: readonly string[]): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (const file of files) {
    if (file === STDIN) throw new MergeError('segments are read side by side: give files, not the standard input');
    const segment = await openSegment({ file });
    await segment.items.return();
    segments.push({ file, header: segment.header, from: segment.from });
    const [first] = segments;
    for (const field of ['machine', 'epoch'] as const) {
      if (first?.header[field] === segment.header[field]) continue;
      const [one, other] = [first?.header[field] ?? 'none', segment.header[field] ?? 'none'];
      throw new MergeError(
        `these are no pieces of one log: the ${field} of ${first?.file} is ${one}, that of ${file} ${other}`,
      );
    }
  }
  return segments.sort((a, b) => a.from - b.from);
}

/** Reads the header, and the line after it. */
async function openSegment({ file }: { readonly file: string }, onBytes?: OnBytes): Promise<Open> {
  const items = readSession(bytesOf(file, onBytes));
  try {
    const first = await items.next();
    // The first line is a header, or it was a fault.
    const header = first.done || first.value.kind !== 'header' ? undefined : first.value.header;
    if (header === undefined) throw new SessionFault(1, 'expected a header');
    const segment: Open = { file, header, from: header.from ?? 1, items, item: await nextItem(items) };
    return segment;
  } catch (error) {
    await items.return();
    throw inSegment(file, error);
  }
}

async function advance(segment: Open, at: { file: string }): Promise<void> {
  at.file = segment.file;
  segment.item = await nextItem(segment.items);
}

async function nextItem(items: AsyncGenerator<SessionItem, void>): Promise<SessionItem> {
  const { done, value } = await items.next();
  if (done || value.kind === 'cut-off') {
    throw new SessionFault(value?.line ?? 0, 'expected a footer, the file was cut off');
  }
  return value;
}

interface Chain {
  /** A file says what digest the view has after a commit: no other file may say otherwise, nor the commits. */
  claim(commit: number, digest: string, line: number, what: string): Promise<void>;
  digestAfter(commit: number): Promise<string | undefined>;
}

/** Without a view, because the beginning is elsewhere, digests are held against each other. */
function openChain(view: View | undefined): Chain {
  let known: { readonly commit: number; readonly digest: string } | undefined;
  const digestAfter = async (commit: number): Promise<string | undefined> => {
    if (known?.commit !== commit && view !== undefined) known = { commit, digest: await digestOf(view) };
    return known?.commit === commit ? known.digest : undefined;
  };
  return {
    digestAfter,
    async claim(commit, digest, line, what) {
      const there = await digestAfter(commit);
      if (there === undefined) known = { commit, digest };
      else if (there !== digest) {
        throw new SessionFault(line, `${what}: found ${digest}, the commits up to ${commit} give ${there}`);
      }
    },
  };
}
