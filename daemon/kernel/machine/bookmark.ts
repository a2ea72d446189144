/** Names for positions. A name that points to no commit is the log's to refuse: a state does not know how many there are. */
import type { CommandOf } from '../../../protocol/commands.ts';
import { BOOKMARKS_MAX } from '../../../protocol/position.ts';
import type { Decision } from '../kernel.ts';
import { evolve, type State } from '../state.ts';

export function bookmark(state: State, { name, at }: CommandOf<'bookmark'>): Decision {
  const { bookmarks } = state;
  if (at === undefined) return { ok: false, code: 'bad-command', message: `bookmark ${name}: expected a commit` };
  if (at === null) {
    if (!bookmarks.has(name)) return { ok: false, code: 'no-such-bookmark', message: `no bookmark is called ${name}` };
    const event = { type: 'BookmarkRemoved' as const, name };
    return { ok: true, events: [event], state: evolve(state, event) };
  }
  if (bookmarks.size >= BOOKMARKS_MAX && !bookmarks.has(name)) {
    return { ok: false, code: 'bad-command', message: `there are ${BOOKMARKS_MAX} bookmarks: remove one first` };
  }
  const event = { type: 'BookmarkSet' as const, name, at };
  return { ok: true, events: [event], state: evolve(state, event) };
}
