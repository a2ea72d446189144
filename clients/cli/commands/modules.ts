/** `veneer modules` and `veneer module NAME`: what is loaded. */
import type { Command } from 'commander';
import { sameName } from '../../../daemon/modules/name.ts';
import type { ModuleJson } from '../../../protocol/view/json.ts';
import type { Context } from '../context.ts';
import { refused } from '../failure.ts';
import { bytes, count, counted, distance, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type Column, pairs, table } from '../format/table.ts';
import { windowsOf } from '../load-report.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

const places = (module: ModuleJson) => Object.values(module.parts).sort((a, b) => (a.address < b.address ? -1 : 1));
const sizeOf = (module: ModuleJson): number => places(module).reduce((sum, part) => sum + part.size, 0);
const directShare = ({ branches: { direct, veneer } }: ModuleJson): string => share(direct, direct + veneer);

export const addModules: AddCommand = (program, go) => {
  program
    .command('modules')
    .summary('list modules, as lsmod does and more')
    .description(
      'Lists the modules, newest first as lsmod does: size, users, address, window, PLT entries, direct branches.',
    )
    .addOption(at())
    .addHelpText('after', examples('veneer modules', 'veneer modules --json | jq ".[].name"'))
    .action((options: AtOption, command: Command) => go(command, (context) => modules(context, options)));
  program
    .command('module')
    .summary('show one module')
    .description('Shows one module: its sections, exports and imports.')
    .argument('<name>')
    .addOption(at())
    .addHelpText('after', examples('veneer module xfs'))
    .action((name: string, options: AtOption, command: Command) =>
      go(command, (context) => moduleDetails(context, name, options)),
    );
};

async function modules(context: Context, options: AtOption): Promise<void> {
  const { out } = context;
  const { view } = await asking(context, options, (machine, at) => machine.view(at));
  const rows = [...view.modules].reverse();
  await out.value(
    rows.map((module) => ({
      name: module.name,
      state: module.state,
      size: sizeOf(module),
      usedBy: module.usedBy,
      address: places(module)[0]?.address ?? null,
      window: windowsOf(places(module)),
      plt: module.plt,
      branches: module.branches,
    })),
  );
  const columns: Column<ModuleJson>[] = [
    { head: 'MODULE', cell: (m) => m.name, style: (text) => out.paint.bold(text) },
    { head: 'SIZE', right: true, cell: (m) => bytes(sizeOf(m)) },
    { head: 'ADDRESS', cell: (m) => places(m)[0]?.address ?? '' },
    {
      head: 'WINDOW',
      cell: (m) => windowsOf(places(m)),
      style: (text, m) => (windowsOf(places(m)) === 'direct' ? text : out.paint.yellow(text)),
    },
    { head: 'PLT', right: true, cell: (m) => `${pltUsed(m)}/${m.plt.reserved.core + m.plt.reserved.init}` },
    { head: 'DIRECT', right: true, cell: directShare },
    { head: 'STATE', cell: (m) => m.state },
    { head: 'USED BY', cell: (m) => `${m.usedBy.length} ${m.usedBy.join(',')}`.trimEnd() },
  ];
  out.print(...table(columns, rows, out.paint.dim));
}

const pltUsed = ({ plt }: ModuleJson): number => plt.used.core + plt.used.init;

