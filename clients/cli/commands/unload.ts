/** `veneer unload`: modules out of the machine, in the order given. */
import type { Command } from 'commander';
import { type Context, theMachine, withClient } from '../context.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import { refusal } from '../format/event.ts';
import { bytes } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { type AddCommand, examples } from './registry.ts';

export const addUnload: AddCommand = (program, go) => {
  program
    .command('unload')
    .summary('unload modules')
    .description('Unloads modules in the order given; stops at the first that the kernel refuses.')
    .argument('<name...>', 'names of modules; - and _ are one')
    .option('--held', 'something other than a module holds it: the kernel refuses with EAGAIN')
    .addHelpText('after', examples('veneer unload xfs libcrc32c'))
    .action((names: string[], options: { held?: true }, command: Command) =>
      go(command, (context) => unload(context, names, options.held === true)),
    );
};

async function unload(context: Context, names: readonly string[], held: boolean): Promise<ExitCode> {
  const { out } = context;
  return withClient(context, async (client) => {
    const machine = await theMachine(context, client);
    for (const name of names) {
      const module = name.replaceAll('-', '_');
      const { position, commit } = await machine.command({ type: 'unload', module, ...(held && { held }) });
      const place = { module, machine: machine.name, ...position };
      const failure = commit.events.find((event) => event.type === 'ModuleUnloadFailed');
      const freed = commit.events.flatMap((event) => (event.type === 'MemoryFreed' ? [event.size] : []));
      const size = freed.reduce((sum, each) => sum + each, 0);
      if (failure) {
        await out.value({ ...place, ok: false, errno: failure.errno, words: failure.words });
        out.error(plain(refusal(module, failure.errno, failure.words)));
        return EXIT.refused;
      }
      await out.value({ ...place, ok: true, freed: size });
      out.print(`${out.paint.bold(plain(module))}  unloaded, ${bytes(size)} freed`);
    }
    return EXIT.ok;
  });
}
