/** The load of a world for some rounds: two machines, writers and readers on both, and the check of what came of it. */
import { type Client, connect } from '../../clients/sdk/node.ts';
import type { Random } from '../../daemon/kernel/machine/random.ts';
import type { ViewAnswer } from '../../protocol/frames.ts';
import type { MachineProfile } from '../../protocol/profile.ts';
import { viewDigest, viewFromJson } from '../../protocol/view/json.ts';
import { fixture } from '../fixtures/fixtures.ts';
import { persist, within } from './bounded.ts';
import { check, type Found } from './checker.ts';
import { startCopier } from './copier.ts';
import type { Daemon } from './daemon.ts';
import type { History } from './history.ts';
import { type Machine, openMachine } from './machine.ts';
import type { Outcome } from './outcome.ts';
import { startRawReader } from './raw-reader.ts';
import { type Reader, startReader } from './reader.ts';
import { type Sender, submit } from './submit.ts';
import { MODULES, startWriter, type Writer } from './writer.ts';

/** Writers on each machine, by how many commands they send at once. */
const BURSTS = [1, 1, 16];
/** Milliseconds in which everything has to come to rest once the faults are over. */
const PATIENCE = 60_000;
/** Milliseconds of one HTTP request. */
const REQUEST = 20_000;

/** A kernel with one static-call key, which the module `calls` has sites of. */
const PROFILE: Partial<MachineProfile> = {
  arch: 'arm64',
  layout: 'linux-6.1',
  staticCall: 'inline-defuse',
  staticCalls: {
    keys: {
      _printk: { symbol: '_printk', func: '_printk', tramp: '0xffff800008cf0000', address: '0xffff800009ff0000' },
    },
  },
};

export interface Load {
  /** Resolves when every machine has done a command that was sent after this call. */
  progress(): Promise<unknown>;
  /** One more reader for each machine, from the start. */
  join(): void;
  /** Ends the writers, waits for the readers, ends them too. */
  settle(): Promise<void>;
  /** Holds the logs against what the clients know. */
  check(): Promise<void>;
  /** Removes the machines. */
  remove(): Promise<void>;
  /** Lets go of everything at once. */
  abandon(): void;
}

/** `name` is that of no load before it. Nothing but `daemons` needs to be up: the start, too, is under faults. */
export async function startLoad(
  name: string,
  daemons: readonly Daemon[],
  outcome: Outcome,
  random: Random,
): Promise<Load> {
  const clients: Client[] = [];
  const connectAll = (): readonly Client[] => {
    const fresh = daemons.map(({ front }) => connect(front.url, { fetch: boundedFetch, patience: PATIENCE }));
    clients.push(...fresh);
    return fresh;
  };
  const machines = ['a', 'b'].map((letter) => openMachine(`${name}-${letter}`));
  const senders: Sender[] = [];
  const writers: Writer[] = [];
  const readers: Reader[] = [];

  const own = connectAll();
  const anyOf = (): Client => own[random(own.length)] as Client;
  const blobs = new Map<string, string>();
  for (const file of MODULES.keys()) {
    const { sha256 } = await persist(PATIENCE, `upload ${file}`, () => anyOf().upload(fixture(file), file));
    blobs.set(file, sha256);
  }
  for (const machine of machines) {
    const id = `boot-${machine.name}`;
    const sender = { machine, clients: own, outcome, random };
    senders.push(sender);
    const boot = submit(sender, id, false, (client) => client.boot(machine.name, { profile: PROFILE }, { id }));
    await within(PATIENCE, `boot ${machine.name}`, boot);
    for (const [n, burst] of BURSTS.entries()) {
      const writer = { machine, clients: connectAll(), outcome, random };
      writers.push(startWriter(writer, `${machine.name}-w${n}`, blobs, burst));
    }
    const eyes = { machine, outcome, random };
    readers.push(
      startReader(eyes, 'reader', connectAll(), false),
      startReader(eyes, 'slow reader', connectAll(), true),
      startRawReader(
        eyes,
        'raw reader',
        daemons.map(({ front }) => front.url),
      ),
    );
  }
  const copier = startCopier(senders);
  let copies: readonly History[] = [];

  return {
    progress: () => Promise.all(machines.map((machine) => machine.progress())),
    join() {
      for (const machine of machines) {
        readers.push(startReader({ machine, outcome, random }, 'late reader', connectAll(), false));
      }
    },
    async settle() {
      await within(PATIENCE, `${name}: the writers' last answers`, Promise.all(writers.map((writer) => writer.stop())));
      copies = await within(PATIENCE, `${name}: the last copy`, copier.stop());
      await within(PATIENCE, `${name}: the late answers`, Promise.all(machines.map((machine) => machine.lates())));
      await persist(PATIENCE, `${name}: the readers`, () => allRead(daemons[0] as Daemon, machines));
      await Promise.all(readers.map((reader) => reader.stop()));
      for (const client of clients) client.close();
    },
    async check() {
      for (const history of [...machines.map((machine) => machine.history), ...copies]) {
        const found: Found[] = [];
        for (const daemon of daemons) {
          found.push(await persist(PATIENCE, `${daemon.name}: its log`, () => look(daemon, history.machine, random)));
        }
        outcome.tally.checked += found[0]?.lines.length ?? 0;
        for (const { kind, text } of check(history, found)) outcome.complain(kind, text);
      }
    },
    async remove() {
      const { front } = daemons[random(daemons.length)] as Daemon;
      for (const { machine } of [...machines.map(({ history }) => history), ...copies]) {
        await persist(PATIENCE, `remove ${machine}`, async () => {
          const { status } = await request(`${front.url}/machines/${machine}`, 'DELETE');
          if (status !== 204 && status !== 404) throw new Error(`HTTP ${status}`);
        });
      }
    },
    abandon() {
      for (const client of clients) client.close();
      for (const reader of readers) void reader.stop();
    },
  };
}

const boundedFetch: typeof fetch = (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(REQUEST) });

const request = (url: string, method = 'GET'): Promise<Response> => boundedFetch(url, { method });

async function allRead({ front }: Daemon, machines: readonly Machine[]): Promise<void> {
  for (const { name, history } of machines) {
    const answer = await request(`${front.url}/machines/${name}`);
    const { position } = (await answer.json()) as { readonly position: { readonly commit: number } };
    const behind = history.seen.find(({ prints }) => prints.length < position.commit);
    if (behind !== undefined) {
      throw new Error(`${behind.reader} of ${name} has ${behind.prints.length} of ${position.commit} commits`);
    }
  }
}

/** What a daemon shows of a machine: its log, its newest view and the one at some commit. */
async function look({ name, front }: Daemon, machine: string, random: Random): Promise<Found> {
  const path = `${front.url}/machines/${machine}`;
  const log = await request(`${path}/commits`);
  if (!log.ok) throw new Error(`HTTP ${log.status}: ${await log.text()}`);
  const lines = (await log.text()).split('\n').slice(0, -1);
  const views = new Map<number, string>();
  for (const query of ['', `?at=${1 + random(lines.length)}`]) {
    const answer = await request(`${path}/view${query}`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    const { position, view } = (await answer.json()) as ViewAnswer;
    views.set(position.commit, viewDigest(viewFromJson(view)));
  }
  return { daemon: name, epoch: log.headers.get('veneer-epoch') ?? '', lines, views };
}
