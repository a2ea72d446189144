/** The first things that Tab comes to, and only then to be seen: straight to a part of the page. */
import { model } from '../state/app.ts';

const PARTS = [
  ['space', 'Address space'],
  ['keys', 'Keys'],
  ['feed', 'Patches'],
  ['inspector', 'Inspector'],
  ['time', 'Time'],
] as const;

export function SkipLinks() {
  if (model.value === null) return null;
  return (
    <nav class="skip-links" aria-label="Parts of the page">
      {PARTS.map(([id, name]) => (
        <a
          key={id}
          href={`#${id}`}
          onClick={(event) => {
            // The page's address holds its state: it stays as it is.
            event.preventDefault();
            document.getElementById(id)?.focus();
          }}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
