/** What addresses are called. The daemon knows; it is asked once for each address, one question after the other. */
import { type Signal, signal } from '@preact/signals';
import { toHex } from '../../../protocol/address.ts';
import { ClientError } from '../../sdk/errors.ts';
import { atOrBefore } from '../model/search.ts';
import { client, scene } from '../state/app.ts';

/** Names that are kept; when there are more, all are asked for anew. */
const KEPT = 2_000;

/** Questions that wait; those that have waited longest are dropped, and asked again when somebody still looks. */
const WAITING = 64;

const known = new Map<string, Signal<string | null>>();
const waiting: { readonly key: string; readonly ask: () => Promise<void> }[] = [];
let asking = false;

/**
 * `__cond_resched`, `NAME+0x10 [MODULE]`; null where nobody knows, or not yet: whoever reads it is told. A name stays as
 * long as the machine has it in the same module.
 */
export function symbolAt(address: number): string | null {
  const now = scene.value;
  if (now === null || now.mode === 'loading' || address === 0) return null;
  const { machine, epoch, commit } = now;
  const key = `${machine} ${epoch} ${address} ${holderOf(address)}`;
  const found = known.get(key);
  if (found !== undefined) return found.value;
  if (known.size >= KEPT) known.clear();
  const name = signal<string | null>(null);
  known.set(key, name);
  const ask = async (): Promise<void> => {
    try {
      const { place } = await client.machine(machine).why(toHex(address), { at: `${epoch}:${commit}` });
      name.value = place.symbol;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.temporary) known.delete(key);
    }
  };
  waiting.push({ key, ask });
  if (waiting.length > WAITING) known.delete(waiting.shift()?.key ?? '');
  void askAll();
  return name.value;
}

async function askAll(): Promise<void> {
  if (asking) return;
  asking = true;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.ask();
  asking = false;
}

/** The number of the module whose memory it is; -1 for the kernel's. */
function holderOf(address: number): number {
  const areas = scene.value?.areas;
  if (areas === undefined) return -1;
  const index = atOrBefore(areas.address, address);
  const end = (areas.address[index] ?? 0) + (areas.size[index] ?? 0);
  return index >= 0 && address < end ? (areas.module[index] ?? -1) : -1;
}
