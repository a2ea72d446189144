/** How a write gets to memory while others execute: the kernel's word, and what it means. */
import './figures.css';
import type { Atomicity } from '../../../protocol/events/static-call.ts';

export const ATOMICITY_WORDS: Readonly<Record<Atomicity, string>> = {
  'single-word':
    'One aligned word is stored: another CPU that executes it meets the old one or the new one, never a mixture.',
  'stop-machine':
    'Several words change together, so all CPUs are stopped for this write: one that was in the middle would run a mixture.',
  int3: 'The first byte becomes a breakpoint, then the rest is written, then the first byte: who comes by meanwhile is sent the right way by the trap.',
};

export function AtomicityMark({ name }: { readonly name: Atomicity }) {
  return (
    <abbr class={`tag atomicity-${name}`} title={ATOMICITY_WORDS[name]}>
      {name}
    </abbr>
  );
}
