/** What the daemon remarks on an answer: each thing once, and without checksums. */

/** The daemon's words about a module file that it does not have. */
const NO_FILE = /^the file of (\S+) \(sha256 [0-9a-f]{64}\) is not stored: /;

export interface NotesProps {
  readonly notes: readonly string[];
  /** The module of which the page says already that its file is not there; null: of none. */
  readonly said: string | null;
}

export function Notes({ notes, said }: NotesProps) {
  const shown = notes.filter((note) => NO_FILE.exec(note)?.[1] !== (said ?? ''));
  if (shown.length === 0) return null;
  return (
    <ul class="notes" aria-label="Notes">
      {shown.map((note) => (
        <li key={note}>{withoutSums(note)}</li>
      ))}
    </ul>
  );
}

export const withoutSums = (text: string): string => text.replace(/ \(sha256 [0-9a-f]{64}\)/g, '');
