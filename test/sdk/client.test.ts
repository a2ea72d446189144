import { once } from 'node:events';
import { createServer } from 'node:http';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Client, ClientError, connect, type FeedItem, type MachineHandle } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewJson } from '../../protocol/view/json.ts';
import { manifestBytes, startMemoryDaemon } from '../gateway/daemon.ts';
import { startProxy } from './proxy.ts';

let daemon: Daemon;
let client: Client;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

async function failure(promise: Promise<unknown>): Promise<ClientError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClientError)) throw new Error(`expected a ClientError, found ${String(error)}`);
  return error;
}

async function busy(machine: MachineHandle, count: number, tag = 'u'): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, n) => machine.command({ type: 'unload', module: 'none' }, { id: `${tag}${n}` })),
  );
}

async function takeUntil(machine: MachineHandle, commit: number, each: (item: FeedItem) => unknown = () => {}) {
  const numbers: number[] = [];
  for await (const item of machine.commits()) {
    if (item.kind === 'commit') numbers.push(item.position.commit);
    await each(item);
    if (item.position.commit === commit) break;
  }
  return numbers;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, n) => n + 1);

it('CMD-1, VIEW-1, SES-10: boot, upload, load, view, export, import, remove', async () => {
  await client.boot('all', {}, { id: 'all-1' });
  expect((await client.boot('all', {}, { id: 'all-1' })).repeated).toBe(true);
  const { sha256, name } = await client.upload(manifestBytes('one'), 'one.json');
  expect([name, await client.hasBlob(sha256), await client.hasBlob('0'.repeat(64))]).toEqual(['one', true, false]);
  const machine = client.machine('all');
  const { position, commit } = await machine.command({ type: 'load', blob: sha256, file: 'one.json' });
  expect(commit.events.at(-1)).toMatchObject({ type: 'MemoryFreed', module: 'one' });
  expect(await client.machines()).toContainEqual({ name: 'all', position });

  const view = emptyView();
  const items = await firstValueFrom(machine.commits().observable.pipe(take(3), toArray()));
  for (const item of items) if (item.kind === 'commit') fold(view, item.commit);
  expect(items.at(-1)).toEqual({ kind: 'live', position });
  expect((await machine.view()).view).toEqual(JSON.parse(JSON.stringify(viewJson(view))));
  expect((await machine.view({ at: 1 })).view.modules).toEqual([]);

  const file = await machine.exportSession();
  expect((await client.importSession('again', file)).position.commit).toBe(2);
  expect((await client.machine('again').view()).view).toEqual((await machine.view()).view);
  await client.machine('again').remove();
  expect((await failure(client.machine('again').summary())).code).toBe('no-such-machine');
});

it('CMD-7: recorded commits are appended through the client', async () => {
  const machine = client.machine('all');
  const commits = [];
  for await (const item of machine.commits()) {
    if (item.kind === 'live') break;
    commits.push(item.commit);
  }
  const copy = client.machine('copy');
  const { position } = await copy.append(null, commits.slice(0, 1));
  expect((await copy.append(position, commits.slice(1))).position.commit).toBe(commits.length);
  expect((await failure(copy.append(position, commits.slice(0, 1)))).code).toBe('version-conflict');
});

it('CMD-3: what the daemon refuses is a ClientError with its code', async () => {
  expect(await failure(client.boot('all'))).toMatchObject({ code: 'machine-exists', temporary: false });
  const nobody = client.machine('nobody');
  expect((await failure(nobody.command({ type: 'unload', module: 'x' }))).code).toBe('no-such-machine');
  expect((await failure(takeUntil(nobody, 1))).code).toBe('no-such-machine');
  expect((await failure(takeUntil(client.machine('Not A Name'), 1))).code).toBe('bad-frame');
  expect((await failure(client.machine('Not A Name').command({ type: 'unload', module: 'x' }))).code).toBe('bad-frame');
  expect((await failure(client.machine('all').command({ type: 'unload', module: '' }))).code).toBe('bad-command');
});

it('SUB-10: cut connections cost a feed nothing, and commands happen once', async () => {
  const proxy = await startProxy(daemon.url);
  const shaky = connect(proxy.url);
  const machine = shaky.machine('shaky');
  await shaky.boot('shaky');
  const numbers = takeUntil(machine, 301);
  const observed = firstValueFrom(machine.commits({ from: 'start' }).observable.pipe(take(301), toArray()));
  const cutting = setInterval(() => proxy.cut(), 20);
  for (let round = 0; round < 30; round++) await busy(machine, 10, `r${round}-`);
  clearInterval(cutting);
  expect(await numbers).toEqual(upTo(301));
  expect((await observed).filter((item) => item.kind === 'commit').length).toBeGreaterThan(250);
  expect((await client.machine('shaky').summary()).position.commit).toBe(301);
  shaky.close();
  await proxy.close();
}, 30_000);

