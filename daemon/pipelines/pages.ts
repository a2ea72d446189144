/**
 * Pages of logs that many readers want at about the same time: after a restart a thousand watchers resume from the same
 * place. What was read a moment ago is read, and made into frames, once.
 */
import { PAGES_BYTES } from '../limits.ts';
import { StoreError } from '../log/errors.ts';
import { type EventLog, PAGE_BYTES, type ReadRefusal } from '../log/log.ts';
import { type Batch, batch } from './batch.ts';

export type Page = { readonly status: 'page'; readonly batch: Batch } | ReadRefusal;

export interface Pages {
  /** What follows commit `after`, about `share` bytes of it; empty at the head. A StoreError is given, not thrown. */
  read(machine: string, epoch: string, after: number, share: number): Promise<Page | StoreError>;
}

/** `share` differs a little from moment to moment: pages are of a size that many ask for. */
const sizeOf = (share: number): number => Math.min(PAGE_BYTES, 2 ** Math.floor(Math.log2(Math.max(1, share))));

export function openPages(log: EventLog): Pages {
  const underWay = new Map<string, Promise<Page | StoreError>>();
  /** Least recently used first. */
  const kept = new Map<string, { readonly page: Page; readonly bytes: number }>();
  let bytes = 0;

  async function load(machine: string, epoch: string, after: number, maxBytes: number): Promise<Page | StoreError> {
    try {
      const found = await log.read(machine, epoch, { after, maxBytes });
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

  return {
    async read(machine, epoch, after, share) {
      const maxBytes = sizeOf(share);
      const key = `${machine} ${epoch} ${after} ${maxBytes}`;
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key);
        kept.set(key, known);
        return known.page;
      }
      const pending = underWay.get(key);
      if (pending !== undefined) return pending;
      const loading = load(machine, epoch, after, maxBytes);
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
