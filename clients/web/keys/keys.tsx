/** Keys and site_mods: each key with what it calls, its list of modules, their sites. */
import { useComputed } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useShortcuts } from '../app/shortcuts.ts';
import { KEY_SORTS } from '../model/queries/key-rows.ts';
import { model, scene } from '../state/app.ts';
import { Panel } from '../ui/panel.tsx';
import './keys.css';
import { NoKeys } from './no-keys.tsx';
import { KeyRows } from './rows.tsx';
import { search, sort } from './state.ts';

const SORT_WORDS = { name: 'by name', sites: 'most sites', patches: 'most patches' } as const;

export function Keys() {
  const box = useRef<HTMLInputElement>(null);
  const any = useComputed(() => (scene.value?.keys.length ?? 0) > 0);
  useShortcuts([{ key: 'k', does: 'find a key or a module of its list', act: () => box.current?.focus() }], 'Keys');
  const now = model.value;
  return (
    <Panel
      id="keys"
      title="Keys and site_mods"
      controls={
        any.value && (
          <>
            <input
              ref={box}
              class="grow"
              type="search"
              placeholder="find a key or module (k)"
              aria-label="Find a key, or a module in a key's list"
              value={search.value}
              onInput={(event) => {
                search.value = event.currentTarget.value;
              }}
            />
            <select
              aria-label="Order of the keys"
              value={sort.value}
              onChange={(event) => {
                sort.value = KEY_SORTS.find((name) => name === event.currentTarget.value) ?? 'name';
              }}
            >
              {KEY_SORTS.map((name) => (
                <option key={name} value={name}>
                  {SORT_WORDS[name]}
                </option>
              ))}
            </select>
          </>
        )
      }
    >
      {now !== null && (any.value ? <KeyRows model={now} /> : <NoKeys />)}
    </Panel>
  );
}
