/** `veneer fork`: what if. A machine's log, or the beginning of it, replayed by its commands under other rules. */
import type { Command } from 'commander';
import { FORK_MODULES_MAX, type ForkCounts } from '../../../protocol/fork.ts';
import { type PositionText, parsePosition, permalink, positionText } from '../../../protocol/position.ts';
import { FLAVOURS, LAYOUTS } from '../../../protocol/profile.ts';
import { oneOf, position } from '../arguments.ts';
import { printComparison, SHOWN } from '../comparison.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { usage } from '../failure.ts';
import {
  type AddedFile,
  addedOption,
  type ChangeOptions,
  changesOf,
  errataOption,
  kaslrOption,
  reservedOption,
  windowOption,
} from '../fork-changes.ts';
import { uploadAdded, uploadMissing } from '../fork-files.ts';
import { count, counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { SOURCE } from '../modules/folder.ts';
import { progress } from '../progress.ts';
import { type AddCommand, examples } from './registry.ts';

interface ForkOptions extends ChangeOptions {
  readonly as: string;
  readonly at?: PositionText;
  readonly with?: readonly AddedFile[];
  readonly modules?: readonly string[];
  readonly compare?: true;
  readonly all?: true;
}

export const addFork: AddCommand = (program, go) => {
  program
    .command('fork')
    .summary('what if: replay a machine under other rules')
    .description(
      "Makes a new machine of another one's commands, up to a position, with changed rules. Commit times and command ids " +
        'stay. What fails now is an event as always; a command that makes no sense any more is an event, too, and counted. ' +
        'The module files have to be on the daemon: --modules uploads those that are missing.',
    )
    .argument('[name]', 'of the machine, or a permalink MACHINE@EPOCH:N; the only machine unless told')
    .requiredOption('--as <name>', 'of the new machine')
    .option('--at <position>', 'fork what was there then: N, -N, EPOCH:N or @BOOKMARK', position)
    .option('--flavour <flavour>', `static calls: ${FLAVOURS.join(', ')}`, oneOf(FLAVOURS))
    .option('--layout <version>', `the loader's rules: ${LAYOUTS.join(' or ')}`, oneOf(LAYOUTS))
    .option('--page-size <bytes>', '4096, 16384 or 65536', oneOf(['4096', '16384', '65536']))
    .option('--errata <numbers>', 'errata whose workaround is active: 843419, or none', errataOption)
    .option('--kaslr <seed>', 'place kernel and windows as KASLR does from this seed; none: no KASLR', kaslrOption)
    .option('--direct <range>', 'the direct window: START-END, or none', windowOption)
    .option('--fallback <range>', 'the fallback window: START-END, or none', windowOption)
    .option('--default-windows', 'windows as they follow from layout and kernel image')
    .option('--reserved <ranges>', 'what others hold: START-END,…; none; default: the image alone', reservedOption)
    .option('--add-key <function...>', 'calls to these functions are static calls (arm64)')
    .option('--drop-key <key...>', 'these are no static calls')
    .option('--profile <file>', 'further fields of the machine profile (JSON); null takes one back to its default')
    .option('--with <file>', 'one more module: FILE, FILE@after=COMMIT or FILE@before=MODULE; repeatable', addedOption)
    .option('--without <module...>', 'these modules are never loaded')
    .option('--modules <source...>', `where to take missing module files from: ${SOURCE}; several add up`)
    .option('--compare', 'then hold the two side by side')
    .option('--all', `with --compare: every command that changed, not the first ${SHOWN}`)
    .addHelpText(
      'after',
      examples(
        'veneer fork lab --as seed7 --kaslr 7 --compare',
        'veneer fork lab --as literal --flavour literal --at @before-oom',
        'veneer fork lab --as far --direct none',
        'veneer fork lab --as lean --without xfs --compare --json',
        'veneer fork demo --as roomy --reserved default --modules linux-image-6.1.0-50-arm64_6.1.176-1_arm64.deb',
      ),
    )
    .action((name: string | undefined, options: ForkOptions, command: Command) =>
      go(command, (context) => fork(context, name, options)),
    );
};

async function fork(context: Context, name: string | undefined, options: ForkOptions): Promise<void> {
  const { out } = context;
  const asked = askedOf(name, options.at);
  const changes = await changesOf(options);
  if ((options.with?.length ?? 0) > FORK_MODULES_MAX) throw usage(`--with: at most ${FORK_MODULES_MAX} modules`);
  await withClient(context, async (client) => {
    const machine = asked.name === undefined ? await theMachine(context, client) : client.machine(asked.name);
    const at = asked.at === undefined ? {} : { at: positionText(asked.at) };
    if (options.modules) await uploadMissing(context, client, await machine.files(at), options.modules);
    const added = await uploadAdded(client, options.with ?? []);
    const from = { machine: machine.name, ...(await machine.locate(at)).position };
    const bar = progress(from.commit, 'commits');
    const body = {
      as: options.as,
      at: permalink(from),
      changes: { ...changes, ...(added.length > 0 && { with: added }) },
    };
    const forked = await machine.fork(body, ({ done }) => bar.update(done, options.as)).finally(() => bar.stop());
    await out.value({ machine: options.as, from, ...forked });
    const to = { machine: options.as, ...forked.position };
    out.print(`${out.paint.bold(options.as)} is a fork of ${permalink(from)}: ${plain(countWords(forked.counts))}`);
    if (forked.repeated) out.note(`${options.as} was there already, by this very fork`);
    if (!options.compare) return;
    const lines = machine.compare(options.as, { at: permalink(from), withAt: permalink(to) });
    await printComparison(out, lines, options.all ? Number.POSITIVE_INFINITY : SHOWN);
  });
}

/** A permalink names machine and position at once. */
function askedOf(text: string | undefined, at: PositionText | undefined) {
  if (text === undefined || !text.includes('@')) return { name: text, at };
  const parsed = parsePosition(text);
  if (!parsed.ok) throw usage(parsed.message);
  if (parsed.position.form !== 'link') throw usage(`${text}: expected a machine, or MACHINE@EPOCH:N`);
  if (at !== undefined) throw usage(`${text} --at: one position is enough`);
  return { name: parsed.position.machine, at: parsed.position };
}

function countWords({ copied, decided, refused, added, leftOut, translated }: ForkCounts): string {
  const words = [counted(decided, 'command')];
  words[0] += ' decided anew';
  if (copied > 0) words.unshift(`${counted(copied, 'commit')} as they were`);
  if (translated > 0) words.push(`${count(translated)} of them at other addresses`);
  if (refused > 0) words.push(`${count(refused)} made no sense`);
  if (leftOut > 0) words.push(`${count(leftOut)} left out`);
  if (added > 0) words.push(`${count(added)} added`);
  return words.join(', ');
}
