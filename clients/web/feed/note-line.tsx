/** An event beside patches, as one line. */
import type { NoteRow } from '../model/feed/form.ts';
import type { Tone } from '../model/feed/notes.ts';
import { hover, select } from '../state/app.ts';

const GLYPHS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', plain: '·' };

export function NoteLine({ row: { note } }: { readonly row: NoteRow }) {
  const { text, tone, module } = note;
  const light = (): void => {
    if (module !== null) hover.value = { kind: 'module', name: module };
  };
  const dark = (): void => {
    hover.value = null;
  };
  return (
    <p class={`note-line note-${tone}`} title={text} onPointerEnter={light} onPointerLeave={dark}>
      <span aria-hidden="true">{GLYPHS[tone]}</span>
      {module === null || !text.startsWith(module) ? (
        <span class="clip">{text}</span>
      ) : (
        <span class="clip">
          <button type="button" class="link mono" onClick={() => select({ kind: 'module', name: module })}>
            {module}
          </button>
          {text.slice(module.length)}
        </span>
      )}
    </p>
  );
}
