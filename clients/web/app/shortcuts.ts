/** Every key that does something, in one place: parts register theirs, `?` lists them. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { startState } from './start.ts';

export interface Shortcut {
  /** As KeyboardEvent.key has it: `.`, `/`, `Escape`, `ArrowLeft`. A capital letter means Shift. */
  readonly key: string;
  readonly does: string;
  readonly act: () => void;
}

export interface Registered extends Shortcut {
  /** The part of the page that it belongs to, as its heading says. */
  readonly part: string;
}

export const shortcuts = signal<readonly Registered[]>([]);

/** The newest of a key counts; they are gone with the component. */
export function useShortcuts(mine: readonly Shortcut[], part = 'Page'): void {
  useEffect(() => {
    const registered = mine.map((shortcut) => ({ ...shortcut, part }));
    shortcuts.value = [...registered, ...shortcuts.peek()];
    return () => {
      shortcuts.value = shortcuts.peek().filter((shortcut) => !registered.includes(shortcut));
    };
  }, []);
}

const TYPING = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  // Who types a token beside its field means nothing else.
  if (startState.value === 'needs-token') return;
  const target = event.target as Element | null;
  if (target?.closest(TYPING) && event.key !== 'Escape') return;
  if (target?.closest('dialog')) return;
  const shortcut = shortcuts.value.find(({ key }) => key === event.key);
  if (shortcut === undefined) return;
  // A button or a tick that has the focus keeps its own keys.
  if ((event.key === ' ' || event.key === 'Enter') && target?.closest('button, a, summary, input')) return;
  event.preventDefault();
  shortcut.act();
});
