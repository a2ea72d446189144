/** Reading and following; a part of the conformance suite. */
import { expect, it } from 'vitest';
import { FollowEnded } from '../../daemon/log/errors.ts';
import { EPOCH, LATER, type Suite, text, turn } from './suite.ts';

export function readingSuite({ log, other, booted }: Suite): void {
  it('LOG-11: pages start after the position, keep to their limits and hold at least one commit', async () => {
    const name = await booted(10, () => 'x'.repeat(100));
    const numbers = async (after: number, limit?: number, maxBytes?: number): Promise<readonly number[]> => {
      const page = await log().read(name, EPOCH, {
        after,
        ...(limit === undefined ? {} : { limit }),
        ...(maxBytes === undefined ? {} : { maxBytes }),
      });
      expect(page).toMatchObject({ status: 'page', head: 10 });
      return page.status === 'page' ? page.entries.map((e) => e.number) : [];
    };
    expect(await numbers(0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await numbers(7)).toEqual([8, 9, 10]);
    expect(await numbers(10)).toEqual([]);
    expect(await numbers(2, 3)).toEqual([3, 4, 5]);
    expect(await numbers(2, 9, 250)).toEqual([3, 4]);
    expect(await numbers(2, 9, 300)).toEqual([3, 4, 5]);
    expect(await numbers(4, 9, 1)).toEqual([5]);
  });

  it('LOG-12: a position beyond the head is refused', async () => {
    const name = await booted(2);
    expect(await log().read(name, EPOCH, { after: 3 })).toEqual({ status: 'beyond-head', head: 2 });
    expect(await log().read(name, EPOCH, { after: 2 })).toEqual({ status: 'page', entries: [], head: 2 });
  });

  it('LOG-13: a follower gets what is there, then what comes, in order, once', async () => {
    const name = await booted(300);
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const page of log().follow(name, EPOCH, 5, stop.signal)) {
        for (const entry of page) seen.push(entry.number);
        if (seen.at(-1) === 400) stop.abort();
      }
    })();
    for (let n = 300; n < 400; n++) {
      const writer = n % 2 ? log() : other();
      await writer.append(name, EPOCH, n, { id: `f${n}`, text: text(n + 1) });
    }
    await following;
    expect(seen).toEqual(Array.from({ length: 395 }, (_, n) => n + 6));
  });

  it('LOG-13: many followers of many machines each get their own commits', async () => {
    const names = [await booted(), await booted(), await booted()];
    const stop = new AbortController();
    const follow = async (name: string): Promise<readonly string[]> => {
      const texts: string[] = [];
      for await (const page of log().follow(name, EPOCH, 1, stop.signal)) {
        texts.push(...page.map((e) => e.text));
        if (texts.length === 20) break;
      }
      return texts;
    };
    const followers = names.flatMap((name) => [follow(name), follow(name), follow(name)]);
    await Promise.all(
      names.map(async (name) => {
        for (let n = 1; n <= 20; n++) await other().append(name, EPOCH, n, { id: `m${n}`, text: `${name} ${n}` });
      }),
    );
    for (const [at, texts] of (await Promise.all(followers)).entries()) {
      const name = names[Math.floor(at / 3)];
      expect(texts).toEqual(Array.from({ length: 20 }, (_, n) => `${name} ${n + 1}`));
    }
  });

  it('LOG-14: a follower that waits ends when it is aborted', async () => {
    const name = await booted(2);
    const stop = new AbortController();
    const pages = log().follow(name, EPOCH, 0, stop.signal)[Symbol.asyncIterator]();
    expect((await pages.next()).value).toHaveLength(2);
    const waiting = pages.next();
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const early = log().follow(name, EPOCH, 0, AbortSignal.abort())[Symbol.asyncIterator]();
    expect(await early.next()).toEqual({ done: true, value: undefined });
  });

  it('LOG-14: a follower of a machine that is removed, or created again, is told so', async () => {
    const name = await booted(1);
    const forever = new AbortController().signal;
    const waiting = log().follow(name, EPOCH, 1, forever)[Symbol.asyncIterator]();
    const failed = expect(waiting.next()).rejects.toMatchObject({ reason: { status: 'no-such-machine' } });
    await turn();
    await other().remove(name, EPOCH);
    await failed;

    await log().create(name, LATER, { id: 'boot', text: text(1) });
    const stale = log().follow(name, EPOCH, 1, forever)[Symbol.asyncIterator]();
    const refused = stale.next();
    await expect(refused).rejects.toBeInstanceOf(FollowEnded);
    await expect(refused).rejects.toMatchObject({ reason: { status: 'epoch-changed', epoch: LATER } });
  });

  it('LOG-15: a follower that is not read stays where it is and goes on from there', async () => {
    const name = await booted(3);
    const stop = new AbortController();
    const pages = log().follow(name, EPOCH, 0, stop.signal)[Symbol.asyncIterator]();
    expect((await pages.next()).value).toHaveLength(3);
    const body = 'x'.repeat(100_000);
    for (let n = 3; n < 33; n++) await log().append(name, EPOCH, n, { id: `s${n}`, text: body });
    const page = await pages.next();
    expect(page.value?.[0]?.number).toBe(4);
    expect(page.value?.length).toBeLessThanOrEqual(10);
    stop.abort();
  });
}
