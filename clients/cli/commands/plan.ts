/** `veneer plan`: whether modules will fit, before anybody loads them. Runs the daemon's model here, as `veneer run` does. */
import type { Command } from 'commander';
import type { PlanInput } from '../../../daemon/headless/plan/input.ts';
import { integer } from '../arguments.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, usage } from '../failure.ts';
import { counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type MachineOptions, machineFields, machineOptions } from '../machine.ts';
import { eaters } from '../plan/eaters.ts';
import { planModules, type SourceOptions } from '../plan/sources.ts';
import { progress } from '../progress.ts';
import { type AddCommand, examples } from './registry.ts';

interface PlanOptions extends MachineOptions, SourceOptions {
  readonly seed?: number;
  readonly sweep?: number;
  readonly seedFrom?: number;
  readonly threads?: number;
  readonly redis?: string;
  /** False where `--no-local` was given. */
  readonly local: boolean;
  readonly rows?: string;
  readonly force?: true;
  readonly all?: true;
  readonly advise?: true;
}

const LAST_SEED = 0xffffffff;
const MOST_SEEDS = 1_000_000;

export const addPlan: AddCommand = (program, go) => {
  const command = program
    .command('plan')
    .summary('say whether modules will fit')
    .description(
      'Says without a daemon where each module would land, how full the windows get, what fails first and with which words ' +
        'of the kernel, and how many veneers each module costs. --sweep does so at many KASLR seeds. The exit code is 0 ' +
        'when all modules load, at every seed.',
    )
    .argument(
      '[modules...]',
      'folders, linux-image-*.deb, module files; with --deps also names. What they need is loaded before them',
    )
    .option('--deps <source>', 'a folder or a package where names and dependencies are looked up')
    .option('--list <file>', 'a path or a name a line: the output of lsmod or modprobe -D will do');
  machineOptions(command)
    .option('--seed <seed>', 'place kernel and windows as KASLR does, from this seed', integer(0, LAST_SEED))
    .option('--sweep <n>', 'plan at so many seeds, and give the distribution', integer(1, MOST_SEEDS))
    .option('--seed-from <seed>', 'the first seed of the sweep, 0 unless told', integer(0, LAST_SEED))
    .option('--rows <file>', 'of a sweep, one row a seed as JSON lines')
    .option('--force', 'overwrite that file')
    .option('--threads <n>', 'threads of a sweep, as many as there are cores unless told', integer(1, 1024))
    .option('--redis <url>', 'share the work of a sweep with every `veneer plan-worker` at that Redis')
    .option('--no-local', 'leave the work to them')
    .option('--all', 'every module, not only those that keep most')
    .option('--advise', 'what would change the plan, also when all modules load')
    .addHelpText(
      'after',
      examples(
        'veneer plan --preset arm64-6.12 /lib/modules/6.12.0-arm64',
        'veneer plan --profile lab.json xfs btrfs --deps linux-image-6.1.0-50-arm64_6.1.176-1_arm64.deb',
        'veneer plan --preset arm64-6.1 --list <(tac /proc/modules) --deps /lib/modules/$(uname -r) --seed 7',
        'veneer plan --preset arm64-6.1 ./modules --sweep 1000 --rows rows.jsonl',
        'veneer plan --preset arm64-6.1 ./modules --sweep 100000 --redis redis://10.0.0.7',
      ),
    )
    .action((modules: string[], options: PlanOptions, ran: Command) =>
      go(ran, (context) => plan(context, modules, options)),
    );
  program
    .command('plan-worker')
    .summary('work on sweeps of others')
    .description(
      'Works on the sweeps that `veneer plan --sweep --redis` puts into that Redis, until Ctrl-C; the chunk in hand is ' +
        'finished first. Any number of these can run, on any number of machines, all of the same version.',
    )
    .requiredOption('--redis <url>', 'redis://HOST:PORT, or redis-cluster://HOST:PORT,HOST:PORT,…')
    .option('--threads <n>', 'as many as there are cores unless told', integer(1, 1024))
    .addHelpText('after', examples('veneer plan-worker --redis redis://10.0.0.7'))
    .action((options: WorkerOptions, ran: Command) => go(ran, (context) => planWorker(context, options)));
};

interface WorkerOptions {
  readonly redis: string;
  readonly threads?: number;
}

