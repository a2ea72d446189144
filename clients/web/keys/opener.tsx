/** The triangle that opens and closes a row. */
import { setOpen } from './state.ts';

export interface OpenerProps {
  readonly id: string;
  readonly open: boolean;
  /** What is inside. */
  readonly what: string;
}

export function Opener({ id, open, what }: OpenerProps) {
  return (
    <button
      type="button"
      class="opener quiet"
      aria-expanded={open}
      aria-label={what}
      title={open ? `Hide ${what}` : `Show ${what}`}
      onClick={() => setOpen(id, !open)}
    >
      <span aria-hidden="true">▸</span>
    </button>
  );
}
