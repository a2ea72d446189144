/** `veneer load`: module files into the machine, in the order given or with what they need. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { sameName } from '../../../daemon/modules/name.ts';
import type { Hex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { Client, MachineHandle } from '../../sdk/types.ts';
import { address, errno, integer } from '../arguments.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { refusal } from '../format/event.ts';
import { bytes, count, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type LoadReport, loadReport, windowsOf } from '../load-report.ts';
import { type Chosen, chooseModules } from '../modules/choose.ts';
import type { Output } from '../output.ts';
import { progress } from '../progress.ts';
import { type AddCommand, examples } from './registry.ts';

interface LoadOptions {
  readonly dir?: true;
  readonly deps?: string;
  readonly initResult?: string;
  readonly percpu?: Hex;
  readonly failAllocation?: number;
}

export const addLoad: AddCommand = (program, go) => {
  program
    .command('load')
    .summary('load modules')
    .description(
      'Uploads module files and loads them in the order given; of a folder or a package all that is in it, and what modules ' +
        'need before them. Stops at the first that the kernel refuses; with --dir it goes on and tells at the end.',
    )
    .argument(
      '<source...>',
      'module files (.ko, .ko.gz, .ko.xz, .ko.zst), folders, linux-image-*.deb; with --deps also names of modules',
    )
    .option('--dir', 'go on when the kernel refuses a module')
    .option('--deps <source>', 'a folder (/lib/modules/VERSION) or a package: what a module needs is loaded before it')
    .option('--init-result <errno>', "the module's init function fails with this errno", errno)
    .option('--percpu <address>', 'where the per-CPU area of the module is', address)
    .option(
      '--fail-allocation <n>',
      'the n-th allocation of a node of site_mods finds no memory',
      integer(1, 1_000_000),
    )
    .addHelpText(
      'after',
      examples(
        'veneer load ./hello.ko',
        'veneer load libcrc32c.ko xfs.ko',
        'veneer load xfs --deps /lib/modules/6.1.0-50-arm64',
        'veneer load --dir linux-image-6.1.0-50-arm64_6.1.176-1_arm64.deb',
        'veneer load broken.ko --init-result ENODEV',
      ),
    )
    .action((files: string[], options: LoadOptions, command: Command) =>
      go(command, (context) => load(context, files, options)),
    );
};

async function load(context: Context, files: readonly string[], options: LoadOptions): Promise<ExitCode> {
  return withClient(context, async (client) => {
    const machine = await theMachine(context, client);
    const present = async (): Promise<ReadonlySet<string>> =>
      new Set((await machine.view()).view.modules.map((module) => sameName(module.name)));
    const chosen = await chooseModules(files, { deps: options.deps, present });
    const reports = await loadAll(context, client, machine, chosen, options);
    const failed = reports.filter((report) => !report.ok).length;
    if (chosen.order.length > 1) context.out.note(summary(reports, failed, chosen.order.length));
    return failed === 0 ? EXIT.ok : EXIT.refused;
  });
}

async function loadAll(
  context: Context,
  client: Client,
  machine: MachineHandle,
  { order, read }: Chosen,
  options: LoadOptions,
): Promise<readonly LoadReport[]> {
  const reports: LoadReport[] = [];
  const bar = progress(order.length, 'modules');
  try {
    for (const [index, file] of order.entries()) {
      bar.update(index, basename(file));
      const report = await loadOne(client, machine, file, await read(file), options);
      reports.push(report);
      await context.out.value(report);
      bar.above(() => print(context.out, report));
      if (!report.ok && !options.dir) break;
    }
  } finally {
    bar.stop();
  }
  return reports;
}

async function loadOne(
  client: Client,
  machine: MachineHandle,
  file: string,
  content: Uint8Array,
  options: LoadOptions,
): Promise<LoadReport> {
  const name = basename(file);
  const blob = await client.upload(content, name);
  const command: CommandOf<'load'> = {
    type: 'load',
    blob: blob.sha256,
    file: name,
    ...(options.initResult !== undefined && { init: { result: options.initResult } }),
    ...(options.percpu !== undefined && { percpu: options.percpu }),
    ...(options.failAllocation !== undefined && { failAllocation: options.failAllocation }),
  };
  const { position, commit } = await machine.command(command);
  return loadReport(file, { machine: machine.name, ...position }, commit);
}

function print(out: Output, report: LoadReport): void {
  if (!report.ok) {
    out.error(plain(refusal(report.module || basename(report.file), report.errno ?? 'EINVAL', report.words ?? '')));
    return;
  }
  const { direct, veneer } = report.branches;
  const size = report.allocations.reduce((sum, allocation) => sum + allocation.size, 0);
  const at = report.allocations[0]?.address ?? '';
  const window = windowsOf(report.allocations);
  out.print(
    `${out.paint.bold(plain(report.module))}  ${at}  ${bytes(size)}  ` +
      `${window === 'direct' ? window : out.paint.yellow(window)} window  ` +
      `branches: ${count(direct)} direct, ${count(veneer)} by veneer (${share(direct, direct + veneer)} direct)`,
  );
}

function summary(reports: readonly LoadReport[], failed: number, wanted: number): string {
  const loaded = reports.length - failed;
  const direct = reports.reduce((sum, report) => sum + report.branches.direct, 0);
  const veneer = reports.reduce((sum, report) => sum + report.branches.veneer, 0);
  const rest = wanted - reports.length;
  return (
    `${count(loaded)} of ${count(wanted)} loaded${failed > 0 ? `, ${count(failed)} refused` : ''}` +
    `${rest > 0 ? `, ${count(rest)} not tried` : ''}; ${share(direct, direct + veneer)} of branches direct`
  );
}
