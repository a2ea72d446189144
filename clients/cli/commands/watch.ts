/** `veneer watch`: events as they happen. */

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Position } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { type PositionText, permalink, positionText } from '../../../protocol/position.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import { position } from '../arguments.ts';
import { type Context, following, theMachine } from '../context.ts';
import { until } from '../following.ts';
import { eventLine } from '../format/event.ts';
import { plain } from '../format/plain.ts';
import type { Paint } from '../output.ts';
import { type AddCommand, examples } from './registry.ts';

interface WatchOptions {
  readonly from: 'start' | 'now' | PositionText;
  readonly raw?: true;
}

export const addWatch: AddCommand = (program, go) => {
  program
    .command('watch')
    .summary('show events as they happen')
    .description(
      'Shows one line for each event, live, until Ctrl-C; comes back by itself when the connection or the daemon goes ' +
        'away for a while. With --json: the commits, one on a line.',
    )
    .addOption(
      new Option('--from <position>', 'start, now, or a position: N, -N, EPOCH:N, @BOOKMARK, MACHINE@EPOCH:N')
        .argParser(start)
        .default('now'),
    )
    .option('--raw', "the event's JSON in place of words")
    .addHelpText('after', examples('veneer watch', 'veneer watch --from start', 'veneer watch --json | jq .command'))
    .action((options: WatchOptions, command: Command) => go(command, (context) => watch(context, options)));
};

async function watch(context: Context, options: WatchOptions): Promise<void> {
  const { out } = context;
  const signal = context.interruption();
  await following(context, async (client) => {
    const at = typeof options.from === 'string' ? undefined : options.from;
    const machine = await theMachine(context, client, at);
    const from = typeof options.from === 'string' ? options.from : await placeOf(machine, options.from);
    let live = false;
    for await (const item of until(signal, machine.commits({ from }))) {
      if (item.kind === 'live') {
        if (!live) out.note(`live: ${permalink({ machine: machine.name, ...item.position })}, Ctrl-C ends`);
        live = true;
        continue;
      }
      await out.value(item.commit);
      for (const event of item.commit.events) {
        const words = options.raw ? plain(JSON.stringify(event)) : eventLine(event);
        out.print(`${out.paint.dim(String(item.commit.number).padStart(6))}  ${colour(out.paint, event)}  ${words}`);
      }
    }
  });
}

const LONGEST_TYPE = 'RelocationsApplied'.length;

function colour(paint: Paint, event: Event): string {
  const type = event.type.padEnd(LONGEST_TYPE);
  if (event.type.endsWith('Failed')) return paint.red(type);
  if (event.type === 'VeneerWritten') return paint.yellow(type);
  if (event.type === 'ModuleLive' || event.type === 'MachineBooted') return paint.green(type);
  return type;
}

async function placeOf(machine: MachineHandle, at: PositionText): Promise<Position> {
  return (await machine.locate({ at: positionText(at) })).position;
}

function start(text: string): WatchOptions['from'] {
  return text === 'start' || text === 'now' ? text : position(text);
}
