/** `veneer machines` and `veneer remove`. */
import type { Command } from 'commander';
import type { DamagedSummary, MachineSummary } from '../../../protocol/frames.ts';
import { withClient } from '../context.ts';
import { count } from '../format/number.ts';
import { table } from '../format/table.ts';
import { type AddCommand, examples } from './registry.ts';

export const addMachines: AddCommand = (program, go) => {
  program
    .command('machines')
    .summary('list machines')
    .description('Lists the machines of the daemon, with the newest position of each.')
    .addHelpText('after', examples('veneer machines'))
    .action((_options: object, command: Command) =>
      go(command, async (context) => {
        const { out } = context;
        const machines = await withClient(context, (client) => client.machines());
        await out.value(machines.map(placed));
        if (machines.length === 0) {
          out.print('no machine yet: create one with `veneer boot NAME`');
          return;
        }
        out.print(
          ...table(
            [
              { head: 'MACHINE', cell: (machine) => machine.name, style: (text) => out.paint.bold(text) },
              { head: 'COMMITS', right: true, cell: (machine) => count(machine.position.commit) },
              { head: 'EPOCH', cell: (machine) => machine.position.epoch },
            ],
            machines.filter((machine): machine is MachineSummary => !('damaged' in machine)),
            out.paint.dim,
          ),
        );
        for (const machine of machines) {
          if ('damaged' in machine) out.print(`${out.paint.bold(machine.name)} is damaged: ${machine.damaged}`);
        }
      }),
    );
  program
    .command('remove')
    .summary('remove a machine and its log')
    .description('Removes a machine and its whole log. It does not come back: record it first.')
    .argument('<name>')
    .addHelpText('after', examples('veneer remove lab'))
    .action((name: string, _options: object, command: Command) =>
      go(command, async (context) => {
        await withClient(context, (client) => client.machine(name).remove());
        await context.out.value({ removed: name });
        context.out.print(`${name} is removed`);
      }),
    );
};

/** Its position with the machine's name, as all JSON has it. */
function placed(machine: MachineSummary | DamagedSummary): object {
  if ('damaged' in machine) return machine;
  return { ...machine, position: { machine: machine.name, ...machine.position } };
}
