/** The machine that a stop is shown on: one that has the stop's session, brought into the daemon where there is none. */
import { ClientError } from '../../sdk/errors.ts';
import type { Client } from '../../sdk/types.ts';
import type { Stop } from './stops.ts';

/** Machines of other people can have the names that the tour would give: so many are tried, `tour-far`, `tour-far-2`, … */
const NAMES = 9;

type SessionStop = Pick<Stop, 'machine' | 'session' | 'commit'>;

export interface Shipped {
  /** The bytes of a file in `sessions/`. */
  session(name: string): Promise<Uint8Array>;
  /** Of a module file; null where it does not ship. */
  module(name: string): Promise<Uint8Array | null>;
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * The name of the machine. Throws a ClientError, or why a file can't be had. One after the other: who goes back and forth
 * quickly asks for the same session again while it is brought.
 */
export function machineFor(client: Client, stop: SessionStop, shipped: Shipped): Promise<string> {
  const mine = turn.then(() => bring(client, stop, shipped));
  turn = mine.catch(() => undefined);
  return mine;
}

async function bring(client: Client, stop: SessionStop, shipped: Shipped): Promise<string> {
  const machine = await sessionMachine(client, stop, shipped);
  // The modules of the demo are Debian's: they don't ship.
  if (stop.session.startsWith('tour-')) await bringModules(client, machine, shipped);
  return machine;
}

/** The files of its modules: without them there is no disassembly, and everything else. */
async function bringModules(client: Client, machine: string, shipped: Shipped): Promise<void> {
  try {
    for (const { file, stored } of await client.machine(machine).files()) {
      const bytes = stored || file === null ? null : await shipped.module(file);
      if (file !== null && bytes !== null) await client.upload(bytes, file);
    }
  } catch (error) {
    // Whoever may only watch sees what is there.
    if (!(error instanceof ClientError) || error.code !== 'forbidden') throw error;
  }
}

async function sessionMachine(client: Client, stop: SessionStop, shipped: Shipped): Promise<string> {
  const heads = new Map<string, { readonly epoch: string; readonly commit: number }>();
  const damaged = new Set<string>();
  for (const summary of await client.machines()) {
    if ('position' in summary) heads.set(summary.name, summary.position);
    else damaged.add(summary.name);
  }
  const names = Array.from({ length: NAMES }, (_, i) => (i === 0 ? stop.machine : `${stop.machine}-${i + 1}`));
  for (const name of names) {
    const head = heads.get(name);
    if (head === undefined || head.commit < stop.commit) continue;
    if (await cameThere(client, name, head.epoch, stop)) return name;
  }
  const free = names.find((name) => !heads.has(name) && !damaged.has(name)) ?? stop.machine;
  await client.importSession(free, await shipped.session(stop.session));
  return free;
}

/** Whether the machine has the stop's commit: sessions name theirs `SESSION-NUMBER`, and ids are kept. */
async function cameThere(
  client: Client,
  name: string,
  epoch: string,
  { session, commit }: SessionStop,
): Promise<boolean> {
  try {
    for await (const item of client.machine(name).commits({ from: { epoch, commit: commit - 1 } })) {
      return item.kind === 'commit' && item.commit.id === `${session.split('.')[0]}-${commit}`;
    }
  } catch (error) {
    // Trimmed, or gone meanwhile: another machine serves.
    if (!(error instanceof ClientError) || error.temporary) throw error;
  }
  return false;
}
