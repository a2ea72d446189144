/** The class of a call: colour, and a glyph for those who tell colours apart less well. */
import { count as grouped } from '../../../protocol/count.ts';
import type { CallClass } from '../../../protocol/events/static-call.ts';

interface ClassWords {
  readonly glyph: string;
  readonly name: string;
  /** For somebody who never heard of a veneer. */
  readonly explained: string;
}

export const CLASS_WORDS: Readonly<Record<CallClass, ClassWords>> = {
  direct: { glyph: '→', name: 'direct', explained: 'one branch goes to the function' },
  veneer: { glyph: '↷', name: 'one veneer', explained: 'too far for one branch: it goes through one place more' },
  veneers: { glyph: '⇝', name: 'veneers', explained: 'too far: it goes through two places or more' },
  trapped: { glyph: '✕', name: 'trapped', explained: 'it ends in a trap, and would stop the kernel' },
  none: { glyph: '∅', name: 'none', explained: 'nothing is called' },
};

export function ClassMark({ name, count }: { readonly name: CallClass; readonly count?: number }) {
  const words = CLASS_WORDS[name];
  return (
    <span class={`class-mark class-${name}`} title={`${words.name}: ${words.explained}`}>
      <span aria-hidden="true">{words.glyph}</span>
      <span class={count === undefined ? '' : 'sr-only'}> {words.name} </span>
      {count !== undefined && <span class="number">{grouped(count)}</span>}
    </span>
  );
}
