/** A sweep for people: how often all fits, what fails, and how veneers and windows are distributed over the seeds. */
import { plot } from 'simple-ascii-chart';
import type { Distribution, Summary } from '../../../daemon/headless/plan/summary.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { bytes, count, counted, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { table } from '../format/table.ts';
import type { Output } from '../output.ts';
import { BAR_LEGEND, windowBar } from './window-bar.ts';

const FAILURES_SHOWN = 12;
const CHART_HEIGHT = 8;
const WIDEST_CHART = 90;

export function printSweep(out: Output, machine: MachineProfile, modules: number, summary: Summary): void {
  const { seeds, fits } = summary;
  const last = seeds.from + seeds.count - 1;
  const words = `${machine.arch} ${machine.layout}, pages of ${bytes(machine.pageSize)}: ${counted(modules, 'module')} at ${counted(seeds.count, 'KASLR seed')}, ${seeds.from} to ${last}`;
  out.print(out.paint.bold(words), '', ...figureTable(out, machine, summary), '', ...windowLines(out, summary));
  if (machine.arch === 'arm64') out.print(...chart(out, summary));
  printFailures(out, summary);
  const interval = `with 95 % confidence ${percent(fits.low)} to ${percent(fits.high)} of all seeds`;
  const verdict = `all modules load at ${count(fits.seeds)} of ${counted(seeds.count, 'seed')} (${share(fits.seeds, seeds.count)}; ${interval})`;
  out.print(fits.seeds === seeds.count ? out.paint.green(verdict) : out.paint.red(verdict));
}

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

interface Line {
  readonly name: string;
  readonly of: Distribution;
  readonly show: (value: number) => string;
}

function figureTable(out: Output, { arch }: MachineProfile, summary: Summary): string[] {
  const { windows } = summary;
  const lines: Line[] = [{ name: 'modules that load', of: summary.loaded, show: whole }];
  if (arch === 'arm64') {
    lines.push(
      { name: 'outside the direct window', of: summary.far, show: whole },
      { name: 'veneers', of: summary.veneers, show: whole },
      { name: 'PLT slots used', of: summary.slotsUsed, show: whole },
      { name: 'PLT slots reserved', of: summary.slotsReserved, show: whole },
      { name: 'direct branches', of: summary.directShare, show: percent },
    );
  }
  for (const window of ['direct', 'fallback'] as const) {
    const fill = windows[window];
    if (!fill) continue;
    lines.push(
      { name: `${window} window, at most`, of: fill.peak, show: bytes },
      { name: `${window} window, largest hole`, of: fill.largestHole, show: bytes },
    );
  }
  const column = (head: string, name: keyof Distribution) => ({
    head,
    right: true,
    cell: ({ of, show }: Line) => show(of[name]),
  });
  return table(
    [
      { head: '', cell: ({ name }: Line) => name },
      column('MIN', 'min'),
      column('MEDIAN', 'median'),
      column('P95', 'p95'),
      column('MAX', 'max'),
    ],
    lines,
    out.paint.dim,
  );
}

const whole = (value: number): string => count(Math.round(value));

function windowLines({ width, paint }: Output, { windows }: Summary): string[] {
  const lines = (['direct', 'fallback'] as const).flatMap((window) => {
    const fill = windows[window];
    if (!fill) return [];
    const { size, before, peak, after } = fill;
    const typical = { size, before: before.median, peak: peak.median, after: after.median };
    return [`${window.padEnd(8)}  ${windowBar(typical, width - 12, paint)}`];
  });
  return lines.length === 0 ? [] : [...lines, paint.dim(`          ${BAR_LEGEND}; medians`), ''];
}

/** How many seeds have so many veneers. */
function chart({ width, paint }: Output, { histogram: { from, width: bin, seeds } }: Summary): string[] {
  if (seeds.length < 2) return [];
  const points = [...seeds, 0].map((value, i): [number, number] => [from + i * bin, value]);
  const most = Math.max(...seeds);
  const columns = Math.min(WIDEST_CHART, width - 8);
  const drawn = plot(points, {
    width: columns,
    height: CHART_HEIGHT,
    fillArea: true,
    customYAxisTicks: [0, Math.round(most / 2), most],
    customXAxisTicks: [0, 0.25, 0.5, 0.75, 1].map((part) => points[Math.round(part * (points.length - 1))]?.[0] ?? 0),
    formatter: (value) => count(Math.round(value)),
  });
  const lines = drawn.split('\n').map((line) => line.trimEnd());
  return [paint.dim('seeds by number of veneers'), ...lines.filter((line) => line !== ''), ''];
}

function printFailures(out: Output, { failures }: Summary): void {
  if (failures.length === 0) return;
  const shown = failures.slice(0, FAILURES_SHOWN);
  const lines = table(
    [
      { head: 'MODULE', cell: ({ module }) => module },
      { head: 'FAILS AT', right: true, cell: ({ seeds }) => counted(seeds, 'seed') },
      { head: 'SHARE', right: true, cell: (failure) => percent(failure.share) },
      { head: 'ERRNO', cell: ({ errno }) => errno ?? 'BUG' },
      { head: 'FIRST AT', right: true, cell: ({ firstSeed }) => `seed ${firstSeed}` },
      { head: 'WORDS THERE', cell: ({ words }) => words.split('\n')[0] ?? '' },
    ],
    shown,
    out.paint.dim,
  );
  out.print(...lines);
  const more = failures.length - shown.length;
  if (more > 0) out.print(plain(`and ${counted(more, 'more module')}`));
  out.print('');
}
