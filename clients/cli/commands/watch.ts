/** `veneer watch`: events as they happen. */

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Event } from '../../../protocol/events/index.ts';
import type { From } from '../../../protocol/frames.ts';
import { type Context, following, theMachine } from '../context.ts';
import { usage } from '../failure.ts';
import { until } from '../following.ts';
import { eventLine } from '../format/event.ts';
import { plain } from '../format/plain.ts';
import type { Paint } from '../output.ts';
import { type AddCommand, examples } from './registry.ts';

interface WatchOptions {
  readonly from: string;
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
    .addOption(new Option('--from <position>', 'start, now, or EPOCH:COMMIT (begins after it)').default('now'))
    .option('--raw', "the event's JSON in place of words")
    .addHelpText('after', examples('veneer watch', 'veneer watch --from start', 'veneer watch --json | jq .command'))
    .action((options: WatchOptions, command: Command) => go(command, (context) => watch(context, options)));
};

async function watch(context: Context, options: WatchOptions): Promise<void> {
  const { out } = context;
  const from = parseFrom(options.from);
  const signal = context.interruption();
  await following(context, async (client) => {
    const machine = await theMachine(context, client);
    let live = false;
    for await (const item of until(signal, machine.commits({ from }))) {
      if (item.kind === 'live') {
        const { epoch, commit } = item.position;
        if (!live) out.note(`live: ${machine.name} at ${epoch}:${commit}, Ctrl-C ends`);
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

function parseFrom(text: string): From {
  if (text === 'start' || text === 'now') return text;
  const [, epoch, commit] = /^([0-9a-z]{8,32}):(\d{1,15})$/.exec(text) ?? [];
  if (epoch === undefined)
    throw usage(`--from ${text}: expected start, now, or EPOCH:COMMIT as \`veneer machines\` shows them`);
  return { epoch, commit: Number(commit) };
}