async function planWorker({ out, interruption }: Context, { redis, threads }: WorkerOptions): Promise<void> {
  const { RunError } = await import('../../../daemon/headless/run-error.ts');
  const { THREADS } = await import('../../../daemon/headless/plan/pool.ts');
  const { startWork } = await import('../../../daemon/headless/plan/queue/work.ts');
  const signal = interruption();
  try {
    const work = await startWork(redis, threads ?? THREADS, {
      onChunk: ({ from, count, by }, error) => {
        if (error === undefined) out.print(`seeds ${from} to ${from + count - 1} for ${plain(by)}`);
        else out.error(plain(`seeds ${from} to ${from + count - 1} for ${by}: ${error}`));
        void out.value({ from, count, by, ...(error !== undefined && { error }) });
      },
    });
    out.note(`working with ${counted(threads ?? THREADS, 'thread')}; Ctrl-C ends`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await work.close();
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  }
}

async function plan(context: Context, given: readonly string[], options: PlanOptions): Promise<ExitCode> {
  const { sweep, seed, seedFrom, rows } = options;
  if (sweep !== undefined && seed !== undefined)
    throw usage('--seed plans at one seed, --sweep at many: leave out one');
  if (sweep === undefined && [seedFrom, rows, options.threads, options.redis].some((one) => one !== undefined))
    throw usage('--seed-from, --rows, --threads and --redis belong to --sweep');
  if (sweep !== undefined && (seedFrom ?? 0) + sweep - 1 > LAST_SEED)
    throw usage(`--seed-from ${seedFrom}: the last of ${sweep} seeds would be beyond ${LAST_SEED}`);
  const input = await readInput(context, given, options);
  return sweep !== undefined ? planSweep(context, input, sweep, options) : planOnce(context, input, options);
}

async function readInput({ out }: Context, given: readonly string[], options: PlanOptions): Promise<PlanInput> {
  const boot = await machineFields(out, options);
  let bar: ReturnType<typeof progress> | undefined;
  try {
    const modules = await planModules(given, options, {
      note: (line) => out.note(line),
      progress: (done, total, what) => {
        bar ??= progress(total, 'modules read');
        bar.update(done, what);
      },
    });
    return { boot, modules };
  } finally {
    bar?.stop();
  }
}

async function planOnce({ out }: Context, input: PlanInput, options: PlanOptions): Promise<ExitCode> {
  const { RunError } = await import('../../../daemon/headless/run-error.ts');
  const { planOne } = await import('../../../daemon/headless/plan/plan.ts');
  const { helpFor } = await import('../../../daemon/headless/plan/help.ts');
  const { printPlan } = await import('../plan/report.ts');
  const seed = options.seed ?? null;
  try {
    const planned = planOne(input, seed);
    const { machine, modules, peaks, row } = planned;
    const crowded = row.failed.some(({ errno, step }) => errno === 'ENOMEM' && step === 'allocate');
    const helps =
      crowded || options.advise ? helpFor(input, seed, row, (change) => out.note(`planning the same ${change}`)) : [];
    const { symbols, gplOnly: _, staticCalls: __, ...facts } = machine;
    await out.value({
      format: 'veneerd/plan@1',
      machine: { ...facts, symbols: Object.keys(symbols).length },
      row,
      peaks,
      modules,
      eaters: eaters(modules),
      helps,
    });
    printPlan(out, planned, helps, options.all === true);
    return row.fits ? EXIT.ok : EXIT.refused;
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  }
}

async function planSweep(
  { out, interruption }: Context,
  input: PlanInput,
  count: number,
  options: PlanOptions,
): Promise<ExitCode> {
  const { RunError } = await import('../../../daemon/headless/run-error.ts');
  const { booted } = await import('../../../daemon/headless/plan/input.ts');
  const { printSweep } = await import('../plan/sweep-report.ts');
  const { openMaker, runSweep } = await import('../plan/sweep.ts');
  const from = options.seedFrom ?? 0;
  let maker: Awaited<ReturnType<typeof openMaker>> | undefined;
  try {
    const machine = booted(input, null).profile?.source;
    if (!machine) throw new Error('a machine that is booted has a profile');
    maker = await openMaker(input, options);
    if (options.redis !== undefined && !options.local)
      out.note('leaving the work to every `veneer plan-worker` at that Redis; Ctrl-C ends');
    const summary = await runSweep(maker, { from, count, ...options }, interruption());
    const complete = summary.seeds.count === count;
    const { symbols, gplOnly: _, staticCalls: __, ...facts } = machine;
    await out.value({
      format: 'veneerd/sweep@1',
      machine: { ...facts, symbols: Object.keys(symbols).length },
      modules: input.modules.length,
      complete,
      ...summary,
    });
    printSweep(out, machine, input.modules.length, summary);
    if (!complete) out.note(`interrupted: ${summary.seeds.count} of ${count} seeds are done`);
    return complete && summary.fits.seeds === count ? EXIT.ok : EXIT.refused;
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  } finally {
    await maker?.close();
  }
}
