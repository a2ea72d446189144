/** A plan for people: how full the windows get, what fails, what eats them, what would help. */
import type { Help } from '../../../daemon/headless/plan/help.ts';
import type { Planned, PlannedModule } from '../../../daemon/headless/plan/plan.ts';
import type { Failure } from '../../../daemon/headless/plan/row.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { bytes, count, counted, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type Column, table } from '../format/table.ts';
import type { Output } from '../output.ts';
import { eaters } from './eaters.ts';
import { BAR_LEGEND, windowBar } from './window-bar.ts';

/** Up to so many modules are all shown. */
const FEW = 24;
const TOP = 10;
const FAILURES_SHOWN = 12;

export function printPlan(out: Output, planned: Planned, helps: readonly Help[], all: boolean): void {
  const { machine, modules, row } = planned;
  out.print(
    out.paint.bold(machineWords(machine, row.seed)),
    '',
    ...windowLines(out, planned),
    out.paint.dim(`          ${BAR_LEGEND}`),
    '',
  );
  if (all || modules.length <= FEW) out.print(...moduleTable(out, modules), '');
  else {
    const top = eaters(modules).slice(0, TOP);
    out.print(`The ${TOP} modules that keep most of the windows, of ${count(modules.length)}:`);
    out.print(
      ...moduleTable(
        out,
        top.map(({ index }) => modules[index] as PlannedModule),
      ),
      '',
    );
  }
  printFailures(out, row.failed);
  printHelps(out, helps);
  const { direct, veneer } = row.branches;
  const branches =
    machine.arch === 'arm64'
      ? `; of ${counted(direct + veneer, 'branch', 'branches')} ${share(direct, direct + veneer)} are direct, ` +
        `${counted(row.veneers, 'veneer')} in ${count(row.slots.used)} of ${counted(row.slots.reserved, 'slot')}`
      : '';
  const verdict = row.fits
    ? out.paint.green(`all ${counted(modules.length, 'module')} load`)
    : out.paint.red(`${count(row.failed.length)} of ${counted(modules.length, 'module')} fail to load`);
  out.print(`${verdict}${row.far > 0 ? `, ${count(row.far)} outside the direct window` : ''}${branches}`);
}

export function machineWords({ arch, layout, pageSize }: MachineProfile, seed: number | null): string {
  return `${arch} ${layout}, pages of ${bytes(pageSize)}, ${seed === null ? 'placed as the profile says' : `KASLR seed ${seed}`}`;
}

function windowLines({ width, paint }: Output, { machine, modules, peaks, row }: Planned): string[] {
  return (['direct', 'fallback'] as const).flatMap((window) => {
    const fill = row.windows[window];
    const range = machine.moduleRegion[window];
    if (!fill || !range) return [];
    const at = peaks[window];
    const during = at === null ? '' : ` while ${plain(modules[at]?.module ?? '')} loads`;
    return [
      `${paint.bold(window.padEnd(8))}  ${range.start} – ${range.end}  ${bytes(fill.size)}`,
      `          ${windowBar(fill, width - 12, paint)}`,
      `          ${bytes(fill.before)} before, at most ${bytes(fill.peak)} (${share(fill.peak, fill.size)})${during}, ` +
        `${bytes(fill.after)} after (${share(fill.after, fill.size)}); largest hole ${bytes(fill.largestHole)}`,
    ];
  });
}

function moduleTable(out: Output, modules: readonly PlannedModule[]): string[] {
  const kept = modules.reduce((sum, { keeps }) => Math.max(sum, keeps), 0);
  const slots = (side: 'core' | 'init') => (one: PlannedModule) =>
    one.slots[side].reserved === 0 ? '–' : `${count(one.slots[side].used)}/${count(one.slots[side].reserved)}`;
  const hasSlots = modules.some(({ slots: { core, init } }) => core.reserved + init.reserved > 0);
  const columns: Column<PlannedModule>[] = [
    { head: 'MODULE', cell: ({ module }) => module },
    {
      head: 'WINDOW',
      cell: windowsOf,
      style: (text, one) => (windowsOf(one) === 'direct' ? text : out.paint.yellow(text)),
    },
    { head: 'CORE', cell: (one) => addressOf(one, false) },
    { head: 'INIT', cell: (one) => addressOf(one, true) },
    { head: 'KEEPS', right: true, cell: ({ ok, keeps }) => (ok ? bytes(keeps) : '–') },
    { head: 'INIT SIZE', right: true, cell: (one) => bytes(initSize(one)) },
  ];
  if (hasSlots) {
    columns.push(
      { head: 'CORE PLT', right: true, cell: slots('core') },
      { head: 'INIT PLT', right: true, cell: slots('init') },
      { head: 'VENEERS', right: true, cell: ({ veneers }) => count(veneers) },
      { head: 'DIRECT', right: true, cell: ({ branches: { direct, veneer } }) => share(direct, direct + veneer) },
    );
  }
  columns.push({
    head: '',
    cell: ({ ok, errno }) => (ok ? '' : (errno ?? 'BUG')),
    style: (text) => out.paint.red(text),
  });
  return kept === 0 && modules.length === 0 ? [] : table(columns, modules, out.paint.dim).map((line) => line.trimEnd());
}

const isInit = (part: string): boolean => part.startsWith('init');

function addressOf({ areas }: PlannedModule, init: boolean): string {
  return areas.find(({ part }) => isInit(part) === init)?.address ?? '–';
}

const initSize = ({ areas }: PlannedModule): number =>
  areas.reduce((sum, { part, size }) => sum + (isInit(part) ? size : 0), 0);

function windowsOf({ areas }: PlannedModule): string {
  const windows = new Set(areas.map(({ window }) => window));
  return windows.size === 0 ? '–' : windows.size === 2 ? 'both' : ([...windows][0] ?? '');
}

function printFailures(out: Output, failed: readonly Failure[]): void {
  const [first] = failed;
  if (!first) return;
  out.print(
    out.paint.red(`${plain(first.module)} fails first, with ${first.errno ?? 'a BUG'} (${first.step ?? 'load'}):`),
  );
  out.print(...first.words.split('\n').map((line) => `  ${plain(line)}`));
  const rest = failed.slice(1, FAILURES_SHOWN);
  if (rest.length > 0) {
    out.print('Then:');
    const lines = table(
      [
        { head: 'MODULE', cell: ({ module }) => module },
        { head: 'ERRNO', cell: ({ errno }) => errno ?? 'BUG' },
        { head: 'WORDS', cell: ({ words }) => words.split('\n')[0] ?? '' },
      ],
      rest,
      out.paint.dim,
    );
    out.print(...lines.map((line) => `  ${line}`));
  }
  const more = failed.length - 1 - rest.length;
  out.print(...(more > 0 ? [`  and ${counted(more, 'more module')}`] : []), '');
}

function printHelps(out: Output, helps: readonly Help[]): void {
  if (helps.length === 0) return;
  out.print('The same plan on other machines:');
  const lines = table(
    [
      { head: 'CHANGE', cell: ({ change }) => change },
      { head: 'FAIL', right: true, cell: ({ row }) => count(row.failed.length) },
      { head: 'OUTSIDE DIRECT', right: true, cell: ({ row }) => count(row.far) },
      { head: 'VENEERS', right: true, cell: ({ row }) => count(row.veneers) },
    ],
    helps,
    out.paint.dim,
  );
  out.print(
    ...lines.map((line, i) => (i > 0 && helps[i - 1]?.row.fits ? out.paint.green(`  ${line}`) : `  ${line}`)),
    '',
  );
}
