/** Where a subscription stands: every frame has to follow the one before it, and a commit that does not is an error. */
import type { Commit, Position } from '../../protocol/commit.ts';
import type { From } from '../../protocol/frames.ts';
import { upcast } from '../../protocol/upcast.ts';
import type { SubscriptionFrame } from './connection.ts';
import { ClientError } from './errors.ts';
import type { FeedItem } from './types.ts';

type CommitsFrame = Extract<SubscriptionFrame, { type: 'commits' }>;
type CommitItem = Extract<FeedItem, { kind: 'commit' }>;

export interface Track {
  /** The position of the last commit that is known, or where it was asked to begin. */
  at(): From;
  /** The daemon says where it is; throws when that is somewhere else. */
  meet(position: Position): void;
  /** The daemon says where it goes on, and that is right. */
  move(position: Position): void;
  /** The commits of a frame, in today's form. Throws a ClientError for a gap, and for a commit of a newer form. */
  take(frame: CommitsFrame): Generator<CommitItem>;
}

export function openTrack(machine: string, from: From): Track {
  let position: Position | undefined = typeof from === 'string' ? undefined : from;
  /** Of the commit at the position, where it is known. */
  let id = typeof from === 'string' ? undefined : from.id;

  const expect = (met: Position): void => {
    if (position?.epoch === met.epoch && position.commit === met.commit) return;
    const where =
      position === undefined ? 'before its position was known' : `after ${position.epoch}:${position.commit}`;
    throw new ClientError('gap', `the feed of ${machine}, ${where}, met ${met.epoch}:${met.commit}`);
  };

  function cast(raw: Commit): Commit {
    const done = upcast(raw);
    if (!done.ok) throw new ClientError('bad-answer', `commit ${raw.number}: ${done.message}`);
    return done.commit;
  }

  return {
    at: () => (position === undefined ? from : resumeAt(position, id)),
    meet(met) {
      if (position === undefined) position = met;
      else expect(met);
    },
    move(to) {
      if (position?.epoch !== to.epoch || position.commit !== to.commit) id = undefined;
      position = to;
    },
    *take({ epoch, commits, after, through }) {
      // With a filter the daemon says what it looked at; without one each commit follows the one before it.
      if (after !== undefined) expect({ epoch, commit: after });
      for (const raw of commits) {
        if (after === undefined) expect({ epoch, commit: raw.number - 1 });
        position = { epoch, commit: raw.number };
        id = raw.id;
        yield { kind: 'commit', position, commit: cast(raw) };
      }
      if (through === undefined || through === position?.commit) return;
      position = { epoch, commit: through };
      id = undefined;
    },
  };
}

/** A position to go on from, with the id of the commit there where it is known. */
export const resumeAt = ({ epoch, commit }: Position, id: string | undefined): From =>
  id === undefined ? { epoch, commit } : { epoch, commit, id };
