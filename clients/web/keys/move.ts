/** The keyboard in the list: up and down go from row to row, right and Enter open, left closes. */
import type { Line } from '../model/queries/key-rows.ts';
import { setOpen } from './state.ts';

export function moveBy(event: KeyboardEvent, list: HTMLElement, rows: readonly Line[]): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = (event.target as Element).closest<HTMLElement>('[data-row]');
  if (row === null) return;
  const line = rows.find(({ id }) => id === row.dataset.row);
  switch (event.key) {
    case 'ArrowDown':
    case 'ArrowUp': {
      const all = [...list.querySelectorAll<HTMLElement>('[data-row]')].sort(
        (a, b) => placeOf(a, rows) - placeOf(b, rows),
      );
      all[all.indexOf(row) + (event.key === 'ArrowDown' ? 1 : -1)]
        ?.querySelector<HTMLElement>('.row-name, .address')
        ?.focus();
      break;
    }
    case 'ArrowRight':
      if (line !== undefined && line.kind !== 'site') setOpen(line.id, true);
      break;
    case 'ArrowLeft':
      if (line !== undefined && line.kind !== 'site') setOpen(line.id, false);
      break;
    case 'Enter':
      // The row's own button also chooses it.
      if (line !== undefined && line.kind !== 'site' && (event.target as Element).matches('.row-name')) {
        setOpen(line.id, true);
      }
      return;
    default:
      return;
  }
  event.preventDefault();
  event.stopPropagation();
}

const placeOf = (row: HTMLElement, rows: readonly Line[]): number => rows.findIndex(({ id }) => id === row.dataset.row);