it('SUB-10: a feed that the daemon has no room for now waits until it has', async () => {
  const full = await startMemoryDaemon(0, { limits: { subscriptions: 1 } });
  const [first, second] = [connect(full.url), connect(full.url)];
  try {
    await first.boot('narrow');
    const items: FeedItem[] = [];
    const open = first.machine('narrow').commits().observable.subscribe();
    await first.machine('narrow').command({ type: 'unload', module: 'nobody' });
    const waiting = second
      .machine('narrow')
      .commits()
      .observable.subscribe((item) => items.push(item));
    await second.machine('narrow').command({ type: 'unload', module: 'none' });
    expect(items).toEqual([]);
    open.unsubscribe();
    await expect
      .poll(() => items.map(({ kind }) => kind), { timeout: 20_000 })
      .toEqual(['commit', 'commit', 'commit', 'live']);
    waiting.unsubscribe();
  } finally {
    first.close();
    second.close();
    await full.close();
  }
});

it('SUB-10: a machine that was made anew in the meantime ends the feed with an error', async () => {
  const proxy = await startProxy(daemon.url);
  const shaky = connect(proxy.url);
  await client.boot('anew');
  const feed = failure(takeUntil(shaky.machine('anew'), 99));
  await expect.poll(() => firstValueFrom(shaky.state)).toBe('open');
  proxy.refuse(true);
  proxy.cut();
  await client.machine('anew').remove();
  await client.boot('anew');
  proxy.refuse(false);
  expect((await feed).code).toMatch(/epoch-changed|no-such-machine/);
  shaky.close();
  await proxy.close();
});

it('SUB-11: a slow consumer lets go and comes back, with every commit once', async () => {
  await client.boot('slow');
  const machine = client.machine('slow');
  for (let round = 0; round < 24; round++) await busy(machine, 128, `s${round}-`);
  let waits = 0;
  const numbers = await takeUntil(machine, 1 + 24 * 128, async () => {
    if (waits++ % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  expect(numbers).toEqual(upTo(1 + 24 * 128));
}, 30_000);

it('SUB-10: a server that skips or repeats a commit is found out', async () => {
  const commit = (number: number) => ({ v: 1, number, time: 0, id: `c${number}`, command: {}, events: [] });
  for (const numbers of [[1, 3], [1, 1], [2]]) {
    const http = createServer().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const sockets = new WebSocketServer({ server: http });
    sockets.on('connection', (socket) => {
      const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
      send({ type: 'hello' });
      socket.once('message', () => {
        send({ type: 'subscribed', subscription: 1, position: { epoch: 'e1234567', commit: 0 } });
        send({ type: 'commits', subscription: 1, epoch: 'e1234567', commits: numbers.map(commit) });
      });
    });
    const address = http.address();
    const liar = connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    expect((await failure(takeUntil(liar.machine('m'), 9))).code).toBe('gap');
    liar.close();
    sockets.close();
    http.close();
  }
});

it('HTTP-6: an answer that is cut off, or is no JSON, is a ClientError', async () => {
  const http = createServer((request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    if (request.url?.endsWith('/whole')) response.end('<!doctype html>'.padEnd(1000));
    else response.write('[{"name":', () => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  const broken = connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  const cut = { code: 'unreachable', temporary: true };
  expect(await failure(broken.machines())).toMatchObject(cut);
  const chunks = await broken.machine('m').exportSession();
  const read = async (): Promise<void> => {
    for await (const _ of chunks);
  };
  expect(await failure(read())).toMatchObject(cut);
  expect(await failure(broken.machine('whole').summary())).toMatchObject({ code: 'bad-answer', temporary: false });
  broken.close();
  http.close();
});

it('SUB-10: without a daemon, calls fail when patience is over, and a closed client says so', async () => {
  const nobody = connect('http://127.0.0.1:9', { patience: 100 });
  expect(await failure(nobody.machines())).toMatchObject({ code: 'unreachable', temporary: true });
  expect((await failure(nobody.boot('m'))).code).toBe('unreachable');
  expect((await failure(takeUntil(nobody.machine('m'), 1))).code).toBe('unreachable');
  const waiting = failure(nobody.boot('m'));
  nobody.close();
  expect((await waiting).code).toBe('closed');
  expect((await failure(nobody.boot('m'))).code).toBe('closed');
});
