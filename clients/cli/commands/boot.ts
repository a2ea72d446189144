/** `veneer boot`: a new machine, from a preset, a profile, a scenario, a System.map, or nothing at all. */
import type { Command } from 'commander';
import type { Done } from '../../../protocol/frames.ts';
import type { MachineProfile } from '../../../protocol/profile.ts';
import { integer } from '../arguments.ts';
import { type Context, withClient } from '../context.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { bytes, count } from '../format/number.ts';
import { pairs } from '../format/table.ts';
import { type MachineOptions, machineFields, machineOptions } from '../machine.ts';
import { type AddCommand, examples } from './registry.ts';

interface BootOptions extends MachineOptions {
  readonly kaslr?: number;
  readonly replace?: true;
}

export const addBoot: AddCommand = (program, go) => {
  const command = program
    .command('boot')
    .summary('boot a new machine')
    .description(
      'Boots a new machine. With no option it is an invented one; --profile takes a real one from a machine profile or ' +
        'a scenario, --system-map and --kallsyms take image and exports from a real kernel.',
    )
    .argument('<name>', 'of the machine: lowercase letters, digits, dots, dashes');
  machineOptions(command)
    .option('--kaslr <seed>', 'place kernel and windows as KASLR does, from this seed', integer(0, 0xffffffff))
    .option('--replace', 'remove a machine of that name first')
    .addHelpText(
      'after',
      examples(
        'veneer boot lab',
        'veneer boot lab --profile scenario.json --replace',
        'veneer boot lab --system-map System.map-6.12 --layout linux-6.12 --page-size 4096',
        'veneer boot lab --layout linux-6.12 --kaslr 42',
      ),
    )
    .action((name: string, options: BootOptions, ran: Command) => go(ran, (context) => boot(context, name, options)));
};

async function boot(context: Context, name: string, options: BootOptions): Promise<void> {
  const facts = await machineFields(context.out, options);
  const fields = { ...facts, ...(options.kaslr !== undefined && { kaslrSeed: options.kaslr }) };
  const done = await withClient(context, async (client) => {
    const exists = (await client.machines()).some((machine) => machine.name === name);
    if (exists && options.replace) await client.machine(name).remove();
    return client.boot(name, fields);
  });
  const profile = bootedProfile(done);
  const { symbols, gplOnly, staticCalls, ...rest } = profile;
  const exports = Object.keys(symbols).length;
  const position = { machine: name, ...done.position };
  await context.out.value({ machine: name, position, profile: { ...rest, symbols: exports } });
  const { direct, fallback } = profile.moduleRegion;
  context.out.print(
    context.out.paint.bold(`${name} is booted`),
    ...pairs([
      ['kernel', `${profile.arch} ${profile.layout}, pages of ${bytes(profile.pageSize)}`],
      ['image', `${profile.kernel.text} – ${profile.kernel.end}`],
      ['direct', direct ? `${direct.start} – ${direct.end}` : 'none'],
      ['fallback', fallback ? `${fallback.start} – ${fallback.end}` : 'none'],
      ['exports', profile.openSymbols ? `${count(exports)}, and whatever a module asks for` : count(exports)],
    ]),
  );
}

function bootedProfile(done: Done): MachineProfile {
  for (const event of done.commit.events) if (event.type === 'MachineBooted') return event.profile;
  throw new CliFailure(EXIT.refused, 'bad-answer', 'the daemon booted the machine and did not say how');
}