async function moduleDetails(context: Context, name: string, options: AtOption): Promise<void> {
  const { out } = context;
  const { view, position } = await asking(context, options, (machine, at) => machine.view(at));
  const module = findModule(view.modules, name);
  await out.value({ ...module, position });
  const part = <Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] => [
    `\n${out.paint.bold(title)}`,
    ...(rows.length === 0 ? [] : table(columns, rows, out.paint.dim)),
  ];
  out.print(
    out.paint.bold(plain(module.name)),
    ...pairs([
      ['state', `${module.state}, loaded by commit ${count(module.since)}`],
      ['file', `${module.file ?? '–'}  ${module.blob === null ? '' : `sha256 ${module.blob.slice(0, 16)}…`}`],
      ['size', bytes(sizeOf(module))],
      ['used by', module.usedBy.join(', ') || 'nobody'],
      ['uses', module.uses.join(', ') || 'no module'],
      ['branches', `${count(module.branches.direct)} direct, ${count(module.branches.veneer)} by veneer`],
      ['direct', directShare(module)],
      ['PLT', `${pltUsed(module)} used of ${module.plt.reserved.core} core + ${module.plt.reserved.init} init`],
      ...(module.percpu ? [['per-CPU', `${bytes(module.percpu.size)} at ${module.percpu.address}`] as const] : []),
    ]),
    ...part(
      'Areas',
      [
        { head: 'PART', cell: ([part]) => part },
        { head: 'ADDRESS', cell: ([, place]) => place.address },
        { head: 'SIZE', right: true, cell: ([, place]) => bytes(place.size) },
        { head: 'WINDOW', cell: ([, place]) => place.window },
      ],
      Object.entries(module.parts),
    ),
    ...part(
      counted(module.sections.length, 'section'),
      [
        { head: 'SECTION', cell: (section) => section.name },
        { head: 'ADDRESS', cell: (section) => section.address },
        { head: 'SIZE', right: true, cell: (section) => count(section.size) },
        { head: 'PART', cell: (section) => section.part },
      ],
      module.sections,
    ),
    ...part(
      counted(module.exports.length, 'export'),
      [
        { head: 'SYMBOL', cell: (symbol) => symbol.name },
        { head: 'ADDRESS', cell: (symbol) => symbol.address },
        { head: '', cell: (symbol) => (symbol.gplOnly ? 'GPL' : '') },
      ],
      module.exports,
    ),
    ...part(
      counted(module.imports.length, 'import'),
      [
        { head: 'SYMBOL', cell: (symbol) => symbol.name },
        { head: 'ADDRESS', cell: (symbol) => symbol.address },
        { head: 'OWNER', cell: (symbol) => symbol.owner ?? 'nobody (weak)' },
      ],
      module.imports,
    ),
  );
}

/** The module of that name, `-` and `_` being one. */
export function findModule(all: readonly ModuleJson[], name: string): ModuleJson {
  const module = all.find((each) => sameName(each.name) === sameName(name));
  if (module === undefined) throw refused('no-such-module', `module ${plain(name)} is not loaded`);
  return module;
}

export const addPlt: AddCommand = (program, go) => {
  program
    .command('plt')
    .summary('list PLT entries')
    .description(
      'Lists the veneers that were written: slot, address, words, target, and the first site that needed each.',
    )
    .argument('[module]', 'all modules unless told')
    .addOption(at())
    .addHelpText('after', examples('veneer plt', 'veneer plt xfs --json'))
    .action((name: string | undefined, options: AtOption, command: Command) =>
      go(command, (context) => plt(context, name, options)),
    );
};

async function plt(context: Context, name: string | undefined, options: AtOption): Promise<void> {
  const { out } = context;
  const { view } = await asking(context, options, (machine, at) => machine.view(at));
  const chosen = name === undefined ? view.modules : [findModule(view.modules, name)];
  const rows = chosen.flatMap((module) => module.veneers.map((veneer) => ({ module: module.name, ...veneer })));
  await out.value(rows);
  if (rows.length === 0) {
    out.print('no veneers: every branch is in reach');
    return;
  }
  out.print(
    ...table(
      [
        { head: 'MODULE', cell: (row) => row.module },
        { head: 'SLOT', cell: (row) => `${row.section}[${row.slot}]` },
        { head: 'ADDRESS', cell: (row) => row.address },
        { head: 'WORDS', cell: (row) => row.words.join(' ') },
        { head: 'TARGET', cell: (row) => row.target },
        { head: 'SYMBOL', cell: (row) => row.symbol, style: (text) => out.paint.bold(text) },
        { head: 'FIRST SITE', cell: (row) => row.site.address },
        { head: 'DISTANCE', right: true, cell: (row) => distance(row.site.distance) },
      ],
      rows,
      out.paint.dim,
    ),
  );
}
