/** Loads a module that the daemon has the bytes of, once more or for the first time; or fails to, in a chosen way. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { count, counted } from '../../../protocol/count.ts';
import type { LoadedFile } from '../../../protocol/fork.ts';
import { client } from '../state/app.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { type Trouble, troubleOf } from '../ui/trouble.ts';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { command } from './do.ts';
import { OnlyLive } from './only-live.tsx';
import { readFile } from './read-file.ts';
import { isLive, shut } from './state.ts';

const ERRNOS = ['ENODEV', 'ENXIO', 'ENOMEM', 'EBUSY', 'EINVAL', 'EIO', 'EPERM'] as const;

export function LoadDialog({ machine }: { readonly machine: string }) {
  const files = useSignal<readonly LoadedFile[]>([]);
  const wanted = useSignal('');
  const chosen = useSignal<File | null>(null);
  const errno = useSignal('');
  const allocation = useSignal('');
  const trouble = useSignal<Trouble | null>(null);
  const busy = useSignal(false);
  const failed = (error: unknown): void => {
    trouble.value = troubleOf(error);
  };
  useEffect(() => {
    client
      .machine(machine)
      .files()
      .then((list) => {
        files.value = list;
      }, failed);
  }, []);

  const known = files.value.filter(({ stored }) => stored);
  const lost = files.value.length - known.length;
  const isExact = wanted.value === '' || known.some((one) => isNamed(one, wanted.value));
  const alike = known.filter(({ sha256, file }) => nameOf(sha256, file).includes(wanted.value)).length;
  const nth = /^[1-9]\d*$/.test(allocation.value) ? Number(allocation.value) : undefined;

  async function load(event: Event): Promise<void> {
    event.preventDefault();
    trouble.value = null;
    busy.value = true;
    try {
      const { blob, file } = await bytesOf(chosen.value, known, wanted.value);
      shut();
      await command({
        type: 'load',
        blob,
        file,
        ...(errno.value !== '' && { init: { result: errno.value } }),
        ...(nth !== undefined && { failAllocation: nth }),
      });
    } catch (error) {
      failed(error);
    }
    busy.value = false;
  }

  return (
    <Dialog title="Load a module" close={shut}>
      <form class="form" onSubmit={(event) => void load(event)}>
        <OnlyLive />
        <div class="field-row">
          <Field
            id="load-known"
            label="A file that the daemon has"
            help={
              isExact || alike === 0
                ? `${counted(known.length, 'file')} of this machine’s log${lost > 0 ? `; it lacks ${count(lost)}: drop those on the page` : ''}.`
                : `${counted(alike, 'file')} with this in the name: choose one, or type all of it.`
            }
            error={!isExact && alike === 0 ? 'No such file here: drop it on the page.' : undefined}
          >
            {(control) => (
              <input
                {...control}
                class="mono"
                list="load-files"
                autocomplete="off"
                disabled={chosen.value !== null}
                value={wanted.value}
                onInput={(event) => {
                  wanted.value = event.currentTarget.value;
                }}
              />
            )}
          </Field>
          <Field id="load-own" label="Or one of yours" help=".ko, .ko.gz, .ko.xz, .ko.zst, or a manifest">
            {(control) => (
              <input
                {...control}
                type="file"
                accept=".ko,.gz,.xz,.zst,.json"
                onChange={(event) => {
                  chosen.value = event.currentTarget.files?.[0] ?? null;
                }}
              />
            )}
          </Field>
        </div>
        <datalist id="load-files">
          {known.map(({ sha256, file }) => (
            <option key={sha256} value={nameOf(sha256, file)} />
          ))}
        </datalist>
        <fieldset class="choices">
          <legend>Inject a failure</legend>
          <div class="field-row">
            <Field id="load-errno" label="Its init function returns" help="Empty: it succeeds.">
              {(control) => (
                <input
                  {...control}
                  class="mono"
                  list="load-errnos"
                  placeholder="0"
                  pattern="E[A-Z0-9]+"
                  title="the name of an errno, such as ENODEV"
                  value={errno.value}
                  onInput={(event) => {
                    errno.value = event.currentTarget.value.toUpperCase();
                  }}
                />
              )}
            </Field>
            <Field
              id="load-allocation"
              label="Allocation that finds no memory"
              help="Which node of site_mods of this load, counted from 1. Empty: none."
            >
              {(control) => (
                <input
                  {...control}
                  type="number"
                  min={1}
                  value={allocation.value}
                  onInput={(event) => {
                    allocation.value = event.currentTarget.value;
                  }}
                />
              )}
            </Field>
          </div>
        </fieldset>
        <datalist id="load-errnos">
          {ERRNOS.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        {trouble.value && <TroubleNote trouble={trouble.value} />}
        <p class="form-end">
          <button
            type="submit"
            class="main"
            disabled={
              busy.value || !isLive.value || (chosen.value === null && !known.some((one) => isNamed(one, wanted.value)))
            }
          >
            {busy.value ? 'Sending…' : 'Load'}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

const nameOf = (sha256: string, file: string | null): string => file ?? sha256;
const isNamed = ({ sha256, file }: LoadedFile, name: string): boolean => nameOf(sha256, file) === name;

async function bytesOf(
  own: File | null,
  known: readonly LoadedFile[],
  wanted: string,
): Promise<{ readonly blob: string; readonly file: string }> {
  if (own !== null) {
    const { sha256 } = await client.upload(await readFile(own), own.name);
    return { blob: sha256, file: own.name };
  }
  // The newest of that name.
  return { blob: known.findLast((one) => isNamed(one, wanted))?.sha256 ?? '', file: wanted };
}
