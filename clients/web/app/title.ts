/** The document's title says the machine and where in time it is; not each commit while they come by themselves. */
import { effect } from '@preact/signals';
import { count } from '../../../protocol/count.ts';
import { model, scene } from '../state/app.ts';

export function followTitle(): void {
  effect(() => {
    const machine = model.value?.machine;
    const now = scene.value;
    const where = now === null || now.mode === 'loading' ? '' : WHERE[now.mode](now.commit);
    document.title = machine === undefined ? 'veneerd' : `${machine}${where} – veneerd`;
  });
}

const stands = (commit: number): string => ` at commit ${count(commit)}`;
const WHERE = { live: () => ', live', playing: () => ', playing', paused: stands, ended: stands } as const;
