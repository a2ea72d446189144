/** An event beside patches, as one line. */
import type { NoteRow } from '../model/feed/form.ts';
import type { Tone } from '../model/feed/notes.ts';
import { select } from '../state/app.ts';
import { lights } from '../ui/lights.ts';

const GLYPHS: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', plain: '·' };

export function NoteLine({ row: { note } }: { readonly row: NoteRow }) {
  const { text, tone, module } = note;
  const on = lights(module === null ? null : { kind: 'module', name: module });
  return (
    <p class={`note-line note-${tone}`} title={text} {...on}>
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
