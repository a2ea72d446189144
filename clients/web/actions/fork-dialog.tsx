/** What if: the machine up to the position that is shown, replayed under other rules, and then held beside it. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import { FLAVOURS_OF, LAYOUTS } from '../../../protocol/flavours.ts';
import type { ForkProgress } from '../../../protocol/fork.ts';
import type { Flavour } from '../../../protocol/profile.ts';
import { ClientError } from '../../sdk/errors.ts';
import type { Scene } from '../model/scene.ts';
import { client, openBeside } from '../state/app.ts';
import { say } from '../ui/announce.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { type Trouble, troubleOf } from '../ui/trouble.ts';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { FLAVOUR_WORDS } from './flavours.ts';
import { changedWord, type ForkFault, type ForkForm, forkChanges, UNCHANGED } from './fork-form.ts';
import { forkWords } from './fork-words.ts';
import { Choose, Write } from './form-fields.tsx';
import { MissingFiles } from './missing-files.tsx';
import { freeName } from './names.ts';
import { shut } from './state.ts';

/** What ends a fork that is under way. */
const STOPPED = new Error('stopped');

export function ForkDialog({ scene }: { readonly scene: Scene }) {
  // The position that was on the screen when it was asked for.
  const from = useRef({ machine: scene.machine, epoch: scene.epoch, commit: scene.commit }).current;
  const arch = scene.summary.machine?.arch ?? 'arm64';
  const form = useSignal(UNCHANGED);
  /** Empty: as the changes suggest. */
  const name = useSignal('');
  const taken = useSignal<ReadonlySet<string>>(new Set());
  /** Module files of the log that are not there, and whether a fork was refused for that. */
  const missing = useSignal(0);
  const needed = useSignal(false);
  const fault = useSignal<ForkFault | null>(null);
  const trouble = useSignal<Trouble | null>(null);
  const progress = useSignal<ForkProgress | null>(null);
  const stopped = useRef(false);
  const set = (change: Partial<ForkForm>): void => {
    form.value = { ...form.value, ...change };
  };
  const suggested = freeName(`${from.machine}-${changedWord(form.value)}`.slice(0, 60), taken.value);
  const at = `${from.epoch}:${from.commit}`;

  useEffect(() => {
    const failed = (error: unknown): void => {
      trouble.value = troubleOf(error);
    };
    client.machines().then((all) => {
      taken.value = new Set(all.map((machine) => machine.name));
    }, failed);
    client
      .machine(from.machine)
      .files({ at })
      .then((files) => {
        missing.value = files.filter(({ stored }) => !stored).length;
      }, failed);
    return () => {
      stopped.current = true;
    };
  }, []);

  async function fork(event: Event): Promise<void> {
    event.preventDefault();
    trouble.value = null;
    needed.value = false;
    fault.value = null;
    const changes = forkChanges(form.value);
    if ('field' in changes) {
      fault.value = changes;
      return;
    }
    const as = name.value || suggested;
    stopped.current = false;
    progress.value = { done: 0, of: from.commit };
    try {
      const { counts } = await client.machine(from.machine).fork({ as, at, changes }, (now) => {
        if (stopped.current) throw STOPPED;
        progress.value = now;
      });
      if (stopped.current) {
        // It was made before it could be stopped.
        await client.machine(as).remove();
        throw STOPPED;
      }
      shut();
      say(`${as} is a fork of ${from.machine}: ${forkWords(counts)}`);
      openBeside(as);
    } catch (error) {
      if (error === STOPPED) say(`The fork was stopped: nothing of ${as} is left`);
      else if (missing.value > 0 && error instanceof ClientError && error.code === 'no-such-blob') needed.value = true;
      else trouble.value = troubleOf(error);
    }
    progress.value = null;
  }

  const errorAt = (field: keyof ForkForm): string | undefined =>
    fault.value?.field === field ? fault.value.message : undefined;
  const { machine, commit } = from;
  const busy = progress.value !== null;
  return (
    <Dialog title={`Fork ${machine} at commit ${count(commit)}`} close={shut}>
      <form class="form" onSubmit={(event) => void fork(event)}>
        <p class="dim">
          A new machine of the same commands, under other rules. The two are then held beside each other, and {machine}{' '}
          stays as it is.
        </p>
        {missing.value > 0 && <MissingFiles count={missing.value} refused={needed.value} />}
        <div class="field-row">
          <Choose
            id="fork-flavour"
            label="Static calls"
            help={form.value.flavour === '' ? undefined : FLAVOUR_WORDS[form.value.flavour]}
            value={form.value.flavour}
            options={[['', 'as they are'], ...FLAVOURS_OF[arch].map((flavour: Flavour) => [flavour, flavour] as const)]}
            choose={(flavour) => set({ flavour })}
          />
          <Choose
            id="fork-layout"
            label="Loader’s rules"
            value={form.value.layout}
            options={[['', 'as they are'], ...LAYOUTS.map((layout) => [layout, layout] as const)]}
            choose={(layout) => set({ layout })}
          />
          <Choose
            id="fork-kaslr"
            label="KASLR"
            value={form.value.kaslr}
            options={[
              ['', 'as it is'],
              ['none', 'none'],
              ['seed', 'from a seed'],
            ]}
            choose={(kaslr) => set({ kaslr })}
          />
          {form.value.kaslr === 'seed' && (
            <Write
              id="fork-seed"
              label="Seed"
              error={errorAt('seed')}
              value={form.value.seed}
              write={(seed) => set({ seed })}
            />
          )}
          <Choose
            id="fork-windows"
            label="Windows"
            value={form.value.windows}
            options={[
              ['', 'as they are'],
              ['default', 'as they follow from the rules'],
              ['no-direct', 'no direct window'],
              ['no-fallback', 'no fallback window'],
            ]}
            choose={(windows) => set({ windows })}
          />
          <Choose
            id="fork-reserved"
            label="Room that others hold"
            value={form.value.reserved}
            options={[
              ['', 'as it is'],
              ['default', 'the kernel image alone'],
              ['none', 'none'],
            ]}
            choose={(reserved) => set({ reserved })}
          />
          <Write
            id="fork-without"
            label="Without modules"
            help="Names. They are never loaded."
            value={form.value.without}
            write={(without) => set({ without })}
          />
          {arch === 'arm64' && (
            <Write
              id="fork-add"
              label="More static calls"
              help="Functions whose calls become static calls."
              value={form.value.addKeys}
              write={(addKeys) => set({ addKeys })}
            />
          )}
          <Write
            id="fork-drop"
            label="Fewer static calls"
            help="Keys that are ordinary functions."
            value={form.value.dropKeys}
            write={(dropKeys) => set({ dropKeys })}
          />
        </div>
        <details open={errorAt('profile') !== undefined}>
          <summary>Further fields of the profile</summary>
          <Field
            id="fork-profile"
            label="Changes (JSON)"
            help="Field by field over the source’s profile; null takes one back to its default."
            error={errorAt('profile')}
          >
            {(control) => (
              <textarea
                {...control}
                rows={4}
                spellcheck={false}
                placeholder={'{ "pageSize": 65536, "errata": null }'}
                value={form.value.profile}
                onInput={(event) => set({ profile: event.currentTarget.value })}
              />
            )}
          </Field>
        </details>
        <Write
          id="fork-name"
          label="Name of the new machine"
          placeholder={suggested}
          value={name.value}
          write={(text) => {
            name.value = text;
          }}
        />
        {trouble.value && <TroubleNote trouble={trouble.value} />}
        {progress.value && (
          <p class="progress">
            <progress max={progress.value.of} value={progress.value.done} aria-label="Fork" />
            <span class="number">
              {count(progress.value.done)} of {count(progress.value.of)} commits
            </span>
          </p>
        )}
        <p class="form-end">
          {busy && (
            <button
              type="button"
              onClick={() => {
                stopped.current = true;
              }}
            >
              Stop
            </button>
          )}
          <button type="submit" class="main" disabled={busy}>
            {busy ? 'Forking…' : 'Fork and compare'}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
