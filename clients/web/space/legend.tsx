/** What colours, lines and patterns mean. */
import type { ComponentChildren } from 'preact';
import { CLASSES } from '../../../protocol/view/static-call.ts';
import { CLASS_WORDS } from '../ui/class-mark.tsx';
import { DASHES } from './paint/calls.ts';

const MEMORY = [
  ['module', 'memory of a module; near by its sections: code stands out, data steps back'],
  ['init', 'init memory: given back when init is done'],
  ['lazy', 'freed, but not usable before the next purge'],
  ['guard', 'guard page: nobody may use it'],
  ['kernel', 'kernel image'],
  ['reserved', 'not ours: others hold it'],
  ['hole', 'hole: free'],
] as const;

export function Legend({ compared }: { readonly compared: boolean }) {
  return (
    <div class="space-legend">
      <dl aria-label="Calls">
        {CLASSES.map((name) => (
          <Entry key={name} words={`${CLASS_WORDS[name].name}: ${CLASS_WORDS[name].explained}`}>
            <svg width="34" height="14" class={`class-${name}`} aria-hidden="true">
              <path
                d="M1 13 Q17 -9 33 13"
                fill="none"
                stroke="currentColor"
                stroke-width="1.6"
                stroke-dasharray={DASHES[name].join(' ')}
              />
            </svg>
          </Entry>
        ))}
      </dl>
      <dl aria-label="Memory">
        {MEMORY.map(([name, words]) => (
          <Entry key={name} words={words}>
            <i class={`swatch swatch-${name}`} aria-hidden="true" />
          </Entry>
        ))}
      </dl>
      <dl aria-label="Marks">
        <Entry words="tick: a call site; the taller, the longer its way">
          <i class="swatch swatch-tick" aria-hidden="true" />
        </Entry>
        <Entry words="orange box in a PLT: an entry that is used; outline: free">
          <i class="swatch swatch-slot" aria-hidden="true" />
        </Entry>
        <Entry words="yellow: patched just now">
          <i class="swatch swatch-flash" aria-hidden="true" />
        </Entry>
        {compared && <Entry words="in the other machine it is elsewhere">⇄</Entry>}
        {compared && <Entry words="only this machine has it">◆</Entry>}
      </dl>
    </div>
  );
}

function Entry({ words, children }: { readonly words: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{children}</dt>
      <dd>{words}</dd>
    </div>
  );
}
