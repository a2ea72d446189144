/** Where a patch that is chosen is: its name says which event of which commit it is, the log says the rest. */
import { effect } from '@preact/signals';
import { fromHex } from '../../../protocol/address.ts';
import { ClientError } from '../../sdk/errors.ts';
import { readStretch } from '../model/feed/history.ts';
import { patchesOf } from '../model/patches.ts';
import { client, selection } from '../state/app.ts';
import type { Space } from './space-state.ts';

/** Until the returned function is called. A patch that can't be read stays unknown: the inspector says why. */
export function followPatched({ model, patched }: Space): () => void {
  return effect(() => {
    const id = selection.value?.kind === 'patch' ? selection.value.id : null;
    const epoch = model.scene.value?.epoch;
    if (id === null || !epoch || patched.peek().has(id)) return;
    void addressOf(model.machine, epoch, id).then((address) => {
      if (address !== undefined) patched.value = new Map([[id, address]]);
    });
  });
}

async function addressOf(machine: string, epoch: string, id: string): Promise<number | undefined> {
  const number = Number.parseInt(id, 10);
  try {
    const [commit] = await readStretch(client.machine(machine), { epoch, from: number - 1, to: number }).commits;
    if (commit === undefined) return undefined;
    for (const patch of patchesOf(commit)) if (patch.id === id) return fromHex(patch.event.address);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
  }
  return undefined;
}
