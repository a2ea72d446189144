import { readFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, ClientError, connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { COMPARISONS } from '../../daemon/limits.ts';
import type { ComparedLine } from '../../protocol/compare/form.ts';
import { type ForkBody, LoadedFileSchema } from '../../protocol/fork.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { validator } from '../../protocol/validate.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { startMemoryDaemon } from './daemon.ts';

const FAR: Partial<MachineProfile> = JSON.parse(
  readFileSync(new URL('../../docs/examples/far.json', import.meta.url), 'utf8'),
);

let daemon: Daemon;
let client: Client;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  await client.boot('far', { profile: FAR });
  const far = client.machine('far');
  for (const name of ['calls.ko', 'hello.ko']) {
    const { sha256 } = await client.upload(fixture(name), name);
    await far.command({ type: 'load', blob: sha256, file: name });
  }
  await far.command({ type: 'update', key: '_printk', func: '0xffff800018000044' });
  await far.command({ type: 'bookmark', name: 'updated' });
  await far.command({ type: 'unload', module: 'hello' });
  // Long enough for a fork of it to be under way.
  for (let n = 0; n < 3000; n += 250) {
    await Promise.all(Array.from({ length: 250 }, () => far.command({ type: 'unload', module: 'nobody' })));
  }
}, 120_000);
afterAll(async () => {
  client.close();
  await daemon.close();
});

const summaryOf = async (lines: AsyncIterable<ComparedLine>) => {
  let last: ComparedLine | undefined;
  for await (const line of lines) last = line;
  if (last === undefined || !('summary' in last)) throw new Error('expected a summary');
  return last.summary;
};

it('FORK-15: progress comes in lines, then what became of it; the view says where it is from', async () => {
  const told: number[] = [];
  const body: ForkBody = { as: 'poison', at: '@updated', changes: { profile: { staticCall: 'inline-poison' } } };
  const forked = await client.machine('far').fork(body, ({ done, of }) => {
    told.push(done);
    expect(of).toBe(4);
  });
  expect(told).toEqual([0]);
  expect(forked).toMatchObject({ repeated: false, position: { commit: 4 }, counts: { decided: 4, refused: 0 } });
  const { view } = await client.machine('poison').view();
  expect(view.fork).toMatchObject({ from: { machine: 'far', commit: 4 }, changes: body.changes, refused: 0 });
  const summary = await summaryOf(client.machine('far').compare('poison', { at: '@updated', lines: 'none' }));
  expect(summary).toMatchObject({ commands: [4, 4], failsNow: { count: 0 } });
  expect(summary.figures[1].strays).toBeGreaterThan(0);
  const long: number[] = [];
  const whole = await client.machine('far').fork({ as: 'long', changes: {} }, ({ done }) => long.push(done));
  expect(long.length).toBeGreaterThan(10);
  expect(long).toEqual([...long].sort((a, b) => a - b));
  expect(whole.counts.copied).toBe(whole.position.commit);
  const digests = await Promise.all(
    ['far', 'long'].map(async (name) => viewDigest(viewFromJson((await client.machine(name).view()).view))),
  );
  expect(digests[0]).toBe(digests[1]);
});

it('FORK-12, FORK-15: what can be known before is refused with its status', async () => {
  const ask = async (body: unknown, machine = 'far') => {
    const answer = await fetch(`${daemon.url}/machines/${machine}/fork`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };
  expect(await ask({ as: 'f', changes: {} }, 'nobody')).toEqual([404, 'no-such-machine']);
  expect(await ask({ as: 'F', changes: {} })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f' })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f', changes: { flavour: 'literal' } })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f', changes: { profile: { staticCall: 'sideways' } } })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f', changes: { profile: { staticCall: 'inline' } } })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f', changes: { with: [{ blob: 'x' }] } })).toEqual([400, 'bad-command']);
  expect(await ask({ as: 'f', at: '1_000', changes: {} })).toEqual([400, 'bad-position']);
  expect(await ask({ as: 'f', at: '999999', changes: {} })).toEqual([409, 'position-ahead']);
  expect(await ask({ as: 'far', changes: {} })).toEqual([409, 'machine-exists']);
  expect(await ask({ as: 'f', changes: { with: [{ blob: 'f'.repeat(64) }] } })).toEqual([404, 'no-such-blob']);
  expect(await ask({ as: 'f', changes: { without: ['nobody2'] } })).toEqual([404, 'no-such-module']);
  expect((await fetch(`${daemon.url}/machines/f`)).status).toBe(404);
});

