/**
 * Pages of logs that many readers want at about the same time: after a restart a thousand watchers resume from the same
 * place. What was read a moment ago is read, and made into frames, once.
 */
import { PAGES_BYTES } from '../limits.ts';
import { StoreError } from '../log/errors.ts';
import { type EventLog, PAGE_BYTES, type ReadRefusal } from '../log/log.ts';
import { type Batch, batch, type Cursor } from './batch.ts';

export type Page = { readonly status: 'page'; readonly batch: Batch } | ReadRefusal;

export interface Pages {
  /** What follows `cursor`, about `share` bytes of it; empty at the head. A StoreError is given, not thrown. */
  read(machine: string, epoch: string, cursor: Cursor, share: number): Promise<Page | StoreError>;
}

/** `share` differs a little from moment to moment: pages are of a size that many ask for. */
const sizeOf = (share: number): number => Math.min(PAGE_BYTES, 2 ** Math.floor(Math.log2(Math.max(1, share))));

export function openPages(log: EventLog): Pages {
  const underWay = new Map<string, Promise<Page | StoreError>>();
  /** Least recently used first. */
  const kept = new Map<string, { readonly page: Page; readonly bytes: number }>();
  let bytes = 0;

  async function load(machine: string, epoch: string, at: Cursor, maxBytes: number): Promise<Page | StoreError> {
    try {
      const found = await log.read(machine, epoch, { after: at.commit, afterId: at.id, maxBytes });
      if (found.status === 'history-lost') forget(machine);
      return found.status === 'page' ? { status: 'page', batch: batch(epoch, found.entries) } : found;
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
  }

  function keep(key: string, page: Page | StoreError): void {
    if (page instanceof StoreError || page.status !== 'page' || page.batch.entries.length === 0) return;
    // Twice: the text, and the frame made of it.
    const size = 2 * page.batch.entries.reduce((sum, { text }) => sum + text.length, 0);
    kept.set(key, { page, bytes: size });
    bytes += size;
    for (const [oldest, { bytes: freed }] of kept) {
      if (bytes <= PAGES_BYTES) break;
      kept.delete(oldest);
      bytes -= freed;
    }
  }

  /** What was kept of a machine may be of the history that it lost. */
  function forget(machine: string): void {
    for (const [key, page] of kept) {
      if (!key.startsWith(`${machine} `)) continue;
      kept.delete(key);
      bytes -= page.bytes;
    }
  }

  return {
    async read(machine, epoch, cursor, share) {
      const maxBytes = sizeOf(share);
      const key = `${machine} ${epoch} ${cursor.commit} ${cursor.id ?? ''} ${maxBytes}`;
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known.page;
      }
      const pending = underWay.get(key);
      if (pending !== undefined) return pending;
      const loading = load(machine, epoch, cursor, maxBytes);
      underWay.set(key, loading);
      try {
        const page = await loading;
        if (!kept.has(key)) keep(key, page);
        return page;
      } finally {
        underWay.delete(key);
      }
    },
  };
}
