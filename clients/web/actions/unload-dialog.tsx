/** Unloads a module; or tries to, while somebody holds it. */
import { useSignal } from '@preact/signals';
import type { Model } from '../model/model.ts';
import { useAnswer } from '../model/use-answer.ts';
import { selection } from '../state/app.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { command } from './do.ts';
import { OnlyLive } from './only-live.tsx';
import { isLive, shut } from './state.ts';

export function UnloadDialog({ model }: { readonly model: Model }) {
  const name = useSignal(chosenModule());
  const held = useSignal(false);
  const loaded = useAnswer(model, 'loaded', null) ?? [];
  const module = loaded.find((one) => one.name === name.value);

  function unload(event: Event): void {
    event.preventDefault();
    shut();
    void command({ type: 'unload', module: name.value, ...(held.value && { held: true }) });
  }

  return (
    <Dialog title="Unload a module" close={shut}>
      <form class="form" onSubmit={unload}>
        <OnlyLive />
        <Field
          id="unload-module"
          label="Module"
          help={
            module !== undefined && module.usedBy.length > 0
              ? `In use by ${module.usedBy.join(', ')}: the kernel will refuse.`
              : `${loaded.length} are loaded.`
          }
        >
          {(control) => (
            <input
              {...control}
              class="mono"
              list="unload-modules"
              required
              autocomplete="off"
              value={name.value}
              onInput={(event) => {
                name.value = event.currentTarget.value;
              }}
            />
          )}
        </Field>
        <datalist id="unload-modules">
          {loaded.map((one) => (
            <option key={one.name} value={one.name} />
          ))}
        </datalist>
        <label class="tick">
          <input
            type="checkbox"
            checked={held.value}
            onChange={(event) => {
              held.value = event.currentTarget.checked;
            }}
          />{' '}
          Somebody holds it, an open device say: the kernel refuses
        </label>
        <p class="form-end">
          <button type="submit" class="main" disabled={!isLive.value || name.value === ''}>
            Unload
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function chosenModule(): string {
  const chosen = selection.value;
  if (chosen?.kind === 'module') return chosen.name;
  return chosen?.kind === 'section' ? chosen.module : '';
}
