/** Where a patch that is chosen is: its name says which event of which commit it is, the log says the rest. */
import { computed, effect } from '@preact/signals';
import { fromHex } from '../../../protocol/address.ts';
import { ClientError } from '../../sdk/errors.ts';
import { commitOf } from '../model/commit-of.ts';
import { client, selection } from '../state/app.ts';
import { type PatchId, patchPlace } from '../state/selection.ts';
import type { Space } from './space-state.ts';

/** Until the returned function is called. A patch that can't be read stays unknown: the inspector says why. */
export function followPatched({ model, patched }: Space): () => void {
  const chosen = computed(() => (selection.value?.kind === 'patch' ? selection.value.id : null));
  // Asked for once, and not with each scene.
  const epoch = computed(() => model.scene.value?.epoch ?? '');
  return effect(() => {
    const id = chosen.value;
    const asked = epoch.value;
    if (id === null || asked === '') return;
    void addressOf(model.machine, asked, id).then((address) => {
      if (chosen.peek() !== id || epoch.peek() !== asked) return;
      patched.value = new Map(address === undefined ? [] : [[id, address]]);
    });
  });
}

async function addressOf(machine: string, epoch: string, id: PatchId): Promise<number | undefined> {
  const { commit, index } = patchPlace(id);
  try {
    const event = (await commitOf(client.machine(machine), epoch, commit)).events[index];
    return event?.type === 'StaticCallPatched' ? fromHex(event.address) : undefined;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return undefined;
  }
}
