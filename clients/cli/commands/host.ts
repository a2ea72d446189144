/** `veneer record-host` and `veneer verify`: sessions of running kernels, and whether their layout follows the rules. */
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Verification } from '../../../daemon/headless/host/index.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import type { View } from '../../../protocol/view/types.ts';
import { integer } from '../arguments.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, refused, usage } from '../failure.ts';
import { count, counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { SOURCE } from '../modules/folder.ts';
import { readSession, writeSession } from '../session-file.ts';
import { type AddCommand, examples } from './registry.ts';

interface RecordHostOptions {
  readonly root?: string;
  readonly out?: string;
  readonly trace?: string;
  readonly live?: number;
  readonly force?: true;
}

interface VerifyOptions {
  readonly modules: readonly string[];
  readonly all?: true;
}

const A_DAY = 86_400;

export const addHost: AddCommand = (program, go) => {
  program
    .command('record-host')
    .summary("record a running kernel's modules as a session")
    .description(
      'Reads what a running kernel shows of its modules (/proc, /sys, the module events of its trace) into a session file. ' +
        'Root sees most; what is missing is said, and nothing is made up for it.',
    )
    .option('--root <folder>', 'a captured tree with proc/ and sys/ in it, in place of this host')
    .option('--out <file>', 'the session file: HOST.veneer.jsonl unless told, gzipped where it ends in .gz')
    .option('--trace <file>', 'a saved trace: the text of tracefs, or of `trace-cmd report`')
    .option('--live <seconds>', "follow this host's trace for so long, Ctrl-C ends it earlier", integer(1, A_DAY))
    .option('--force', 'overwrite the file')
    .addHelpText(
      'after',
      examples(
        'veneer record-host --out web1.veneer.jsonl.gz',
        'veneer record-host --live 60',
        'veneer record-host --root capture/2-loaded --trace trace.txt --out capture.veneer.jsonl',
      ),
    )
    .action((options: RecordHostOptions, command: Command) => go(command, (context) => recordHost(context, options)));
  program
    .command('verify')
    .summary("hold a host's module layout against the rules")
    .description(
      'Computes where every section of every module has to lie, with the module files of the host, and says where the ' +
        'addresses that the kernel showed agree and where they do not. The exit code is 1 when anything differs.',
    )
    .argument('<session>', 'a session that record-host made')
    .requiredOption(
      '--modules <source>',
      `where the module files are: ${SOURCE}; can be given several times`,
      (source: string, before: readonly string[] = []) => [...before, source],
    )
    .option('--all', 'every section, not only what is wrong')
    .addHelpText(
      'after',
      examples(
        'veneer verify web1.veneer.jsonl.gz --modules /lib/modules/6.1.0-50-arm64',
        'veneer verify capture.veneer.jsonl --modules linux-image-6.1.0-50-arm64_6.1.176-1_arm64.deb',
      ),
    )
    .action((session: string, options: VerifyOptions, command: Command) =>
      go(command, (context) => verify(context, session, options)),
    );
};

async function recordHost({ out, interruption }: Context, options: RecordHostOptions): Promise<void> {
  const { root, trace, live } = options;
  if (live !== undefined && (root !== undefined || trace !== undefined)) {
    throw usage('--live follows this host: it goes neither with --root nor with --trace');
  }
  if (root === '') throw usage('--root: expected a folder');
  const machine = machineName(root === undefined ? hostname() : basename(resolve(root)));
  const file = options.out ?? `${machine}.veneer.jsonl`;
  const { HostError, recordHost: record } = await import('../../../daemon/headless/host/index.ts');
  if (live !== undefined) out.note(`following the module events of this host for ${live} s, Ctrl-C ends`);
  let session: Awaited<ReturnType<typeof record>>;
  try {
    session = await record({
      ...(root !== undefined && { root }),
      ...(trace !== undefined && { trace }),
      ...(live !== undefined && { live }),
      signal: interruption(),
    });
  } catch (error) {
    throw error instanceof HostError ? usage(error.message) : error;
  }
  const { commits, observed } = session;
  const about = `recorded from ${root === undefined ? 'a running host' : 'a captured tree'} by veneer record-host`;
  const writer = await writeSession(file, { machine, about }, { overwrite: options.force === true });
  for (const commit of commits) await writer.commit(commit);
  const footer = await writer.finish();
  const { lost, notes } = observed;
  const { view } = writer;
  await out.value({
    file,
    machine,
    commits: footer.commits,
    digest: footer.digest,
    release: observed.release ?? null,
    modules: view.modules.size,
    loads: view.ever.loads,
    unloads: view.ever.unloads,
    failedLoads: view.ever.failedLoads,
    lost,
    notes,
  });
  for (const { what, why, lost: cost } of lost) out.note(plain(`lost: ${what}: ${why} – ${cost}`));
  for (const note of notes) out.note(plain(`note: ${note}`));
  out.print(
    plain(`${file}: ${observed.release ?? 'a kernel of unknown version'}, ${counted(view.modules.size, 'module')}`),
    `${counted(footer.commits, 'commit')}: ${historyOf(view)}, digest ${footer.digest}`,
  );
}

function historyOf({ ever, host }: View): string {
  const traced = ever.loads + ever.failedLoads + ever.unloads + (host?.requests ?? 0);
  if (traced === 0) return 'one moment, nothing traced';
  return `${counted(ever.loads, 'load')}, ${count(ever.failedLoads)} failed, ${counted(ever.unloads, 'unload')}, ${counted(host?.requests ?? 0, 'request')} traced`;
}

/** What a machine may be called: lowercase letters, digits, dots, dashes, underscores. */
function machineName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 63);
  return name === '' ? 'host' : name;
}

