/** A feed that is watched for days. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EMPTY } from 'rxjs';
import { expect, it } from 'vitest';
import { until } from '../../clients/cli/following.ts';
import type { FeedItem } from '../../clients/sdk/types.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function* items(count: number): AsyncGenerator<FeedItem, void, undefined> {
  for (let commit = 0; commit < count; commit++) {
    await new Promise(setImmediate);
    yield { kind: 'live', position: { epoch: 'epoch000001', commit } };
  }
}
const feed = (count: number) => ({ observable: EMPTY, [Symbol.asyncIterator]: () => items(count) });

it('SUB-11: what was shown is let go of', async () => {
  const seen: WeakRef<FeedItem>[] = [];
  const watching = until(new AbortController().signal, feed(100));
  for (let i = 0; i < 50; i++) {
    const { value } = await watching.next();
    if (value) seen.push(new WeakRef(value));
  }
  await new Promise(setImmediate);
  collect();
  expect(seen.length).toBe(50);
  expect(seen.filter((item) => item.deref() !== undefined).length).toBeLessThan(5);
  await watching.return();
});

it('SUB-11: an interruption ends it, also while nothing comes', async () => {
  const interruption = new AbortController();
  const silent = { observable: EMPTY, [Symbol.asyncIterator]: () => silence() };
  const watching = until(interruption.signal, silent);
  const next = watching.next();
  interruption.abort();
  expect(await next).toEqual({ value: undefined, done: true });
});

async function* silence(): AsyncGenerator<FeedItem, void, undefined> {
  await new Promise(() => {});
}
