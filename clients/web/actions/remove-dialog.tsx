/** Removes the machine that is shown, for ever: who does it types its name. */
import { useSignal } from '@preact/signals';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import type { Trouble } from '../ui/trouble.ts';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { remove, saveSession } from './do.ts';
import { shut } from './state.ts';

export function RemoveDialog({ machine }: { readonly machine: string }) {
  const typed = useSignal('');
  const trouble = useSignal<Trouble | null>(null);

  async function go(event: Event): Promise<void> {
    event.preventDefault();
    trouble.value = await remove(machine);
    if (trouble.value === null) shut();
  }

  return (
    <Dialog title={`Remove ${machine}`} close={shut}>
      <form class="form" onSubmit={(event) => void go(event)}>
        <p>
          Its log goes with it, and does not come back. A session keeps it:{' '}
          <button type="button" onClick={() => void saveSession()}>
            Save the session
          </button>
        </p>
        <Field id="remove-name" label={`Type ${machine} to remove it`}>
          {(control) => (
            <input
              {...control}
              class="mono"
              autocomplete="off"
              value={typed.value}
              onInput={(event) => {
                typed.value = event.currentTarget.value;
              }}
            />
          )}
        </Field>
        {trouble.value && <TroubleNote trouble={trouble.value} />}
        <p class="form-end">
          <button type="submit" class="danger" disabled={typed.value !== machine}>
            Remove {machine}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
