/** `?`: every key that does something. */
import { signal } from '@preact/signals';
import { Dialog } from '../ui/dialog.tsx';
import { shortcuts, useShortcuts } from './shortcuts.ts';

export const helpOpen = signal(false);

const NAMES: Readonly<Record<string, string>> = {
  ' ': 'Space',
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
      <dl class="shortcuts">
        {shortcuts.value.map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{NAMES[key] ?? key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
