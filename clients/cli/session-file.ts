/** Session files for commands: what is wrong with one becomes a failure that names file and line. */
import { digestOf } from '../../daemon/headless/session/digest.ts';
import { bytesOf } from '../../daemon/headless/session/file.ts';
import { readSession as readItems, SessionFault, type SessionItem } from '../../daemon/headless/session/read.ts';
import { openSessionText, type SessionStart } from '../../daemon/headless/session/text.ts';
import type { Commit } from '../../protocol/commit.ts';
import { type SessionProfile, sessionProfile } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import type { View } from '../../protocol/view/types.ts';
import { CliFailure, EXIT, fileFailure } from './failure.ts';
import { newFile } from './session/make.ts';

/** A header, commits numbered without a gap, then a footer or `cut-off`. Throws a CliFailure at the first fault. */
export async function* readSession(file: string): AsyncGenerator<SessionItem, void, undefined> {
  try {
    yield* readItems(bytesOf(file));
  } catch (error) {
    throw sessionFailure(file, error);
  }
}

/** What went wrong with a session file, as the command line says it. What has nothing to do with the file stays as it is. */
export function sessionFailure(file: string, error: unknown): unknown {
  if (error instanceof SessionFault) {
    const place = error.line === 0 ? file : `${file}:${error.line}`;
    return new CliFailure(EXIT.usage, 'bad-session', `${place}: ${error.message}`);
  }
  return error instanceof Error && 'syscall' in error ? fileFailure(file, error) : error;
}

export interface SessionWriter {
  /** Appends the next commit; waits when the disk is slower than the log. */
  commit(commit: Commit): Promise<void>;
  /** Appends lines of another recording of the same log as they are; `goOn` tells the state after them. */
  copy(line: string): Promise<void>;
  /** The caller gives `view` away. */
  goOn(view: View): void;
  /** Writes the footer and closes the file. */
  finish(): Promise<{ readonly commits: number; readonly digest: string }>;
  /** Gives the file its name now, so that what is in it stays when the program is killed. */
  show(): Promise<void>;
  /** What was written so far is in the file, whatever happens to the program. */
  flush(): void;
  /** Leaves nothing behind of a file that was not shown or finished. */
  discard(): Promise<void>;
  /** The state after the commits so far. */
  readonly view: View;
}

export interface WriteOptions {
  /** A file that exists is kept unless this is set. */
  readonly overwrite: boolean;
  /** The view before the first commit, which the caller gives away; empty unless said. */
  readonly view?: View;
  /** For the header; what the first commit tells unless said. */
  readonly profile?: SessionProfile | undefined;
}

/** Starts a session file, gzipped where its name ends in `.gz`. It has its name when it is finished, or shown. */
export async function writeSession(file: string, start: SessionStart, options: WriteOptions): Promise<SessionWriter> {
  let view = options.view ?? emptyView();
  const text = openSessionText(start, () => options.profile ?? sessionProfile(view));
  const out = await newFile(file, options.overwrite);
  return {
    get view() {
      return view;
    },
    copy: (line) => out.write(text.commit(line)),
    goOn(there) {
      view = there;
    },
    async commit(commit) {
      fold(view, commit);
      await out.write(text.commit(JSON.stringify(commit)));
    },
    async finish() {
      const digest = await digestOf(view);
      await out.write(text.end(digest));
      await out.finish();
      await out.publish();
      return { commits: text.commits, digest };
    },
    show: () => out.publish(),
    flush: () => out.flush(),
    discard: () => out.discard(),
  };
}
