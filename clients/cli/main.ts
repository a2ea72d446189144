/** The `veneer` command line: options that all commands share, and how they end. */
import { Command, CommanderError, Option } from 'commander';
import { addAt } from './commands/at.ts';
import { addBookmarks } from './commands/bookmarks.ts';
import { addBoot } from './commands/boot.ts';
import { addCompare } from './commands/compare.ts';
import { addDiff } from './commands/diff.ts';
import { addFork } from './commands/fork.ts';
import { addHost } from './commands/host.ts';
import { addKeys } from './commands/keys.ts';
import { addLoad } from './commands/load.ts';
import { addMachines } from './commands/machines.ts';
import { addMap } from './commands/map.ts';
import { addModules, addPlt } from './commands/modules.ts';
import { addPlan } from './commands/plan.ts';
import type { AddCommand, Go } from './commands/registry.ts';
import { addRun } from './commands/run.ts';
import { addSession } from './commands/session.ts';
import { addSessions } from './commands/sessions.ts';
import { addSnapshots } from './commands/snapshots.ts';
import { addStats } from './commands/stats.ts';
import { addUnload } from './commands/unload.ts';
import { addUpdate } from './commands/update.ts';
import { addView } from './commands/view.ts';
import { addWatch } from './commands/watch.ts';
import { addWhy } from './commands/why.ts';
import { DEFAULT_URL, type GlobalOptions } from './context.ts';
import { CliFailure, EXIT } from './failure.ts';
import { output } from './output.ts';

/** In the order in which help lists them. */
const COMMANDS: readonly AddCommand[] = [
  addBoot,
  addMachines,
  addLoad,
  addUnload,
  addModules,
  addPlt,
  addMap,
  addUpdate,
  addKeys,
  addStats,
  addWhy,
  addView,
  addAt,
  addDiff,
  addBookmarks,
  addSnapshots,
  addWatch,
  addSessions,
  addSession,
  addFork,
  addRun,
  addPlan,
  addCompare,
  addHost,
];

/** Killed by SIGINT, as shells count it. */
const EXIT_INTERRUPTED = 130;

/** Runs a command line (without `node` and the script) and gives its exit code. */
export async function main(argv: readonly string[], version: string): Promise<number> {
  let exit: number = EXIT.ok;
  const go: Go = async (command, action) => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const out = output(options.json === true, process.env, process.stdout, process.stderr);
    const machineOfEnvironment = command.getOptionValueSourceWithGlobals('machine') === 'env';
    const code = await action({ out, options, machineOfEnvironment, interruption });
    exit = typeof code === 'number' ? code : EXIT.ok;
  };
  // What goes wrong before the options are known is told as --json asks for, wherever that stands.
  const json = argv.includes('--json');
  try {
    await program(version, go).parseAsync(argv, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      await output(json, process.env, process.stdout, process.stderr).value({
        error: { code: 'usage', message: error.message },
      });
      return EXIT.usage;
    }
    if (!(error instanceof CliFailure)) throw error;
    const out = output(json, process.env, process.stdout, process.stderr);
    out.error(`veneer: ${error.message}`);
    await out.value({ error: { code: error.code, message: error.message } });
    return error.exit;
  }
}

function program(version: string, go: Go): Command {
  const root = new Command('veneer')
    .description("Talks to veneerd: a simulated kernel's module loader as an event stream.")
    .version(version)
    .option('--json', 'JSON on stdout and nothing else: one value, or one a line where results come one by one')
    .addOption(new Option('--url <url>', 'the daemon').env('VENEERD_URL').default(DEFAULT_URL))
    .addOption(new Option('-m, --machine <name>', 'the machine; the only one unless told').env('VENEERD_MACHINE'))
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what it takes)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the kernel or the daemon refused, 2 the command line or a file is wrong, 3 no daemon.',
    );
  // Sub-commands copy these settings when they are made: they come last.
  for (const add of COMMANDS) add(root, go);
  return root;
}

let controller: AbortController | undefined;

function interruption(): AbortSignal {
  if (controller) return controller.signal;
  const created = new AbortController();
  controller = created;
  const interrupt = (): void => {
    if (created.signal.aborted) process.exit(EXIT_INTERRUPTED);
    created.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return created.signal;
}