async function verify({ out }: Context, file: string, { modules, all }: VerifyOptions): Promise<ExitCode> {
  const view = emptyView();
  for await (const item of readSession(file)) {
    if (item.kind === 'commit') fold(view, item.commit);
    if (item.kind === 'cut-off') out.note(`${file}:${item.line}: the session was cut off here`);
  }
  if (view.commit === 0) throw refused('bad-session', `${file} holds no commits: there is nothing to verify`);
  const { HostError, verifySession } = await import('../../../daemon/headless/host/index.ts');
  let result: Verification;
  try {
    result = await verifySession(view, modules);
  } catch (error) {
    throw error instanceof HostError ? usage(error.message) : error;
  }
  await out.value(result);
  report(out, result, all === true);
  return result.agrees ? EXIT.ok : EXIT.refused;
}

function report({ print, paint }: Context['out'], result: Verification, all: boolean): void {
  const { totals, modules, faults, areas } = result;
  for (const module of modules) {
    if (module.verdict === 'agrees' && !all) continue;
    const title = `${plain(module.module)}: ${module.verdict}`;
    print(module.verdict === 'differs' ? paint.red(title) : paint.bold(title));
    for (const fault of module.faults) print(`  ${plain(fault)}`);
    for (const { name, address, verdict, why } of all ? module.sections : []) {
      print(plain(`  ${address ?? '–'.padEnd(18)}  ${verdict.padEnd(7)}  ${name}: ${why}`));
    }
  }
  for (const fault of faults) print(paint.red(plain(fault)));
  if (all)
    for (const area of areas)
      print(plain(`${area.address ?? ''}  ${area.size} bytes, ${area.owner}: ${area.kind} ${area.caller ?? ''}`));
  const differ = totals.differs + totals.missing + totals.unknown;
  print(
    `${counted(totals.verified, 'module')} verified, ${count(totals.unverified)} not; of ${counted(totals.agrees + totals.stale + differ, 'section')} ` +
      `${count(totals.agrees)} agree, ${count(totals.stale)} are stale (freed init memory), ${count(differ)} differ`,
  );
  if (totals.verified === 0) print(paint.red('nothing could be verified'));
  else
    print(
      result.agrees ? paint.green('the layout is as the rules say') : paint.red('the layout is not as the rules say'),
    );
}
