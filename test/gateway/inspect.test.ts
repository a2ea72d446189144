import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Daemon } from '../../daemon/daemon.ts';
import { DisassemblySchema, TraceSchema, WhySchema } from '../../protocol/inspect.ts';
import { INSTRUCTIONS_MAX } from '../../protocol/instructions.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { validator } from '../../protocol/validate.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { startMemoryDaemon } from './daemon.ts';

const FAR: Partial<MachineProfile> = JSON.parse(
  readFileSync(new URL('../../docs/examples/far.json', import.meta.url), 'utf8'),
);
const SITE = '0xffff800018000000';

let daemon: Daemon;
let client: Client;
beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  await client.boot('far', { profile: FAR });
  const { sha256 } = await client.upload(fixture('calls.ko'), 'calls.ko');
  await client.machine('far').command({ type: 'load', blob: sha256, file: 'calls.ko' });
  await client.machine('far').command({ type: 'update', key: '_printk', func: '0xffff800018000044' });
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

it('WHY-7: every answer has the form that the protocol says, at the position that was asked for', async () => {
  const far = client.machine('far');
  const newest = await far.why(SITE);
  expect(validator(WhySchema, 'why')(newest)).toMatchObject({ ok: true });
  expect([newest.position.commit, newest.writes.length]).toEqual([3, 3]);
  const before = await far.why(SITE, { at: 2 });
  expect([before.position.commit, before.writes.length]).toEqual([2, 2]);
  expect((await far.why(SITE, { at: 1 })).place.kind).toBe('free');

  const trace = await far.trace(SITE);
  expect(validator(TraceSchema, 'trace')(trace)).toMatchObject({ ok: true });
  expect(trace).toMatchObject({ branches: 1, arrives: true });
  expect(await far.trace(SITE, { at: 2 })).toMatchObject({ branches: 3, arrives: true, position: { commit: 2 } });

  const code = await far.disassembly(SITE, { count: 3 });
  expect(validator(DisassemblySchema, 'disassembly')(code)).toMatchObject({ ok: true });
  expect(code.instructions.map(({ text }) => text)[0]).toBe('bl 0xffff800018000044');
  expect(code.instructions).toHaveLength(3);
  expect((await far.disassembly(SITE, { count: 1, at: 2 })).instructions[0]?.text).toBe('bl 0xffff8000180000a4');
});

it('WHY-9: what makes no sense is refused with its code', async () => {
  const cases: readonly (readonly [path: string, status: number, code: string])[] = [
    ['/machines/far/why', 400, 'bad-command'],
    ['/machines/far/why?address=12', 400, 'bad-command'],
    ['/machines/far/why?address=0x0123456789abcdef', 400, 'bad-command'],
    [`/machines/far/why?address=${SITE}&at=x`, 400, 'bad-position'],
    [`/machines/far/why?address=${SITE}&count=3`, 400, 'bad-command'],
    [`/machines/far/why?address=${SITE}&at=9`, 409, 'position-ahead'],
    [`/machines/none/why?address=${SITE}`, 404, 'no-such-machine'],
    [`/machines/none/trace?address=${SITE}&at=1`, 404, 'no-such-machine'],
    [`/machines/..%2F/trace?address=${SITE}`, 400, 'bad-command'],
    ['/machines/far/trace?address=0xffff800008100000', 404, 'not-found'],
    [`/machines/far/trace?address=0xffff800018001000`, 400, 'bad-command'],
    [`/machines/far/disassembly?address=${SITE}&count=0`, 400, 'bad-command'],
    [`/machines/far/disassembly?address=${SITE}&count=${INSTRUCTIONS_MAX + 1}`, 400, 'bad-command'],
    ['/machines/far/disassembly?address=0xffff800008100000', 404, 'not-found'],
  ];
  for (const [path, status, code] of cases) {
    const answer = await fetch(daemon.url + path);
    expect([path, answer.status, ((await answer.json()) as { code: string }).code]).toEqual([path, status, code]);
  }
});

it('WHY-6, TRACE-5: a replayed session answers from its events, and names the file that is missing', async () => {
  const elsewhere = await startMemoryDaemon();
  const other = connect(elsewhere.url);
  try {
    await other.importSession('far', await client.machine('far').exportSession());
    const why = await other.machine('far').why(SITE);
    expect(why.writes.map(({ what }) => what)).toEqual(['patch']);
    expect(why.notes.join()).toMatch(/the file of calls \(sha256 [0-9a-f]{64}\) is not stored/);
    expect(await other.machine('far').trace(SITE, { at: 2 })).toMatchObject({ branches: 3, arrives: true });
    await expect(other.machine('far').disassembly('0xffff800018000010')).rejects.toMatchObject({
      code: 'no-such-blob',
    });
    await other.upload(fixture('calls.ko'), 'calls.ko');
    expect((await other.machine('far').why(SITE)).writes).toHaveLength(3);
  } finally {
    other.close();
    await elsewhere.close();
  }
});

it('WHY-9: many questions at once are answered or told to come again', async () => {
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => client.machine('far').why(SITE)));
  for (const answer of answers) {
    if (answer.status === 'fulfilled') expect(answer.value.writes).toHaveLength(3);
    else expect(answer.reason).toMatchObject({ code: 'too-busy', temporary: true });
  }
  expect(answers.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(64);
});
