/** What a session file holds, before any of it is sent: nothing is replayed of one that is damaged. */

import { bytesOf } from '../../../daemon/headless/session/file.ts';
import { LineFault, linesOf } from '../../../daemon/headless/session/lines.ts';
import { readSessionLine } from '../../../protocol/session.ts';
import type { Context } from '../context.ts';
import { refused, usage } from '../failure.ts';
import { readSession, sessionFailure } from '../session-file.ts';
import { reading } from './reading.ts';

export interface Contents {
  readonly machine: string;
  readonly commits: number;
  /** Null where the file was cut off. */
  readonly digest: string | null;
}

/** `asItIs`: the daemon checks the lines of a whole file, so its ends are enough. */
export async function surveyOf(context: Context, file: string, asItIs: boolean): Promise<Contents> {
  const ends = asItIs ? await endsOf(context, file) : undefined;
  const contents = ends ?? (await allOf(file));
  if (contents.commits === 0) throw refused('bad-session', `${file} holds no commits: there is nothing to replay`);
  return contents;
}

/** Undefined unless the first line is a header and the last one a footer. */
async function endsOf(context: Context, file: string): Promise<Contents | undefined> {
  let first: string | undefined;
  let last = '';
  let lines = 0;
  try {
    await reading(context, [file], 'nothing was replayed', async (onBytes) => {
      for await (const { text } of linesOf(bytesOf(file, onBytes))) {
        first ??= text;
        last = text;
        lines++;
      }
    });
  } catch (error) {
    // What is wrong with the text is told by those who read all of it.
    if (error instanceof LineFault) return undefined;
    throw sessionFailure(file, error);
  }
  const header = readSessionLine(1, first ?? '');
  const footer = readSessionLine(lines, last);
  if (lines < 2 || header.kind !== 'header' || footer.kind !== 'footer') return undefined;
  refuseSegment(file, header.header.from);
  return { machine: header.header.machine, commits: footer.footer.commits, digest: footer.footer.digest };
}

async function allOf(file: string): Promise<Contents> {
  let machine = '';
  let commits = 0;
  let digest: string | null = null;
  for await (const item of readSession(file)) {
    if (item.kind === 'header') {
      machine = item.header.machine;
      refuseSegment(file, item.header.from);
    }
    if (item.kind === 'commit') commits++;
    if (item.kind === 'footer') digest = item.footer.digest;
  }
  return { machine, commits, digest };
}

function refuseSegment(file: string, from = 1): void {
  if (from > 1) {
    throw usage(
      `${file} is a segment, which begins with commit ${from}: join it with what comes before it (veneer session merge)`,
    );
  }
}
