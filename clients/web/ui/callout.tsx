/** A quiet offer in one line above the parts; it covers nothing and stays until it is taken or dismissed. */
import type { ComponentChildren } from 'preact';

export interface CalloutProps {
  readonly label: string;
  readonly dismiss: () => void;
  readonly children: ComponentChildren;
}

export function Callout({ label, dismiss, children }: CalloutProps) {
  return (
    <section class="banner callout" aria-label={label}>
      {children}
      <button type="button" class="quiet" aria-label={`Dismiss: ${label}`} onClick={dismiss}>
        ✕
      </button>
    </section>
  );
}
