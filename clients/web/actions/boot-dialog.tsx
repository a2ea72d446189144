/** Boots a machine: a preset and the rules over it, or a profile of one's own. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { FLAVOURS_OF, LAYOUTS } from '../../../protocol/flavours.ts';
import type { PresetAnswer } from '../../../protocol/presets.ts';
import type { Layout } from '../../../protocol/profile.ts';
import { bytes } from '../../../protocol/size.ts';
import { ClientError } from '../../sdk/errors.ts';
import { client } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { type Trouble, troubleOf } from '../ui/trouble.ts';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { type BootField, type BootForm, bootFields, fieldOf } from './boot-fields.ts';
import { openWaiting, show } from './do.ts';
import { FlavourChoices } from './flavour-choices.tsx';
import { LAYOUT_WORDS } from './flavours.ts';
import { freeName } from './names.ts';
import { shut, waiting } from './state.ts';

const EMPTY: BootForm = {
  name: '',
  preset: '',
  layout: '',
  flavour: 'inline-defuse',
  functions: '__cond_resched, queue_work_on, schedule',
  seed: '',
  profile: '',
};

const newSeed = (): string => String(crypto.getRandomValues(new Uint32Array(1))[0]);

export function BootDialog() {
  const form = useSignal(EMPTY);
  const presets = useSignal<readonly PresetAnswer[]>([]);
  const fault = useSignal<{ readonly field: BootField; readonly message: string } | null>(null);
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const set = (change: Partial<BootForm>): void => {
    form.value = { ...form.value, ...change };
  };
  const failed = (error: unknown): void => {
    const field = error instanceof ClientError ? fieldOf(error.code, error.message) : null;
    const said = troubleOf(error);
    if (field === null) trouble.value = said;
    else fault.value = { field, message: said.help === '' ? said.text : `${said.text}. ${said.help}` };
  };

  useEffect(() => {
    Promise.all([client.presets(), client.machines()]).then(([all, machines]) => {
      presets.value = all;
      set({ preset: all[0]?.name ?? '', name: freeName('lab', new Set(machines.map(({ name }) => name))) });
    }, failed);
  }, []);

  async function boot(event: Event): Promise<void> {
    event.preventDefault();
    fault.value = null;
    trouble.value = null;
    const fields = bootFields(form.value, presets.value);
    if ('field' in fields) {
      fault.value = fields;
      return;
    }
    busy.value = true;
    const { name } = form.value;
    try {
      await client.boot(name, fields);
      shut();
      show(name);
      say(`${name} is booted`);
      openWaiting();
    } catch (error) {
      failed(error);
    }
    busy.value = false;
  }

  const preset = presets.value.find(({ name }) => name === form.value.preset);
  const arch = preset?.profile.arch ?? 'arm64';
  const errorAt = (field: BootField): string | undefined =>
    fault.value?.field === field ? fault.value.message : undefined;
  return (
    <Dialog
      title="Boot a machine"
      close={() => {
        waiting.value = [];
        shut();
      }}
    >
      <form class="form" onSubmit={(event) => void boot(event)}>
        {waiting.value.length > 0 && (
          <p class="note">
            Module files need a machine: the <span class="number">{waiting.value.length}</span> that you opened are
            loaded as soon as this one is booted.
          </p>
        )}
        <div class="field-row">
          <Field id="boot-name" label="Name" error={errorAt('name')}>
            {(control) => (
              <input
                {...control}
                required
                autocomplete="off"
                value={form.value.name}
                onInput={(event) => set({ name: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field id="boot-preset" label="Kernel" error={errorAt('preset')}>
            {(control) => (
              <select
                {...control}
                value={form.value.preset}
                onChange={(event) => {
                  const next = presets.value.find(({ name }) => name === event.currentTarget.value);
                  const fits: readonly string[] = next ? FLAVOURS_OF[next.profile.arch] : [];
                  const { flavour } = form.value;
                  set({ preset: event.currentTarget.value, flavour: fits.includes(flavour) ? flavour : '' });
                }}
              >
                {presets.value.map(({ name, profile }) => (
                  <option key={name} value={name}>
                    {name}, {bytes(profile.pageSize)} pages
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field id="boot-layout" label="Loader’s rules" error={errorAt('layout')}>
            {(control) => (
              <select
                {...control}
                value={form.value.layout}
                onChange={(event) => set({ layout: event.currentTarget.value as Layout | '' })}
              >
                <option value="">the kernel’s own{preset && ` (${preset.profile.layout})`}</option>
                {LAYOUTS.map((layout) => (
                  <option key={layout} value={layout}>
                    {layout}: {LAYOUT_WORDS[layout]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field
            id="boot-seed"
            label="KASLR seed"
            help="Empty: kernel and windows stay where they are linked."
            error={errorAt('seed')}
          >
            {(control) => (
              <span class="with-button">
                <input
                  {...control}
                  inputMode="numeric"
                  placeholder="no KASLR"
                  value={form.value.seed}
                  onInput={(event) => set({ seed: event.currentTarget.value })}
                />
                <button type="button" onClick={() => set({ seed: newSeed() })}>
                  Draw one
                </button>
              </span>
            )}
          </Field>
        </div>
        <FlavourChoices arch={arch} flavour={form.value.flavour} choose={(flavour) => set({ flavour })} />
        {arch === 'arm64' && form.value.flavour !== '' && (
          <Field
            id="boot-functions"
            label="Functions that are static calls"
            help="Every call of one of them in a loading module is a site of its key."
            error={errorAt('functions')}
          >
            {(control) => (
              <input
                {...control}
                class="mono"
                autocomplete="off"
                spellcheck={false}
                value={form.value.functions}
                onInput={(event) => set({ functions: event.currentTarget.value })}
              />
            )}
          </Field>
        )}
        <details open={errorAt('profile') !== undefined}>
          <summary>A profile of your own</summary>
          <Field
            id="boot-profile"
            label="Machine profile (JSON)"
            help="Its fields go over the kernel’s, one by one. The daemon checks them."
            error={errorAt('profile')}
          >
            {(control) => (
              <textarea
                {...control}
                rows={5}
                spellcheck={false}
                placeholder={'{ "vermagic": "6.1.0 SMP mod_unload aarch64", "errata": ["843419"] }'}
                value={form.value.profile}
                onInput={(event) => set({ profile: event.currentTarget.value })}
              />
            )}
          </Field>
        </details>
        {trouble.value && <TroubleNote trouble={trouble.value} />}
        <p class="form-end">
          <button type="submit" class="main" disabled={busy.value || presets.value.length === 0}>
            {busy.value ? 'Booting…' : 'Boot'}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
