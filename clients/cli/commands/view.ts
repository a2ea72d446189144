/** `veneer view` and `veneer digest`: the whole state at a position, and its fingerprint. */
import type { Command } from 'commander';
import { moment } from '../../../protocol/moment.ts';
import { type Place, permalink } from '../../../protocol/position.ts';
import { type ViewJson, viewDigest, viewFromJson } from '../../../protocol/view/json.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { refusal } from '../format/event.ts';
import { bytes, count, counted, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { pairs } from '../format/table.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

/** Characters of what a fork changed. */
const CHANGES_SHOWN = 200;
const FAILURES_SHOWN = 5;

export const addView: AddCommand = (program, go) => {
  program
    .command('view')
    .summary('show the state of the machine')
    .description(
      'Shows the state of the machine in figures; with --json the whole view (veneerd/view@1) and its position.',
    )
    .addOption(at())
    .addHelpText('after', examples('veneer view', 'veneer view --at 1 --json', 'veneer view --at @before-oom'))
    .action((options: AtOption, command: Command) =>
      go(command, async (context) => {
        const answer = await asking(context, options, (machine, at) => machine.view(at));
        await context.out.value(answer);
        context.out.print(...figures(answer.view, answer.position));
      }),
    );
  program
    .command('digest')
    .summary('print the digest of the state')
    .description('Prints the sha256 of the view: equal states have equal digests, wherever they were folded.')
    .addOption(at())
    .addHelpText('after', examples('veneer digest', 'veneer digest --at 12 -m lab'))
    .action((options: AtOption, command: Command) =>
      go(command, async (context) => {
        const answer = await asking(context, options, (machine, at) => machine.view(at));
        const digest = viewDigest(viewFromJson(answer.view));
        await context.out.value({ position: answer.position, digest });
        context.out.print(digest);
      }),
    );
};

/** Only of a fork. */
function forkFigures({ fork }: ViewJson): readonly (readonly [string, string])[] {
  if (!fork) return [];
  const figures = [
    ['fork of', permalink(fork.from)],
    ['with', JSON.stringify(fork.changes).slice(0, CHANGES_SHOWN)],
  ] as const;
  return fork.refused === 0 ? figures : [...figures, ['no sense', `${counted(fork.refused, 'command')} of it`]];
}

function figures(view: ViewJson, position: Place): string[] {
  const { machine, ever, now } = view;
  const windows = windowMaps(view).map(
    (map) =>
      [
        map.window,
        `${share(map.used, map.size)} of ${bytes(map.size)} used, largest hole ${bytes(map.largestHole)}`,
      ] as const,
  );
  const lines = pairs([
    ['position', permalink(position)],
    ...forkFigures(view),
    ['commit', `${count(view.commit)}, ${moment(view.time)}`],
    ['machine', machine ? `${machine.arch} ${machine.layout}, ${count(machine.symbols)} exports` : 'not booted'],
    ['modules', count(view.modules.length)],
    ...windows,
    [
      'branches',
      `${count(now.direct)} direct, ${count(now.veneer)} by veneer (${share(now.direct, now.direct + now.veneer)} direct)`,
    ],
    ['veneers', count(now.veneers)],
    ['relocations', count(now.relocations)],
    [
      'since boot',
      `${counted(ever.loads, 'load')}, ${counted(ever.unloads, 'unload')}, ${counted(ever.purges, 'purge')}`,
    ],
    ['refused', `${counted(ever.failedLoads, 'load')}, ${counted(ever.failedUnloads, 'unload')}`],
  ]);
  const failures = view.failures
    .slice(-FAILURES_SHOWN)
    .map((failure) =>
      plain(`  commit ${failure.commit}: ${failure.op}: ${refusal(failure.module, failure.errno, failure.words)}`),
    );
  return [...lines, ...failures];
}
