/** The lines of a session file as they are written. The header waits for the first commit, which tells what machine it is. */
import {
  SESSION_FORMAT,
  type SessionFooter,
  type SessionHeader,
  type SessionProfile,
} from '../../../protocol/session.ts';
import { VERSION } from '../../version.ts';

export type SessionStart = Omit<SessionHeader, 'format' | 'by' | 'profile'>;

export interface SessionText {
  /** What to write for the next commit, whose line is `text`. */
  commit(text: string): string;
  /** What ends the file. */
  end(digest: string): string;
  /** So far. */
  readonly commits: number;
}

/** `profile` is asked for once, when the first commit is written. */
export function openSessionText(start: SessionStart, profile: () => SessionProfile | undefined): SessionText {
  let commits = 0;
  let begun = false;
  const header = (): string => {
    if (begun) return '';
    begun = true;
    const { machine, about, epoch, from, base } = start;
    const known = profile();
    const line = {
      format: SESSION_FORMAT,
      machine,
      ...(about !== undefined && { about }),
      by: `veneerd ${VERSION}`,
      ...(epoch !== undefined && { epoch }),
      ...(known !== undefined && { profile: known }),
      ...(from !== undefined && from > 1 && base !== undefined && { from, base }),
    } satisfies SessionHeader;
    return `${JSON.stringify(line)}\n`;
  };
  return {
    commit(text) {
      commits++;
      return `${header()}${text}\n`;
    },
    end(digest) {
      return `${header()}${JSON.stringify({ end: true, commits, digest } satisfies SessionFooter)}\n`;
    },
    get commits() {
      return commits;
    },
  };
}
