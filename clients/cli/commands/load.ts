/** `veneer load`: module files into the machine, in the order given or with what they need. */
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Hex } from '../../../protocol/address.ts';
import type { CommandOf } from '../../../protocol/commands.ts';
import type { Client, MachineHandle } from '../../sdk/types.ts';
import { address, errno, integer } from '../arguments.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { EXIT, type ExitCode, fileFailure, usage } from '../failure.ts';
import { refusal } from '../format/event.ts';
import { bytes, count, share } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type LoadReport, loadReport, windowsOf } from '../load-report.ts';
import { type ModuleFolder, openModuleFolder } from '../modules/folder.ts';
import { isModuleFile, sameName } from '../modules/name.ts';
import { loadOrder } from '../modules/order.ts';
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
      'Uploads module files and loads them in the order given. Stops at the first that the kernel refuses; with --dir ' +
        'it goes on and tells at the end.',
    )
    .argument(
      '<file...>',
      'a .ko, .ko.gz, .ko.xz or .ko.zst file; with --deps also the name of a module in that folder',
    )
    .option('--dir', 'FILE is a folder: load all modules in it, dependencies first')
    .option('--deps <folder>', 'a folder of modules (/lib/modules/VERSION): what a module needs is loaded before it')
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
    const order = await plan(machine, files, options);
    const reports = await loadAll(context, client, machine, order, options);
    const failed = reports.filter((report) => !report.ok).length;
    if (order.length > 1) context.out.note(summary(reports, failed, order.length));
    return failed === 0 ? EXIT.ok : EXIT.refused;
  });
}

/** The files to load, in order. */
async function plan(
  machine: MachineHandle,
  files: readonly string[],
  options: LoadOptions,
): Promise<readonly string[]> {
  if (options.dir) {
    const [folder, ...more] = files;
    if (folder === undefined || more.length > 0) throw usage('--dir takes one folder');
    if (options.deps !== undefined) throw usage('--dir finds what modules need in the folder itself: leave out --deps');
    const all = await openModuleFolder(folder);
    return loadOrder([...all.files.values()], all, new Set(), { whole: true });
  }
  if (options.deps === undefined) {
    for (const file of files) await checkFile(file);
    return files;
  }
  const folder = await openModuleFolder(options.deps);
  const paths: string[] = [];
  for (const file of files) paths.push(await resolveFile(file, folder));
  const { view } = await machine.view();
  return loadOrder(paths, folder, new Set(view.modules.map((module) => sameName(module.name))));
}

async function checkFile(file: string): Promise<void> {
  let found: Stats;
  try {
    found = await stat(file);
  } catch (error) {
    const hint =
      isModuleFile(file) || file.includes('/') ? '' : ' (to load a module by name, say where: --deps FOLDER)';
    const failure = fileFailure(file, error);
    throw hint === '' ? failure : usage(`${failure.message}${hint}`);
  }
  if (found.isDirectory()) throw usage(`${file}: is a folder; --dir loads all modules in it`);
  // A device or a pipe may have no end.
  if (!found.isFile()) throw usage(`${file}: expected a file, this is a device, a pipe or a socket`);
}

/** A path as it is; a bare name from the folder. */
async function resolveFile(file: string, folder: ModuleFolder): Promise<string> {
  const named = /^[\w-]+$/.test(file) ? folder.files.get(sameName(file)) : undefined;
  if (named !== undefined) return named;
  await checkFile(file);
  return file;
}

async function loadAll(
  context: Context,
  client: Client,
  machine: MachineHandle,
  order: readonly string[],
  options: LoadOptions,
): Promise<readonly LoadReport[]> {
  const reports: LoadReport[] = [];
  const bar = progress(order.length, 'modules');
  try {
    for (const [index, file] of order.entries()) {
      bar.update(index, basename(file));
      const report = await loadOne(client, machine, file, options);
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
  options: LoadOptions,
): Promise<LoadReport> {
  let content: Uint8Array;
  try {
    content = await readFile(file);
  } catch (error) {
    throw fileFailure(file, error);
  }
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
