/** Snapshots and trimming; a part of the conformance suite. */
import { expect, it } from 'vitest';
import { EPOCH, LATER, type Suite, text } from './suite.ts';

export function trimmingSuite({ log, booted, readAll }: Suite): void {
  it('LOG-16: the latest snapshot at or before a commit comes back as it was', async () => {
    const name = await booted(10);
    const bytes = (n: number): Uint8Array => Uint8Array.from({ length: 1000 }, (_, i) => (i * n) & 255);
    expect(await log().latestSnapshot(name, EPOCH, 10)).toBeUndefined();
    for (const n of [8, 3, 5]) expect(await log().putSnapshot(name, EPOCH, n, bytes(n))).toEqual({ status: 'stored' });
    expect(await log().latestSnapshot(name, EPOCH, 2)).toBeUndefined();
    for (const [at, number] of [
      [3, 3],
      [4, 3],
      [7, 5],
      [10, 8],
      [5000, 8],
    ] as const) {
      const snapshot = await log().latestSnapshot(name, EPOCH, at);
      expect(snapshot?.number).toBe(number);
      expect(Buffer.compare(snapshot?.bytes ?? Buffer.alloc(0), bytes(number))).toBe(0);
    }
    await log().putSnapshot(name, EPOCH, 5, bytes(99));
    expect(await log().snapshots(name, EPOCH)).toEqual([3, 5, 8]);
    expect(await log().snapshots(name, LATER)).toEqual([]);
    const replaced = await log().latestSnapshot(name, EPOCH, 6);
    expect(Buffer.compare(replaced?.bytes ?? Buffer.alloc(0), bytes(99))).toBe(0);
    expect(await log().putSnapshot(name, EPOCH, 11, bytes(1))).toEqual({ status: 'beyond-head', head: 10 });
  });

  it('LOG-17: trimming removes nothing that has no snapshot', async () => {
    const name = await booted(20);
    expect(await log().trim(name, EPOCH, 15)).toEqual({ status: 'trimmed', first: 1 });
    await log().putSnapshot(name, EPOCH, 4, Uint8Array.of(4));
    await log().putSnapshot(name, EPOCH, 9, Uint8Array.of(9));
    await log().putSnapshot(name, EPOCH, 18, Uint8Array.of(18));
    expect(await log().trim(name, EPOCH, 15)).toEqual({ status: 'trimmed', first: 10 });
    expect(await log().head(name)).toEqual({ name, epoch: EPOCH, first: 10, head: 20 });
    expect((await readAll(name, 9)).map((e) => e.number)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect((await log().latestSnapshot(name, EPOCH, 12))?.number).toBe(9);
    expect(await log().latestSnapshot(name, EPOCH, 8)).toBeUndefined();
    expect(await log().snapshots(name, EPOCH)).toEqual([9, 18]);
    expect(await log().trim(name, EPOCH, 3)).toEqual({ status: 'trimmed', first: 10 });
  });

  it('LOG-17: a log that was trimmed whole goes on numbering', async () => {
    const name = await booted(3);
    await log().putSnapshot(name, EPOCH, 3, Uint8Array.of(3));
    expect(await log().trim(name, EPOCH, 1000)).toEqual({ status: 'trimmed', first: 4 });
    expect(await log().read(name, EPOCH, { after: 3 })).toEqual({ status: 'page', entries: [], head: 3 });
    expect(await log().append(name, EPOCH, 3, { id: 'n', text: text(4) })).toEqual({ status: 'appended', number: 4 });
    expect((await readAll(name, 3)).map((e) => e.number)).toEqual([4]);
  });

  it('LOG-18: who asks for what was trimmed is told where the log starts', async () => {
    const name = await booted(10);
    await log().putSnapshot(name, EPOCH, 6, Uint8Array.of(6));
    await log().trim(name, EPOCH, 6);
    for (const after of [0, 3, 5]) {
      expect(await log().read(name, EPOCH, { after })).toEqual({ status: 'trimmed', first: 7 });
    }
    const forever = new AbortController().signal;
    const pages = log().follow(name, EPOCH, 2, forever)[Symbol.asyncIterator]();
    await expect(pages.next()).rejects.toMatchObject({ reason: { status: 'trimmed', first: 7 } });
  });
}
