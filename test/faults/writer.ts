/** A client that loads and unloads small real modules, updates static calls and sets bookmarks, one after the other or a few at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '../../protocol/commands.ts';
import type { Position } from '../../protocol/commit.ts';
import { type Sender, submit } from './submit.ts';

/** Milliseconds between two commands, at most. */
const PAUSE = 30;
/** One command in so many expects the position that its writer knows. */
const EXPECTING = 8;

/** Files of test/fixtures/ko and the names that these modules give themselves; some need others, or can't be loaded. */
export const MODULES: ReadonlyMap<string, string> = new Map([
  ['hello.ko', 'hello'],
  ['calls.ko', 'calls'],
  ['chain-a.ko', 'chain_a'],
  ['chain-b.ko', 'chain_b'],
  ['chain-c.ko', 'chain_c'],
  ['sections.ko', 'sections'],
  ['no-exit.ko', 'no_exit'],
  ['x86-64-hello.ko', 'nothing_of_this_machine'],
]);

const FUNCS = ['kfree', '_printk', '0x0', '0xffff800008100000'];

export interface Writer {
  /** Ends after the command that is under way. */
  stop(): Promise<void>;
}

/** `blobs`: sha256 by file. `burst`: how many commands it sends at once, at most. */
export function startWriter(sender: Sender, name: string, blobs: ReadonlyMap<string, string>, burst: number): Writer {
  const { machine, random } = sender;
  let stopping = false;
  let number = 0;
  let last: Position | undefined;

  /** Whether there is sense in going on. */
  const write = async (): Promise<boolean> => {
    const id = `${name}-${++number}`;
    const command = wish(random, blobs);
    const expected = random(EXPECTING) === 0 ? last : undefined;
    const options = expected === undefined ? { id } : { id, expected };
    const done = await submit(sender, id, expected !== undefined, (client) =>
      client.machine(machine.name).command(command, options),
    );
    if (done !== 'over' && done !== 'conflict') last = done.position;
    return done !== 'over';
  };
  const run = async (): Promise<void> => {
    while (!stopping) {
      const all = await Promise.all(Array.from({ length: 1 + random(burst) }, write));
      if (all.includes(false)) return;
      await sleep(random(PAUSE));
    }
  };
  const running = run();
  return {
    stop() {
      stopping = true;
      return running;
    },
  };
}

function wish(
  random: Sender['random'],
  blobs: ReadonlyMap<string, string>,
): Exclude<Command, { type: 'boot' | 'observe' }> {
  const [file, module] = [...MODULES][random(MODULES.size)] as [string, string];
  const kind = random(11);
  if (kind < 4) return { type: 'load', blob: blobs.get(file) ?? '', file };
  if (kind < 8) return { type: 'unload', module };
  if (kind === 8) return { type: 'bookmark', name: `mark-${random(20)}` };
  return { type: 'update', key: '_printk', func: FUNCS[random(FUNCS.length)] as string };
}
