/** `veneer update`: static_call_update(). */
import type { Command } from 'commander';
import type { Commit } from '../../../protocol/commit.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import type { Context } from '../context.ts';
import { count, counted, distance } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { asking } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

const SHOWN = 20;

export const addUpdate: AddCommand = (program, go) => {
  program
    .command('update')
    .summary('update a static call')
    .description(
      'static_call_update(): sets key.func, transforms the trampoline, then every site of every node in list order. ' +
        'Shows each patch with its bytes and its reason.',
    )
    .argument('<key>', 'NAME, or MODULE:NAME for a key that a module defines')
    .argument('<func>', 'an exported symbol, an address, or NULL')
    .option('--all', `all patches, not the first ${SHOWN}`)
    .addHelpText('after', examples('veneer update _printk vprintk', 'veneer update kvm_x86_vcpu_run NULL --json'))
    .action((key: string, func: string, options: { all?: true }, command: Command) =>
      go(command, (context) => update(context, key, func, options.all === true)),
    );
};

async function update(context: Context, key: string, func: string, all: boolean): Promise<void> {
  const { out } = context;
  const { position, commit } = await asking(context, {}, (machine) =>
    machine.command({ type: 'update', key, func: /^null$/i.test(func) ? '0x0' : func }),
  );
  const report = reportOf(commit);
  await out.value({ position, key, ...report });
  if (report.from === null) {
    out.print(`${out.paint.bold(plain(key))}  func is ${String(report.to)} already: nothing is done`);
    return;
  }
  out.print(
    `${out.paint.bold(plain(key))}  func ${report.from} -> ${String(report.to)}, ${counted(report.patches.length, 'patch', 'patches')}`,
  );
  for (const patch of report.patches.slice(0, all ? undefined : SHOWN)) out.print(plain(patchLine(patch)));
  const more = report.patches.length - SHOWN;
  if (more > 0 && !all) out.print(out.paint.dim(`  … and ${count(more)} more: --all shows them`));
  if (report.strays.length > 0) {
    out.print(
      out.paint.red(
        `${counted(report.strays.length, 'stray caller')} would trap: ${report.strays.slice(0, SHOWN).join(', ')}`,
      ),
    );
  }
}

interface Report {
  /** Null where func was this already. */
  readonly from: string | null;
  readonly to: string | null;
  readonly patches: readonly EventOf<'StaticCallPatched'>[];
  readonly strays: readonly string[];
}

function reportOf({ events }: Commit): Report {
  const set = events.find((event) => event.type === 'StaticCallFuncSet');
  const kept = events.find((event) => event.type === 'StaticCallFuncKept');
  return {
    from: set?.from ?? null,
    to: set?.to ?? kept?.func ?? null,
    patches: events.filter((event) => event.type === 'StaticCallPatched'),
    strays: events.flatMap((event) => (event.type === 'StaticCallStrayed' ? [event.site] : [])),
  };
}

function patchLine({
  what,
  address,
  owner,
  text,
  reason,
  atomicity,
  distance: far,
}: EventOf<'StaticCallPatched'>): string {
  const away = far === null ? '' : `, ${distance(far)}`;
  return `  ${what} ${address} [${owner}]  ${text[0]} -> ${text[1]}  (${reason}; ${atomicity}${away})`;
}
