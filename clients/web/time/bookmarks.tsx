/** Names of positions: kept in the machine's log, so everybody has them. */
import { useState } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { client, goTo, scene } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { Dialog } from '../ui/dialog.tsx';
import { troubleOf, troubleText } from '../ui/trouble.ts';

async function command(machine: string, name: string, at: number | null): Promise<void> {
  try {
    await client.machine(machine).command({ type: 'bookmark', name, at });
    say(at === null ? `Bookmark ${name} is gone` : `Bookmark ${name}: commit ${at}`);
  } catch (error) {
    say(troubleText(troubleOf(error)), 'problem');
  }
}

export function Bookmarks() {
  const [open, setOpen] = useState(false);
  useShortcuts([{ key: 'h', does: 'bookmarks: hang one here, go to one', act: () => setOpen(true) }], 'Time');
  return (
    <>
      <button type="button" title="Bookmarks (h)" onClick={() => setOpen(true)}>
        ⚑ <span class="sr-only">Bookmarks</span>
      </button>
      {open && <BookmarkDialog close={() => setOpen(false)} />}
    </>
  );
}

function BookmarkDialog({ close }: { readonly close: () => void }) {
  const [name, setName] = useState('');
  const now = scene.value;
  if (now === null) return null;
  const { machine, commit, summary } = now;
  return (
    <Dialog title="Bookmarks" close={close}>
      <form
        class="bookmark-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() === '') return;
          void command(machine, name.trim(), commit);
          close();
        }}
      >
        <label>
          Name of commit {count(commit)}{' '}
          <input
            value={name}
            autofocus
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]*"
            title="letters, digits, dots, dashes"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>{' '}
        <button type="submit">Hang it here</button>
      </form>
      {summary.bookmarks.length === 0 && <p class="bookmark-form dim">There are none yet.</p>}
      <ul class="bookmark-list">
        {summary.bookmarks.map((bookmark) => (
          <li key={bookmark.name}>
            <button
              type="button"
              onClick={() => {
                goTo(bookmark.at);
                close();
              }}
            >
              {bookmark.name}
            </button>
            <span class="number dim">commit {count(bookmark.at)}</span>
            <button
              type="button"
              class="quiet"
              aria-label={`Remove the bookmark ${bookmark.name}`}
              onClick={() => void command(machine, bookmark.name, null)}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
