/** `veneer watch`: events as they happen. */

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Position } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { type PositionText, permalink, positionText } from '../../../protocol/position.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import { pace, position } from '../arguments.ts';
import { type Context, following, theMachine } from '../context.ts';
import { addFilterOptions, type FilterOptions, filterOf } from '../filter.ts';
import { played, until } from '../following.ts';
import { eventLine } from '../format/event.ts';
import { plain } from '../format/plain.ts';
import type { Paint } from '../output.ts';
import { type AddCommand, examples } from './registry.ts';

interface WatchOptions extends FilterOptions {
  readonly from?: 'start' | 'now' | PositionText;
  readonly pace?: string;
  readonly raw?: true;
}

export const addWatch: AddCommand = (program, go) => {
  const watching = program
    .command('watch')
    .summary('show events as they happen')
    .description(
      'Shows one line for each event, live, until Ctrl-C; comes back by itself when the connection or the daemon goes ' +
        'away for a while. With --json: the commits, one on a line.',
    )
    .addOption(
      new Option(
        '--from <position>',
        'start, now, or a position: N, -N, EPOCH:N, @BOOKMARK, MACHINE@EPOCH:N',
      ).argParser(start),
    )
    .addOption(
      new Option(
        '--pace <pace>',
        'replay what is there from --from on (start unless told): original, xN or instant',
      ).argParser(pace),
    )
    .option('--raw', "the event's JSON in place of words");
  addFilterOptions(watching)
    .addHelpText(
      'after',
      examples(
        'veneer watch',
        'veneer watch --from start --kind StaticCallPatched --key might_resched',
        'veneer watch --pace x10 --from -100',
        'veneer watch --json | jq .command',
      ),
    )
    .action((options: WatchOptions, command: Command) => go(command, (context) => watch(context, options)));
};

async function watch(context: Context, options: WatchOptions): Promise<void> {
  const { out } = context;
  const signal = context.interruption();
  await following(context, async (client) => {
    const { pace } = options;
    const wanted = options.from ?? (pace === undefined ? 'now' : 'start');
    const machine = await theMachine(context, client, typeof wanted === 'string' ? undefined : wanted);
    const from = typeof wanted === 'string' ? wanted : await placeOf(machine, wanted);
    const filter = filterOf(options);
    const asked = { from, ...(filter && { filter }) };
    const items =
      pace === undefined ? until(signal, machine.commits(asked)) : played(signal, machine.replay({ ...asked, pace }));
    let live = false;
    for await (const item of items) {
      if (item.kind === 'live') {
        if (!live) out.note(`live: ${permalink({ machine: machine.name, ...item.position })}, Ctrl-C ends`);
        live = true;
      }
      if (item.kind !== 'commit') continue;
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
