import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { type Intake, type SourceFile, takeIn } from '../../../clients/web/actions/intake.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { manifestBytes, startMemoryDaemon } from '../../gateway/daemon.ts';

const SESSION = new URL('../../../sessions/tour-near.veneer.jsonl.gz', import.meta.url);
const VERMAGIC = '6.1.0-fixture SMP mod_unload aarch64';

let daemon: Daemon;
let client: Client;
let machines = 0;

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

function file(name: string, bytes: Uint8Array): SourceFile {
  const copy = bytes.slice().buffer as ArrayBuffer;
  return { name, size: bytes.length, arrayBuffer: async () => copy };
}
const ko = (name: string): SourceFile => file(name, fixture(name));

/** A machine that exports nothing but what is named: what is missing is missing. */
async function closedMachine(): Promise<string> {
  const name = `closed${machines++}`;
  const symbols = { _printk: '0xffff800008100000', printk: '0xffff800008100000' } as const;
  const profile = { vermagic: VERMAGIC, symbols } as const;
  await client.boot(name, { preset: 'arm64-6.1', profile });
  return name;
}

interface Told {
  readonly intake: Intake;
  readonly steps: readonly Intake[];
}

async function take(
  files: readonly SourceFile[],
  machine: string | null,
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Told> {
  const stop = new AbortController();
  const steps: Intake[] = [];
  const tell = (now: Intake): void => {
    steps.push(now);
    if (steps.length >= stopAfter) stop.abort();
  };
  return { intake: await takeIn(files, { client, machine, signal: stop.signal, tell }), steps };
}

const states = ({ files }: Intake) => Object.fromEntries(files.map(({ file: name, state }) => [name, state]));

describe('modules', () => {
  it('PAGE-63: modules that need one another load in an order that lets all of them in', async () => {
    const machine = await closedMachine();
    const { intake } = await take([ko('chain-c.ko'), ko('chain-b.ko'), ko('chain-a.ko')], machine);
    expect(states(intake)).toEqual({ 'chain-c.ko': 'done', 'chain-b.ko': 'done', 'chain-a.ko': 'done' });
    const { view } = await client.machine(machine).view();
    expect(view.modules.map(({ name }) => name)).toEqual(['chain_a', 'chain_b', 'chain_c']);
    expect(view.failures).toEqual([]);
  });

  it('PAGE-63: one that misses a symbol is tried again after the others, as long as another gets in', async () => {
    const machine = await closedMachine();
    const manifest = (name: string, more: object): SourceFile => {
      const plain = JSON.parse(new TextDecoder().decode(manifestBytes(name))) as object;
      return file(`${name}.json`, new TextEncoder().encode(JSON.stringify({ ...plain, ...more })));
    };
    const exporting = { exports: [{ name: 'first_fn', section: '.text', offset: 0 }] };
    const files = [
      manifest('second', { imports: ['first_fn'] }),
      manifest('first', exporting),
      ko('unknown-symbol.ko'),
    ];
    const { intake } = await take(files, machine);
    expect(states(intake)).toEqual({ 'second.json': 'done', 'first.json': 'done', 'unknown-symbol.ko': 'refused' });
    const lost = intake.files[2];
    expect(lost?.refused).toMatchObject({ op: 'load', errno: 'ENOENT' });
    expect(lost?.words).toContain('Unknown symbol');
    // The boot, three loads, two again, and one more after the second got in.
    expect((await client.machine(machine).summary()).position.commit).toBe(7);
  });

  it('PAGE-65: each file has its own end: the kernel’s words, the daemon’s, or that nobody knows what it is', async () => {
    const machine = await closedMachine();
    const files = [
      ko('hello.ko.xz'),
      ko('bad-vermagic.ko'),
      file('broken.json', new Uint8Array([123])),
      file('notes.txt', new Uint8Array(3)),
    ];
    const { intake } = await take(files, machine);
    expect(states(intake)).toEqual({
      'hello.ko.xz': 'done',
      'bad-vermagic.ko': 'refused',
      'broken.json': 'failed',
      'notes.txt': 'left-out',
    });
    expect(intake.files[1]?.words).toContain('version magic');
    expect(intake.files[1]?.commit).toBe(3);
  });

  it('PAGE-65: a file that the browser can’t read any more is one of them, and the next one is taken', async () => {
    const into = await closedMachine();
    const gone: SourceFile = {
      ...ko('chain-a.ko'),
      arrayBuffer: () => Promise.reject(new DOMException('A requested file could not be found', 'NotFoundError')),
    };
    const session = { ...gone, name: 'gone.veneer.jsonl' };
    const { intake } = await take([gone, session, ko('hello.ko.xz')], into);
    expect(intake).toMatchObject({ phase: 'over', trouble: null });
    expect(states(intake)).toEqual({ [gone.name]: 'failed', [session.name]: 'failed', 'hello.ko.xz': 'done' });
    expect(intake.files[0]?.words).toContain('could not be found');
  });

  it('PAGE-65: progress counts files and bytes up to all of them', async () => {
    const machine = await closedMachine();
    const files = [ko('chain-a.ko'), ko('chain-b.ko')];
    const { steps } = await take(files, machine);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    expect(steps[0]).toMatchObject({ phase: 'sending', done: 0, of: 2, sent: 0, bytes });
    const sending = steps.filter(({ phase }) => phase === 'sending');
    expect(sending.at(-1)).toMatchObject({ done: 2, sent: bytes });
    expect(steps.at(-2)).toMatchObject({ phase: 'loading', done: 2, of: 2 });
    expect(steps.at(-1)).toMatchObject({ phase: 'over', cancelled: false, trouble: null });
  });

  it('PAGE-65: cancelled, it ends after the file that it was at', async () => {
    const machine = await closedMachine();
    const { intake } = await take([ko('chain-a.ko'), ko('chain-b.ko'), ko('chain-c.ko')], machine, 2);
    expect(intake).toMatchObject({ phase: 'over', cancelled: true });
    expect(states(intake)).toEqual({ 'chain-a.ko': 'sent', 'chain-b.ko': 'waiting', 'chain-c.ko': 'waiting' });
    expect((await client.machine(machine).summary()).position.commit).toBe(1);
  });

  it('PAGE-65: what concerns all files ends it: no more is tried', async () => {
    const { intake } = await take([ko('chain-a.ko'), ko('chain-b.ko')], 'nobody');
    expect(intake.trouble?.text).toContain('nobody');
    expect(states(intake)).toEqual({ 'chain-a.ko': 'failed', 'chain-b.ko': 'sent' });
  });
});

describe('sessions', () => {
  it('PAGE-64: a session is a machine of its own, under the next free name', async () => {
    const session = () => file('near.veneer.jsonl.gz', new Uint8Array(readFileSync(SESSION)));
    const first = await take([session(), session()], null);
    expect(first.intake.made).toEqual(['near', 'near-2']);
    expect(first.intake.files.map(({ state }) => state)).toEqual(['done', 'done']);
    const { position } = await client.machine('near-2').summary();
    expect(first.intake.files[1]?.commit).toBe(position.commit);
    const { intake } = await take([file('near.veneer.jsonl', new Uint8Array([1, 2]))], null);
    expect(intake).toMatchObject({ made: [], files: [{ state: 'failed' }] });
  });
});
