/** Facts: what, and its value. Two of them share a row where there is room. */
import type { ComponentChildren } from 'preact';
import { copy } from '../ui/copy.ts';

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts-grid">{children}</dl>;
}

export interface FactProps {
  readonly name: string;
  /** Has a row of its own. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

export function Fact({ name, wide = false, children }: FactProps) {
  return (
    <div class={wide ? 'wide' : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => copy(text)}
    >
      <CopyIcon />
    </button>
  );
}

/** Drawn: fonts without the character would show a box. */
export function CopyIcon() {
  return (
    <svg class="icon" viewBox="0 0 12 12" aria-hidden="true">
      <path d="M4.5 4.5h6v6h-6zM7.5 4.5v-3h-6v6h3" />
    </svg>
  );
}

export interface PartProps {
  readonly title: string;
  /** Whether what it shows is of an earlier position, and the next one is on its way. */
  readonly stale?: boolean;
  /** Behind the title. */
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of the inspector under a heading of its own. */
export function Part({ title, stale = false, controls, children }: PartProps) {
  return (
    <section class={stale ? 'inspector-part stale' : 'inspector-part'} aria-busy={stale}>
      <header>
        <h3>{title}</h3>
        {controls}
      </header>
      {children}
    </section>
  );
}
