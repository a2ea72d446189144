/** A patch as the feed shows it: the event, and where in the log it is. */
import type { Commit } from '../../../protocol/commit.ts';
import type { EventOf } from '../../../protocol/events/index.ts';

export interface PatchEvent {
  /** `COMMIT.INDEX`, the index among the events of the commit: names it for ever. */
  readonly id: string;
  readonly commit: number;
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly event: EventOf<'StaticCallPatched'>;
}

export function* patchesOf(commit: Commit): Generator<PatchEvent> {
  for (const [index, event] of commit.events.entries()) {
    if (event.type !== 'StaticCallPatched') continue;
    yield { id: `${commit.number}.${index}`, commit: commit.number, index, time: commit.time, event };
  }
}
