/** `?`: every key that does something, by the part of the page that it belongs to. */
import { signal } from '@preact/signals';
import { Dialog } from '../ui/dialog.tsx';
import { type Registered, shortcuts, useShortcuts } from './shortcuts.ts';

export const helpOpen = signal(false);

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'Space',
  Escape: 'Esc',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
};

export function Help() {
  useShortcuts([
    {
      key: '?',
      does: 'list the keys',
      act: () => {
        helpOpen.value = true;
      },
    },
  ]);
  if (!helpOpen.value) return null;
  return (
    <Dialog
      title="Keys"
      close={() => {
        helpOpen.value = false;
      }}
    >
      <div class="shortcuts">
        {[...byPart(shortcuts.value)].map(([part, keys]) => (
          <section key={part} aria-label={part}>
            <h3>{part}</h3>
            <dl>
              {keys.map(({ key, does }) => (
                <div key={key}>
                  <dt>
                    <kbd>{NAMES[key] ?? key}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="shortcuts-more dim">
        Tab goes from part to part and to every control in them. What is chosen is shown in the inspector; what the page
        shows is in its address, to be kept or sent.
      </p>
    </Dialog>
  );
}

/** Of each key only the one that counts now. */
function byPart(all: readonly Registered[]): ReadonlyMap<string, readonly Registered[]> {
  const groups = new Map<string, Registered[]>([['Page', []]]);
  const met = new Set<string>();
  for (const shortcut of all) {
    if (met.has(shortcut.key)) continue;
    met.add(shortcut.key);
    const group = groups.get(shortcut.part);
    if (group === undefined) groups.set(shortcut.part, [shortcut]);
    else group.push(shortcut);
  }
  return groups;
}
