/** Names that go somewhere: a module, a section, a key, a commit. What the pointer is on lights everywhere. */
import { count } from '../../../protocol/count.ts';
import { goTo, hover, select, selection } from '../state/app.ts';
import type { Selection } from '../state/selection.ts';
import { selectionText } from '../state/selection-text.ts';
import { lights } from '../ui/lights.ts';

export interface LinkProps {
  readonly to: Selection;
  readonly children: string;
  readonly tabIndex?: 0 | -1;
}

export function Link({ to, children, tabIndex = 0 }: LinkProps) {
  const on = lights(to);
  const text = selectionText(to);
  const lit = [hover.value, selection.value].some((one) => one !== null && selectionText(one) === text);
  return (
    <button
      type="button"
      class={lit ? 'link lit' : 'link'}
      tabIndex={tabIndex}
      title={`Inspect ${children}`}
      onClick={() => select(to)}
      {...on}
    >
      {children}
    </button>
  );
}

export const VMLINUX = 'vmlinux';

/** vmlinux is no module: its name goes nowhere. */
export function OwnerLink({ name }: { readonly name: string }) {
  return name === VMLINUX ? <span class="mono">{name}</span> : <Link to={{ kind: 'module', name }}>{name}</Link>;
}

export function KeyLink({ name }: { readonly name: string }) {
  return <Link to={{ kind: 'key', name }}>{name}</Link>;
}

/** Goes to the position after a commit. */
export function CommitLink({ commit }: { readonly commit: number }) {
  return (
    <button type="button" class="link number" title={`Go to commit ${commit}`} onClick={() => goTo(commit)}>
      #{count(commit)}
    </button>
  );
}
