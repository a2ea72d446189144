/**
 * `veneer compare`: two machines or two sessions side by side, command by command; or one session under several flavours and
 * placements, by its figures. Files need no daemon.
 */
import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { parsePosition, positionText } from '../../../protocol/position.ts';
import { FLAVOURS, type Flavour } from '../../../protocol/profile.ts';
import { integer, oneOf } from '../arguments.ts';
import { printComparison, SHOWN } from '../comparison.ts';
import { type Context, withClient } from '../context.ts';
import { usage } from '../failure.ts';
import { count, counted } from '../format/number.ts';
import { table } from '../format/table.ts';
import { SOURCE } from '../modules/folder.ts';
import { progress } from '../progress.ts';
import { directShare } from '../static-calls.ts';
import { type AddCommand, examples } from './registry.ts';

interface CompareOptions {
  readonly modules?: string;
  readonly staticCall?: readonly Flavour[];
  readonly seed?: readonly number[];
  readonly all?: true;
}

/** Runs in one go. */
const MOST = 64;

export const addCompare: AddCommand = (program, go) => {
  program
    .command('compare')
    .summary('hold two machines or sessions side by side')
    .description(
      'With A and B: two machines (or permalinks), or two session files, command by command: what came to something else, ' +
        'by what it means where only addresses differ, and a summary. With one session or scenario and --static-call: its ' +
        'commands again under each flavour and, with --seed, each placement; a WORD is four bytes written, DIRECT to NONE ' +
        'count sites by class at the end, STRAY the times a site was left without a way.',
    )
    .argument('<a>', 'a machine, a permalink MACHINE@EPOCH:N, or a session file; with --static-call a scenario, too')
    .argument('[b]', 'the other one, of the same kind')
    .option('--all', `every command that changed, not the first ${SHOWN}`)
    .option('--modules <source>', `where a session finds its module files, by name and sha256: ${SOURCE}`)
    .option('--static-call <flavours>', `a list of ${FLAVOURS.join(', ')}`, list(oneOf(FLAVOURS)))
    .option(
      '--seed <seeds>',
      'a list of KASLR seeds; without it the placement of the session',
      list(integer(0, 0xffffffff)),
    )
    .addHelpText(
      'after',
      examples(
        'veneer compare lab seed7',
        'veneer compare monday.veneer.jsonl.gz tuesday.veneer.jsonl.gz --all',
        'veneer compare demo@k3x7m2pq:812 what-if@k3x9a1bc:812 --json',
        'veneer compare lab.veneer.jsonl.gz --modules ./modules --static-call out-of-line,inline-defuse,literal',
        'veneer compare scenario.json --modules ./modules --static-call inline-poison --seed 1,2,3 --json',
      ),
    )
    .action((a: string, b: string | undefined, options: CompareOptions, command: Command) =>
      go(command, (context) => compare(context, a, b, options)),
    );
};

function list<T>(one: (text: string) => T): (text: string) => readonly T[] {
  return (text) => {
    const all = text.split(',').map((part) => one(part.trim()));
    if (all.length > MOST) throw new InvalidArgumentError(`Expected at most ${MOST}.`);
    return all;
  };
}

async function compare(context: Context, a: string, b: string | undefined, options: CompareOptions): Promise<void> {
  const { modules, staticCall: flavours, seed: seeds, all } = options;
  if (b === undefined) {
    if (!flavours || modules === undefined) {
      throw usage(`compare ${a}: expected a second one to hold beside it, or --static-call and --modules`);
    }
    return compareFlavours(context, a, modules, flavours, seeds);
  }
  if (flavours || seeds || modules !== undefined) {
    throw usage('--static-call, --seed and --modules replay one session: leave out the second, or them');
  }
  const shown = all ? Number.POSITIVE_INFINITY : SHOWN;
  const files = [await isFile(a), await isFile(b)];
  if (files.every(Boolean)) return compareFiles(context, a, b, shown);
  if (files.some(Boolean))
    throw usage(`${a} and ${b}: expected two machines or two files; \`veneer record\` makes a file`);
  return compareMachines(context, a, b, shown);
}

const isFile = (text: string): Promise<boolean> =>
  stat(text).then(
    (found) => !found.isDirectory(),
    () => text.includes('/') || /\.jsonl(\.gz)?$/.test(text),
  );

async function compareFiles({ out }: Context, a: string, b: string, shown: number): Promise<void> {
  const { RunError } = await import('../../../daemon/headless/run-error.ts');
  const headless = await import('../../../daemon/headless/compare-files.ts');
  try {
    await printComparison(out, headless.compareFiles(a, b), shown);
  } catch (error) {
    throw error instanceof RunError ? usage(error.message) : error;
  }
}

async function compareMachines(context: Context, a: string, b: string, shown: number): Promise<void> {
  const [left, right] = [placeOf(a), placeOf(b)];
  await withClient(context, async (client) => {
    const lines = client.machine(left.name).compare(right.name, {
      ...(left.at !== undefined && { at: left.at }),
      ...(right.at !== undefined && { withAt: right.at }),
    });
    await printComparison(context.out, lines, shown);
  });
}

function placeOf(text: string): { readonly name: string; readonly at?: string } {
  if (!text.includes('@')) return { name: text };
  const parsed = parsePosition(text);
  if (!parsed.ok) throw usage(parsed.message);
  if (parsed.position.form !== 'link') throw usage(`${text}: expected a machine, or MACHINE@EPOCH:N`);
  return { name: parsed.position.machine, at: positionText(parsed.position) };
}

async function compareFlavours(
  { out }: Context,
  file: string,
  modules: string,
  flavours: readonly Flavour[],
  seeds: readonly number[] | undefined,
): Promise<void> {
  const { RunError } = await import('../../../daemon/headless/run-error.ts');
  const headless = await import('../../../daemon/headless/compare.ts');
  let bar: ReturnType<typeof progress> | undefined;
  try {
    const { commands, runs } = await headless.compare({
      file,
      modules,
      flavours,
      ...(seeds && { seeds }),
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
