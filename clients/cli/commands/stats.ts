/** `veneer stats`: what share of static calls is one relative branch, by module and over time. */
import type { Command } from 'commander';
import type { Position } from '../../../protocol/commit.ts';
import { emptyView } from '../../../protocol/view/fold.ts';
import { openGauge } from '../../../protocol/view/gauge.ts';
import type { ViewJson } from '../../../protocol/view/json.ts';
import { addClasses, CLASSES, type Classes, classesOf, noClasses } from '../../../protocol/view/static-call.ts';
import type { MachineHandle } from '../../sdk/types.ts';
import type { Context } from '../context.ts';
import { count, counted } from '../format/number.ts';
import { sparkline } from '../format/spark.ts';
import { pairs, table } from '../format/table.ts';
import { calling, directShare } from '../static-calls.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

interface StatsOptions extends AtOption {
  readonly overTime?: true;
}

export const addStats: AddCommand = (program, go) => {
  program
    .command('stats')
    .summary('what static calls go through')
    .description(
      'The share of static-call sites that are one relative branch, that go through one veneer, through more, or that ' +
        'would trap: in all, by module, and with --over-time after each commit that changed it.',
    )
    .addOption(at())
    .option('--over-time', 'fold the whole log: a line of bars, or with --json the series')
    .addHelpText('after', examples('veneer stats', 'veneer stats --over-time', 'veneer stats --at 40 --json'))
    .action((options: StatsOptions, command: Command) => go(command, (context) => stats(context, options)));
};

/** Sites by class after a commit. */
interface Point {
  readonly commit: number;
  readonly time: number;
  readonly classes: Classes;
  readonly share: number | null;
}

const shareOf = (classes: Classes): number | null =>
  calling(classes) === 0 ? null : classes.direct / calling(classes);

async function stats(context: Context, options: StatsOptions): Promise<void> {
  const { out } = context;
  const { view, position, series } = await asking(context, options, async (machine, at) => {
    const answer = await machine.view(at);
    return { ...answer, series: options.overTime ? await overTime(machine, answer.position) : undefined };
  });
  const modules = byOwner(view);
  const classes = modules.reduce((sum, row) => addClasses(sum, row.classes), noClasses());
  await out.value({
    position,
    classes,
    share: shareOf(classes),
    modules,
    ever: view.staticCalls.ever,
    ...(series && { series }),
  });
  const sites = CLASSES.reduce((sum, kind) => sum + classes[kind], 0);
  if (sites === 0 && view.staticCalls.keys.length === 0) {
    out.print('no static-call keys: the profile of the machine names none');
    return;
  }
  const { ever } = view.staticCalls;
  out.print(
    ...pairs([
      ['sites', `${count(sites)} of ${counted(view.staticCalls.keys.length, 'key')}`],
      ['one branch', `${count(classes.direct)}, ${directShare(classes)} of those that call something`],
      ['one veneer', count(classes.veneer)],
      ['more', count(classes.veneers)],
      ['trapped', count(classes.trapped)],
      ['call nothing', count(classes.none)],
      [
        'since boot',
        `${counted(ever.updates, 'update')}, ${counted(ever.patches, 'patch', 'patches')}, ${count(ever.stopMachine)} of them with all CPUs stopped`,
      ],
    ]),
  );
  if (modules.length > 0) out.print('', ...moduleTable(modules, out.paint.dim));
  if (series) out.print('', ...chart(series, out.width));
}

interface OwnerRow {
  readonly owner: string;
  readonly sites: number;
  readonly classes: Classes;
  readonly share: number | null;
}

function byOwner(view: ViewJson): readonly OwnerRow[] {
  const owners = new Map<string, Classes>();
  for (const key of view.staticCalls.keys) {
    for (const owner of new Set(key.chain.map((link) => link.owner))) {
      owners.set(owner, addClasses(owners.get(owner) ?? noClasses(), classesOf(key, owner)));
    }
  }
  return [...owners].map(([owner, classes]) => {
    return { owner, sites: CLASSES.reduce((sum, kind) => sum + classes[kind], 0), classes, share: shareOf(classes) };
  });
}

function moduleTable(rows: readonly OwnerRow[], head: (text: string) => string): string[] {
  return table(
    [
      { head: 'MODULE', cell: (row) => row.owner },
      { head: 'SITES', right: true, cell: (row) => count(row.sites) },
      { head: 'DIRECT', right: true, cell: (row) => count(row.classes.direct) },
      { head: 'VENEER', right: true, cell: (row) => count(row.classes.veneer) },
      { head: 'VENEERS', right: true, cell: (row) => count(row.classes.veneers) },
      { head: 'TRAPPED', right: true, cell: (row) => count(row.classes.trapped) },
      { head: 'NONE', right: true, cell: (row) => count(row.classes.none) },
      { head: 'SHARE', right: true, cell: (row) => directShare(row.classes) },
    ],
    rows,
    head,
  );
}

/** The classes after the first commit, and after each one up to `last` that changed them. */
async function overTime(machine: MachineHandle, last: Position): Promise<readonly Point[]> {
  const series: Point[] = [];
  if (last.commit === 0) return series;
  const gauge = openGauge(emptyView());
  for await (const item of machine.commits({ from: { epoch: last.epoch, commit: 0 } })) {
    if (item.kind !== 'commit') break;
    const { number: commit, time } = item.commit;
    gauge.fold(item.commit);
    const { sites: classes } = gauge.figures();
    const before = series.at(-1)?.classes;
    if (!before || CLASSES.some((kind) => before[kind] !== classes[kind])) {
      series.push({ commit, time, classes, share: shareOf(classes) });
    }
    if (commit >= last.commit) break;
  }
  return series;
}

function chart(series: readonly Point[], width: number): string[] {
  const first = series[0];
  const last = series.at(-1);
  if (!first || !last) return ['nothing changed over time'];
  const lowest = series.reduce((low, point) => ((point.share ?? 1) < (low.share ?? 1) ? point : low), first);
  return [
    'share of one relative branch, commit by commit',
    sparkline(
      series.map((point) => point.share),
      width,
    ),
    ...pairs([
      [`commit ${count(first.commit)}`, directShare(first.classes)],
      [`commit ${count(last.commit)}`, directShare(last.classes)],
      ['lowest', `${directShare(lowest.classes)}, commit ${count(lowest.commit)}`],
    ]),
  ];
}
