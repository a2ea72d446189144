/**
 * A session as a stream of its lines, each checked by its schema and its number: a file larger than memory is read line by
 * line. What is wrong is told with its line; a file that was cut off is told from one that is damaged.
 */
import type { Commit } from '../../../protocol/commit.ts';
import { readSessionLine, SESSION_FORMAT, type SessionFooter, type SessionHeader } from '../../../protocol/session.ts';
import { LineFault, linesOf } from './lines.ts';

/** `line` counts from 1; `text` is the line as it stands in the file. */
export type SessionItem =
  | { readonly kind: 'header'; readonly line: number; readonly header: SessionHeader }
  | { readonly kind: 'commit'; readonly line: number; readonly commit: Commit; readonly text: string }
  | { readonly kind: 'footer'; readonly line: number; readonly footer: SessionFooter }
  /** The file ends here without a footer: it was cut off, and everything before was whole. Always the last item. */
  | { readonly kind: 'cut-off'; readonly line: number };

/** What is wrong with a session: its line (0: the text as a whole) and what was expected there. */
export class SessionFault extends Error {
  readonly line: number;
  readonly tooLarge: boolean;

  constructor(line: number, message: string, tooLarge = false) {
    super(message);
    this.line = line;
    this.tooLarge = tooLarge;
  }
}

/** A header, commits numbered without a gap, then a footer or `cut-off`. Throws a SessionFault. */
export async function* readSession(
  chunks: AsyncIterable<Uint8Array>,
  limit?: number,
): AsyncGenerator<SessionItem, void, undefined> {
  let line = 0;
  let next = 1;
  let commits = 0;
  let ended = false;
  try {
    for await (const { text, unfinished } of linesOf(chunks, limit)) {
      line++;
      if (ended) {
        if (text === '') continue;
        throw new SessionFault(line, 'expected nothing after the footer');
      }
      const item = readSessionLine(line, text);
      switch (item.kind) {
        case 'fault':
          // Only the last line can lack its newline: if it makes no sense it was cut in the middle.
          if (!unfinished || line === 1) throw new SessionFault(line, item.message);
          yield { kind: 'cut-off', line };
          return;
        case 'header':
          next = item.header.from ?? 1;
          yield { ...item, line };
          break;
        case 'commit':
          if (item.commit.number !== next) {
            throw new SessionFault(line, `expected commit ${next}, found commit ${item.commit.number}`);
          }
          next++;
          commits++;
          yield { ...item, line, text };
          break;
        case 'footer':
          if (item.footer.commits !== commits) {
            throw new SessionFault(line, `the footer counts ${item.footer.commits} commits, the file holds ${commits}`);
          }
          ended = true;
          yield { ...item, line };
      }
    }
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    if (error.kind !== 'cut-off') throw new SessionFault(error.line, error.message, error.kind === 'too-large');
    // Behind the footer only the checksum is missing: all that was recorded is here.
    if (ended) return;
    if (line === 0) throw new SessionFault(0, `expected ${SESSION_FORMAT}, found the start of a gzip file only`);
  }
  if (line === 0) throw new SessionFault(0, `expected ${SESSION_FORMAT}, it is empty`);
  if (!ended) yield { kind: 'cut-off', line: line + 1 };
}
