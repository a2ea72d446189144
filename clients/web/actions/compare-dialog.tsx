/** Which machine to hold beside the one that is shown. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { count } from '../../../protocol/count.ts';
import type { MachineSummary } from '../../../protocol/frames.ts';
import { client, openBeside } from '../state/app.ts';
import { Dialog } from '../ui/dialog.tsx';
import { type Trouble, troubleOf } from '../ui/trouble.ts';
import { TroubleNote } from '../ui/trouble-note.tsx';
import { shut } from './state.ts';

export function CompareDialog({ machine }: { readonly machine: string }) {
  const others = useSignal<readonly MachineSummary[] | null>(null);
  const trouble = useSignal<Trouble | null>(null);
  useEffect(() => {
    client.machines().then(
      (all) => {
        others.value = all.flatMap((other) => ('position' in other && other.name !== machine ? [other] : []));
      },
      (error: unknown) => {
        trouble.value = troubleOf(error);
      },
    );
  }, []);
  return (
    <Dialog title={`Compare ${machine} with`} close={shut}>
      <div class="form">
        {trouble.value && <TroubleNote trouble={trouble.value} />}
        {others.value?.length === 0 && <p>There is no other machine. Fork this one, and change a rule.</p>}
        <ul class="picks">
          {others.value?.map(({ name, position }) => (
            <li key={name}>
              <button
                type="button"
                onClick={() => {
                  shut();
                  openBeside(name);
                }}
              >
                <span class="mono">{name}</span> <span class="dim number">{count(position.commit)} commits</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
