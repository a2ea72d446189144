/** `veneer snapshots`: where the daemon has the state of the machine ready, and whether it is the one that the log gives. */
import type { Command } from 'commander';
import type { SnapshotVerdict } from '../../../protocol/snapshots.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { bytes, count, counted } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { asking } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

export const addSnapshots: AddCommand = (program, go) => {
  program
    .command('snapshots')
    .summary('list snapshots, and verify them')
    .description(
      'Lists the commits at which the daemon has a snapshot of the machine. With --verify each is made once more of the ' +
        'log and compared; the exit code is 1 when one differs or can not be read.',
    )
    .option('--verify', 'make each of them once more of the log, and compare')
    .addHelpText('after', examples('veneer snapshots', 'veneer snapshots --verify', 'veneer snapshots --verify --json'))
    .action((options: { verify?: true }, command: Command) =>
      go(command, (context) => (options.verify ? verify(context) : list(context))),
    );
};

async function list(context: Context): Promise<void> {
  const { out } = context;
  const answer = await asking(context, {}, (machine) => machine.snapshots());
  await out.value(answer);
  const { position, first, snapshots } = answer;
  out.print(
    `${counted(snapshots.length, 'snapshot')} of ${position.machine}, whose commits ${count(first)} to ${count(position.commit)} are kept`,
    ...snapshots.map((commit) => `  commit ${count(commit)}`),
  );
}

/** A line for each, as it comes. */
async function verify(context: Context): Promise<ExitCode> {
  const { out } = context;
  let all = 0;
  let wrong = 0;
  await withClient(context, async (client) => {
    const machine = await theMachine(context, client);
    for await (const verdict of machine.verifySnapshots()) {
      all++;
      if (isWrong(verdict)) wrong++;
      await out.value(verdict);
      const words = `commit ${count(verdict.commit)}  ${bytes(verdict.bytes)}  ${WORDS[verdict.result]}`;
      const line = plain(verdict.message === undefined ? words : `${words}: ${verdict.message}`);
      out.print(isWrong(verdict) ? out.paint.red(line) : line);
    }
  });
  const summary = `${counted(all, 'snapshot')}, ${count(wrong)} wrong`;
  out.print(wrong > 0 ? out.paint.red(summary) : out.paint.green(summary));
  return wrong > 0 ? EXIT.refused : EXIT.ok;
}

const isWrong = ({ result }: SnapshotVerdict): boolean => result === 'differs' || result === 'unreadable';

const WORDS: Readonly<Record<SnapshotVerdict['result'], string>> = {
  same: 'the log gives the same',
  base: 'the log begins after it',
  differs: 'the log gives another',
  unreadable: 'can not be read',
};
