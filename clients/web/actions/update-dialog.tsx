/** static_call_update(): another function for a key. */
import { useSignal } from '@preact/signals';
import { toHex } from '../../../protocol/address.ts';
import { counted } from '../../../protocol/count.ts';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { scene, selection } from '../state/app.ts';
import { ClassMark } from '../ui/class-mark.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { symbolAt } from '../ui/symbols.ts';
import { command } from './do.ts';
import { OnlyLive } from './only-live.tsx';
import { isLive, shut } from './state.ts';

export function UpdateDialog() {
  const keys = scene.value?.keys ?? [];
  const chosen = selection.value?.kind === 'key' ? selection.value.name : undefined;
  const key = useSignal(chosen ?? keys[0]?.name ?? '');
  const func = useSignal('');
  const row = keys.find(({ name }) => name === key.value);
  const symbol = row?.calls == null ? null : symbolAt(row.calls);

  function update(event: Event): void {
    event.preventDefault();
    const to = func.value.trim();
    shut();
    void command({ type: 'update', key: key.value, func: /^null$/i.test(to) ? '0x0' : to });
  }

  if (keys.length === 0) {
    return (
      <Dialog title="Update a key" close={shut}>
        <p class="form">This machine has no static-call keys. Boot one with functions that are static calls.</p>
      </Dialog>
    );
  }
  return (
    <Dialog title="Update a key" close={shut}>
      <form class="form" onSubmit={update}>
        <OnlyLive />
        <Field
          id="update-key"
          label="Key"
          help={
            row && (
              <>
                Calls <code>{row.calls === null ? 'nothing (NULL)' : toHex(row.calls)}</code>
                {symbol !== null && ` (${symbol})`} now, from {counted(sum(row.classes), 'site')} in{' '}
                {counted(row.owners, 'place')}:{' '}
                {CLASSES.map((name, index) =>
                  row.classes[index] ? <ClassMark key={name} name={name} count={row.classes[index]} /> : null,
                )}
              </>
            )
          }
        >
          {(control) => (
            <select
              {...control}
              class="mono"
              value={key.value}
              onChange={(event) => {
                key.value = event.currentTarget.value;
              }}
            >
              {keys.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field
          id="update-func"
          label="Function"
          help="An exported symbol, an address, or NULL: then nothing is called."
        >
          {(control) => (
            <span class="with-button">
              <input
                {...control}
                class="mono"
                required
                autocomplete="off"
                spellcheck={false}
                value={func.value}
                onInput={(event) => {
                  func.value = event.currentTarget.value;
                }}
              />
              <button
                type="button"
                onClick={() => {
                  func.value = 'NULL';
                }}
              >
                NULL
              </button>
            </span>
          )}
        </Field>
        <p class="form-end">
          <button type="submit" class="main" disabled={!isLive.value || func.value.trim() === ''}>
            Update
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
