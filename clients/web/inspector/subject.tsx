/** The head of the inspector: what is chosen, its name, and a sentence for somebody who meets such a thing for the first time. */
import type { ComponentChildren } from 'preact';

export interface SubjectProps {
  readonly kind: string;
  readonly words?: string | undefined;
  /** The name with what belongs to it. */
  readonly name?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function Subject({ kind, words, name, children }: SubjectProps) {
  return (
    <div class="subject">
      {name !== undefined && <p class="subject-name">{name}</p>}
      <p class="subject-kind">
        <strong>{kind}</strong>
        {words !== undefined && ` ${words}`}
      </p>
      {children}
    </div>
  );
}
