/** `veneer run`: a scenario without a daemon. The one place where a client reaches into the daemon: it is the daemon's model that runs. */
import type { Command } from 'commander';
import type { Step } from '../../../daemon/headless/scenario.ts';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { counted, share } from '../format/number.ts';
import { SOURCE } from '../modules/folder.ts';
import { progress } from '../progress.ts';
import { type AddCommand, examples } from './registry.ts';

interface RunOptions {
  readonly modules: string;
  readonly report?: string;
  readonly dump?: string;
  readonly image?: string;
}

export const addRun: AddCommand = (program, go) => {
  program
    .command('run')
    .summary('run a scenario headless')
    .description(
      'Runs a scenario (veneerd/scenario@1) without a daemon and reports every step (veneerd/report@1). That the kernel ' +
        'refuses a step is a result like any other: the exit code is 0 when all steps were run.',
    )
    .argument('<scenario>')
    .requiredOption('--modules <source>', `where the module files are that the scenario names: ${SOURCE}`)
    .option('--report <file>', 'the report, step by step; with --json it is also on stdout')
    .option('--dump <folder>', 'the bytes of each module as they are when its init function is called')
    .option('--image <file>', "the machine's memory after the last step (veneerd/image@1)")
    .addHelpText('after', examples('veneer run scenario.json --modules ./modules --report out.json'))
    .action((scenario: string, options: RunOptions, command: Command) =>
      go(command, (context) => run(context, scenario, options)),
    );
};

async function run(context: Context, scenario: string, options: RunOptions): Promise<void> {
  const { out } = context;
  const { RunError, runScenario } = await import('../../../daemon/headless/run.ts');
  let bar: ReturnType<typeof progress> | undefined;
  try {
    const { steps, ...report } = await runScenario({
      scenario,
      ...options,
      onStep: (done, total, step) => {
        bar ??= progress(total, 'steps');
        bar.update(done, labelOf(step));
      },
    });
    await out.value({ ...report, steps });
    const refused = steps.filter((step) => step.error !== null).length;
    const direct = steps.reduce((sum, step) => sum + (step.module?.branches.direct ?? 0), 0);
    const veneer = steps.reduce((sum, step) => sum + (step.module?.branches.veneer ?? 0), 0);
    const branches = counted(direct + veneer, 'branch', 'branches');
    out.print(
      `${counted(steps.length, 'step')}, ${refused} refused by the kernel; ${branches}, ${share(direct, direct + veneer)} direct`,
    );
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  } finally {
    bar?.stop();
  }
}

function labelOf(step: Step): string {
  return step.op === 'load' ? step.module : step.op === 'unload' ? step.name : step.key;
}
