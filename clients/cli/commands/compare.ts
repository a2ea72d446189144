/** `veneer compare`: one session under several flavours and placements. Runs the daemon's model here, as `veneer run` does. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { FLAVOURS, type Flavour } from '../../../protocol/profile.ts';
import { integer, oneOf } from '../arguments.ts';
import type { Context } from '../context.ts';
import { usage } from '../failure.ts';
import { count, counted } from '../format/number.ts';
import { table } from '../format/table.ts';
import { progress } from '../progress.ts';
import { directShare } from '../static-calls.ts';
import { type AddCommand, examples } from './registry.ts';

interface CompareOptions {
  readonly modules: string;
  readonly staticCall: readonly Flavour[];
  readonly seed?: readonly number[];
}

/** Runs in one go. */
const MOST = 64;

export const addCompare: AddCommand = (program, go) => {
  program
    .command('compare')
    .summary('run a session under several flavours')
    .description(
      'Runs the commands of a session, or the steps of a scenario, again under each flavour of static calls and, with ' +
        '--seed, each placement, without a daemon; prints what that cost side by side. A WORD is four bytes written; ' +
        'DIRECT to NONE count sites by class at the end; STRAY counts the times a site was left without a way.',
    )
    .argument('<file>', 'a session (*.veneer.jsonl, also gzipped) or a scenario')
    .requiredOption('--modules <folder>', 'where the module files are: a session finds them by name and sha256')
    .requiredOption('--static-call <flavours>', `a list of ${FLAVOURS.join(', ')}`, list(oneOf(FLAVOURS)))
    .option(
      '--seed <seeds>',
      'a list of KASLR seeds; without it the placement of the session',
      list(integer(0, 0xffffffff)),
    )
    .addHelpText(
      'after',
      examples(
        'veneer compare lab.veneer.jsonl.gz --modules ./modules --static-call out-of-line,inline-defuse,literal',
        'veneer compare scenario.json --modules ./modules --static-call inline-poison --seed 1,2,3 --json',
      ),
    )
    .action((file: string, options: CompareOptions, command: Command) =>
      go(command, (context) => compare(context, file, options)),
    );
};

function list<T>(one: (text: string) => T): (text: string) => readonly T[] {
  return (text) => {
    const all = text.split(',').map((part) => one(part.trim()));
    if (all.length > MOST) throw new InvalidArgumentError(`Expected at most ${MOST}.`);
    return all;
  };
}

async function compare(context: Context, file: string, options: CompareOptions): Promise<void> {
  const { out } = context;
  const { RunError } = await import('../../../daemon/headless/run.ts');
  const headless = await import('../../../daemon/headless/compare.ts');
  let bar: ReturnType<typeof progress> | undefined;
  try {
    const { commands, runs } = await headless.compare({
      file,
      modules: options.modules,
      flavours: options.staticCall,
      ...(options.seed && { seeds: options.seed }),
      onStep: (done, total, what) => {
        bar ??= progress(total, 'commands');
        bar.update(done, what);
      },
    });
    bar?.stop();
    await out.value({ file, commands, runs });
    const refused = runs.reduce((sum, run) => sum + run.refused, 0);
    out.print(
      ...table(
        [
          { head: 'FLAVOUR', cell: (run) => run.flavour },
          { head: 'SEED', right: true, cell: (run) => (run.seed === null ? '–' : String(run.seed)) },
          { head: 'PATCHES', right: true, cell: (run) => count(run.patches) },
          { head: 'WORDS', right: true, cell: (run) => count(Math.ceil(run.bytes / 4)) },
          { head: 'BYTES', right: true, cell: (run) => count(run.bytes) },
          { head: 'NON-ATOMIC', right: true, cell: (run) => count(run.stopMachine + run.int3) },
          { head: 'DIRECT', right: true, cell: (run) => count(run.classes.direct) },
          { head: 'VENEER', right: true, cell: (run) => count(run.classes.veneer) },
          { head: 'VENEERS', right: true, cell: (run) => count(run.classes.veneers) },
          { head: 'TRAPPED', right: true, cell: (run) => count(run.classes.trapped) },
          { head: 'NONE', right: true, cell: (run) => count(run.classes.none) },
          { head: 'STRAY', right: true, cell: (run) => count(run.strays) },
          { head: 'PLT', right: true, cell: (run) => count(run.plt) },
          { head: 'SHARE', right: true, cell: (run) => directShare(run.classes) },
        ],
        runs,
        out.paint.dim,
      ),
    );
    if (refused > 0)
      out.note(`${counted(refused, 'command')} made no sense under a flavour or placement and did nothing`);
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  } finally {
    bar?.stop();
  }
}
