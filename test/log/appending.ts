/** Appends: numbers, versions, ids; a part of the conformance suite. */
import { expect, it } from 'vitest';
import type { EventLog } from '../../daemon/log/log.ts';
import { EPOCH, type Suite, text } from './suite.ts';

export function appendingSuite({ log, other, booted, readAll }: Suite): void {
  it('LOG-6: texts of every kind and size come back as they were', async () => {
    const name = await booted();
    const texts = ['', '\n', '\0\u{1f600}\ud7ff\n\r\n', `{"a":"${'ä'.repeat(70_000)}"}`, 'x'.repeat(3 << 20)];
    for (const [at, body] of texts.entries()) await log().append(name, EPOCH, at + 1, { id: `t${at}`, text: body });
    const entries = await readAll(name, 1);
    expect(entries.map((e) => e.number)).toEqual([2, 3, 4, 5, 6]);
    expect(entries.map((e) => e.id)).toEqual(['t0', 't1', 't2', 't3', 't4']);
    for (const [at, body] of texts.entries()) expect(entries[at]?.text === body, `text ${at}`).toBe(true);
  });

  it('LOG-6: many writers that retry on a conflict get 1 to n with no gap and no duplicate', async () => {
    const name = await booted();
    const writers = 8;
    const each = 25;
    const numbers = await Promise.all(
      Array.from({ length: writers }, (_, w) => optimisticWriter(w % 2 ? log() : other(), name, `w${w}`, each)),
    );
    const all = numbers.flat().sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: writers * each }, (_, n) => n + 2));
    const entries = await readAll(name);
    expect(entries.map((e) => e.number)).toEqual(Array.from({ length: writers * each + 1 }, (_, n) => n + 1));
    expect(new Set(entries.map((e) => e.id)).size).toBe(entries.length);
  });

  it('LOG-6: appends that are sent without waiting for each other are kept in order', async () => {
    const name = await booted();
    const sent = Array.from({ length: 200 }, (_, n) =>
      log().append(name, EPOCH, n + 1, { id: `p${n + 2}`, text: text(n + 2) }),
    );
    const results = await Promise.all(sent);
    expect(results).toEqual(Array.from({ length: 200 }, (_, n) => ({ status: 'appended', number: n + 2 })));
    expect((await readAll(name)).every((e) => e.text === text(e.number))).toBe(true);
  });

  it('LOG-7: an append that expects another version is refused with the actual one and changes nothing', async () => {
    const name = await booted(3);
    for (const expected of [0, 1, 2, 4, 1000]) {
      const result = await log().append(name, EPOCH, expected, { id: `x${expected}`, text: 'x' });
      expect(result).toEqual({ status: 'version-conflict', head: 3 });
    }
    expect(await readAll(name)).toHaveLength(3);
    const after = await log().append(name, EPOCH, 3, { id: 'x0', text: text(4) });
    expect(after).toEqual({ status: 'appended', number: 4 });
  });

  it('LOG-8: the same command appended again yields the first result', async () => {
    const name = await booted(3);
    const entry = { id: 'c2', text: 'other text' };
    for (const expected of [0, 1, 3, 7]) {
      expect(await log().append(name, EPOCH, expected, entry)).toEqual({ status: 'duplicate', number: 2 });
    }
    expect(await log().append(name, EPOCH, 3, { id: 'boot', text: 'x' })).toEqual({ status: 'duplicate', number: 1 });
    const both = await Promise.all([3, 3].map((n) => log().append(name, EPOCH, n, { id: 'twice', text: text(4) })));
    expect(both.map((r) => r.status).sort()).toEqual(['appended', 'duplicate']);
    expect(await readAll(name)).toHaveLength(4);
  });

  it('LOG-7: of appends that are sent at once each is decided as if it came alone', async () => {
    const name = await booted(3);
    const sent = async (appends: readonly (readonly [expected: number, id: string, expectedId?: string])[]) =>
      Promise.all(appends.map(([at, id, before]) => log().append(name, EPOCH, at, { id, text: text(at + 1) }, before)));
    const appended = (number: number) => ({ status: 'appended', number });
    const duplicate = (number: number) => ({ status: 'duplicate', number });
    const conflict = (head: number) => ({ status: 'version-conflict', head });
    expect(
      await sent([
        [3, 'd4'],
        [3, 'e4'],
        [4, 'd5', 'e4'],
        [4, 'e5', 'd4'],
        [5, 'e6'],
      ]),
    ).toEqual([...[appended(4), conflict(4), conflict(4)], ...[appended(5), appended(6)]]);
    expect(
      await sent([
        [3, 'd4'],
        [4, 'e5', 'd4'],
        [5, 'e6', 'e5'],
        [6, 'f7', 'e6'],
        [7, 'e5'],
        [7, 'f8', 'f7'],
      ]),
    ).toEqual([...[duplicate(4), duplicate(5), duplicate(6)], ...[appended(7), duplicate(5), appended(8)]]);
    expect(
      await sent([
        [9, 'g'],
        [10, 'h', 'g'],
        [8, 'g', 'x'],
        [8, 'g'],
        [9, 'g'],
        [9, 'h', 'g'],
      ]),
    ).toEqual([...[conflict(8), conflict(8), conflict(8)], ...[appended(9), duplicate(9), appended(10)]]);
    expect((await readAll(name)).map((e) => e.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('LOG-26: an append, and a read, that name another commit at their position are refused', async () => {
    const name = await booted(3);
    const entry = { id: 'c4', text: text(4) };
    const conflict = { status: 'version-conflict', head: 3 };
    for (const other of ['c2', 'c4', 'nobody'])
      expect(await log().append(name, EPOCH, 3, entry, other)).toEqual(conflict);
    expect(await log().append(name, EPOCH, 3, entry, 'c3')).toEqual({ status: 'appended', number: 4 });
    expect(await log().append(name, EPOCH, 9, entry, 'nobody')).toEqual({ status: 'duplicate', number: 4 });

    const lost = { status: 'history-lost', head: 4 };
    expect(await log().read(name, EPOCH, { after: 3, afterId: 'c3' })).toMatchObject({ entries: [entry] });
    expect(await log().read(name, EPOCH, { after: 3, afterId: 'c2' })).toEqual(lost);
    expect(await log().read(name, EPOCH, { after: 4, afterId: 'nobody' })).toEqual(lost);
    expect(await log().read(name, EPOCH, { after: 5, afterId: 'c4' })).toEqual({ status: 'beyond-head', head: 4 });
  });

  it('LOG-26: the last commit is known by its id after it was trimmed as well', async () => {
    const name = await booted(3);
    await log().putSnapshot(name, EPOCH, 3, Uint8Array.of(3));
    await log().trim(name, EPOCH, 3);
    const entry = { id: 'c4', text: text(4) };
    expect(await log().append(name, EPOCH, 3, entry, 'other')).toEqual({ status: 'version-conflict', head: 3 });
    expect(await log().read(name, EPOCH, { after: 3, afterId: 'other' })).toEqual({ status: 'history-lost', head: 3 });
    expect(await log().read(name, EPOCH, { after: 3, afterId: 'c3' })).toMatchObject({ status: 'page', entries: [] });
    expect(await log().append(name, EPOCH, 3, entry, 'c3')).toEqual({ status: 'appended', number: 4 });
    await log().putSnapshot(name, EPOCH, 4, Uint8Array.of(4));
    await log().trim(name, EPOCH, 4);
    expect(await log().append(name, EPOCH, 4, { id: 'c3', text: 'again' }, 'c4')).toMatchObject({ status: 'appended' });
  });
}

async function optimisticWriter(log: EventLog, name: string, writer: string, count: number): Promise<number[]> {
  const numbers: number[] = [];
  let expected = (await log.head(name))?.head ?? 0;
  while (numbers.length < count) {
    const id = `${writer}-${numbers.length}`;
    const result = await log.append(name, EPOCH, expected, { id, text: id });
    if (result.status === 'appended') {
      numbers.push(result.number);
      expected = result.number;
    } else if (result.status === 'version-conflict') expected = result.head;
    else throw new Error(`unexpected ${result.status}`);
  }
  return numbers;
}
