/** Facts in two columns: what, and its value. */
import type { ComponentChildren } from 'preact';
import { copy } from '../ui/copy.ts';

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <dl class="facts-grid">{children}</dl>;
}

export interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

export function Fact({ name, children }: FactProps) {
  return (
    <div>
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
      ⧉
    </button>
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