it('FORK-15: a refusal after the first line is the last line', async () => {
  let began = false;
  const refused = client.machine('far').fork({ as: 'late', changes: {} }, () => {
    // Somebody else takes the name while the fork is under way.
    if (!began) void client.boot('late');
    began = true;
  });
  await expect(refused).rejects.toThrow(ClientError);
  await expect(refused).rejects.toMatchObject({ code: 'machine-exists', temporary: false });
  expect(began).toBe(true);
});

it('FORK-2: a client that goes away takes its fork along', async () => {
  const { port } = new URL(daemon.url);
  const body = JSON.stringify({ as: 'lost', changes: { kaslrSeed: 3 } });
  const socket = connectSocket(Number(port), '127.0.0.1');
  socket.write(
    `POST /machines/far/fork HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let heard = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      heard += String(data);
      if (heard.includes('"done":0')) resolve();
    });
  });
  socket.destroy();
  // Forks take turns: when the next one is done the lost one is over.
  await client.machine('far').fork({ as: 'next', at: '2', changes: {} });
  expect((await fetch(`${daemon.url}/machines/lost`)).status).toBe(404);
  const again = await client.machine('far').fork({ as: 'lost', changes: { kaslrSeed: 3 } });
  expect(again.repeated).toBe(false);
});

it('FORK-12: the files that a log names, up to a position', async () => {
  const files = await client.machine('far').files();
  for (const file of files) expect(validator(LoadedFileSchema, 'file')(file)).toMatchObject({ ok: true });
  expect(files.map(({ file, loads, stored }) => [file, loads, stored])).toEqual([
    ['calls.ko', 1, true],
    ['hello.ko', 1, true],
  ]);
  expect(await client.machine('far').files({ at: 2 })).toHaveLength(1);
});

it('CMP-7, CMP-10: lines are those that were asked for; what makes no sense is refused', async () => {
  const far = client.machine('far');
  await far.fork({ as: 'literal', changes: { profile: { staticCall: 'literal' } } });
  const count = async (lines: 'none' | 'changed' | 'all') => {
    let all = 0;
    for await (const _ of far.compare('literal', { lines })) all++;
    return all;
  };
  expect([await count('none'), await count('all')]).toEqual([1, 3007]);
  expect(await count('changed')).toBeLessThan(10);
  // A comparison that nobody reads to its end is under way until its client lets go.
  const open: AsyncIterator<ComparedLine>[] = [];
  for (let n = 0; n < COMPARISONS; n++) {
    const lines = far.compare('literal', { lines: 'all' })[Symbol.asyncIterator]();
    await lines.next();
    open.push(lines);
  }
  await expect(summaryOf(far.compare('literal'))).rejects.toMatchObject({ code: 'too-busy', temporary: true });
  await Promise.all(open.map((lines) => lines.return?.()));
  await expect.poll(() => count('none').catch(() => 0)).toBe(1);
  await expect(summaryOf(far.compare('nobody'))).rejects.toMatchObject({ code: 'no-such-machine' });
  await expect(summaryOf(far.compare('literal', { withAt: 99999 }))).rejects.toMatchObject({ code: 'position-ahead' });
  expect((await fetch(`${daemon.url}/machines/far/compare`)).status).toBe(400);
});
