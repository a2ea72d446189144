/** What of the keys is open, and which of them are looked for. It outlives the panel, not the page. */
import { signal } from '@preact/signals';
import type { KeySort } from '../model/queries/key-rows.ts';

/** Row ids. */
export const open = signal<ReadonlySet<string>>(new Set());
export const search = signal('');
export const sort = signal<KeySort>('name');

export function setOpen(id: string, is: boolean): void {
  if (open.value.has(id) === is) return;
  const next = new Set(open.value);
  if (is) next.add(id);
  else next.delete(id);
  open.value = next;
}

export function openAll(ids: readonly string[]): void {
  if (ids.some((id) => !open.value.has(id))) open.value = new Set([...open.value, ...ids]);
}
