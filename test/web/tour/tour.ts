/** The tour's sessions in a real daemon, and a stop with what the daemon says of it. */
import { fileURLToPath } from 'node:url';
import { readSession } from '../../../clients/cli/session-file.ts';
import { type Client, connect, type MachineHandle } from '../../../clients/sdk/node.ts';
import { STOPS, type Stop } from '../../../clients/web/tour/stops.ts';
import { bytesOf } from '../../../daemon/headless/session/file.ts';
import { fromHex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event, EventOf } from '../../../protocol/events/index.ts';
import type { ViewJson } from '../../../protocol/view/json.ts';
import type { CallSite, StaticCallKey } from '../../../protocol/view/static-call.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

const MIB = 2 ** 20;

export const sessionFile = (name: string): string =>
  fileURLToPath(new URL(`../../../sessions/${name}`, import.meta.url));

export interface Tour {
  readonly client: Client;
  /** By machine: how many commits the daemon took. */
  readonly taken: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** A daemon that has every session of the tour, each under the name that its stops give it. */
export async function startTour(): Promise<Tour> {
  const daemon = await startMemoryDaemon();
  const client = connect(daemon.url);
  const taken = new Map<string, number>();
  for (const { machine, session } of STOPS) {
    if (taken.has(machine)) continue;
    const { position } = await client.importSession(machine, bytesOf(sessionFile(session)));
    taken.set(machine, position.commit);
  }
  return {
    client,
    taken,
    close: async () => {
      client.close();
      await daemon.close();
    },
  };
}

export async function commitsIn(session: string): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  for await (const item of readSession(sessionFile(session))) if (item.kind === 'commit') commits.push(item.commit);
  return commits;
}

/** A stop, and its machine in the daemon. */
export interface Visit {
  readonly stop: Stop;
  readonly machine: MachineHandle;
  /** Both sentences. */
  readonly said: string;
  view(commit: number): Promise<ViewJson>;
}

export function visit(client: Client, id: string): Visit {
  const stop = STOPS.find((one) => one.id === id);
  if (stop === undefined) throw new Error(`no stop ${id}`);
  const machine = client.machine(stop.machine);
  return { stop, machine, said: stop.text.join(' '), view: async (at) => (await machine.view({ at })).view };
}

export function eventsOf<T extends Event['type']>(events: readonly Event[], type: T): readonly EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type);
}

export function keyOf({ staticCalls }: ViewJson, name: string): StaticCallKey {
  const key = staticCalls.keys.find((one) => one.name === name);
  if (key === undefined) throw new Error(`no key ${name}`);
  return key;
}

/** The sites of a key in one module whose text is still there. */
export const liveSites = (key: StaticCallKey, owner: string): readonly CallSite[] =>
  key.chain.filter((link) => link.owner === owner).flatMap(({ sites }) => sites.filter(({ bytes }) => bytes !== null));

/** The mnemonics of instructions that are joined by semicolons. */
export const mnemonics = (text: string): readonly string[] => text.split('; ').map((one) => one.split(' ')[0] ?? '');

/** The distance in whole MiB, as texts give it. */
export const mebibytes = (from: string, to: string): string =>
  `${Math.round(Math.abs(fromHex(to) - fromHex(from)) / MIB)} MiB`;
