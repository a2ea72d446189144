/** What explains instructions, loaded when one is first shown. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

export type Asm = typeof import('../asm/index.ts');

const loaded = signal<Asm | null>(null);
let underWay = false;

/** Null until it is there; whoever asks is drawn again then. */
export function useAsm(): Asm | null {
  useEffect(load, []);
  return loaded.value;
}

/** A daemon that does not answer now is asked again by the next instruction that is shown. */
function load(): void {
  if (underWay || loaded.peek() !== null) return;
  underWay = true;
  import('../asm/index.ts').then(
    (asm) => {
      loaded.value = asm;
      underWay = false;
    },
    () => {
      underWay = false;
    },
  );
}
