/** One of the page's parts: a named region with a heading, and room for its controls. */
import type { ComponentChildren } from 'preact';

export interface PanelProps {
  readonly id: string;
  readonly title: string;
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ id, title, controls, children }: PanelProps) {
  return (
    <section class={`panel panel-${id}`} id={id} tabIndex={-1} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {controls}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}
