/** What happened, in words: shown for a moment, and read out by screen readers (app/announcer.tsx). */
import { signal } from '@preact/signals';

export interface Announcement {
  readonly id: number;
  readonly text: string;
  readonly kind: 'done' | 'problem';
}

export const announcement = signal<Announcement | null>(null);
/** What is read out and not shown: it can be seen without being said. */
export const heard = signal('');
let ids = 0;

export function say(text: string, kind: Announcement['kind'] = 'done'): void {
  announcement.value = { id: ++ids, text, kind };
}

export function hear(text: string): void {
  heard.value = text;
}
