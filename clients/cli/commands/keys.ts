/** `veneer keys` and `veneer sites KEY`: static-call keys, and the chain of site_mods of one. */
import type { Command } from 'commander';
import { codeText, siteCode } from '../../../daemon/headless/code-text.ts';
import { fromHex, type Hex } from '../../../protocol/address.ts';
import { SITE_INIT, SITE_TAIL } from '../../../protocol/events/static-call.ts';
import type { Place } from '../../../protocol/position.ts';
import type { ViewJson } from '../../../protocol/view/json.ts';
import { type ChainLink, classesOf, type StaticCallKey } from '../../../protocol/view/static-call.ts';
import type { Context } from '../context.ts';
import { refused } from '../failure.ts';
import { count, counted, distance } from '../format/number.ts';
import { plain } from '../format/plain.ts';
import { pairs, table } from '../format/table.ts';
import { bootedWith, classWords, directShare, functionNames } from '../static-calls.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

/** Nodes of a chain in the table of keys; `veneer sites KEY` shows all of them. */
const LINKS_SHOWN = 6;

export const addKeys: AddCommand = (program, go) => {
  program
    .command('keys')
    .summary('list static-call keys')
    .description(
      'Lists static-call keys: func, sites by class, the owners of the nodes of site_mods (newest first), the trampoline. ' +
        'A class says what a call goes through: direct is one relative branch, veneer one place more, veneers more ' +
        'than that, trapped a poisoned trampoline, none calls nothing.',
    )
    .addOption(at())
    .addHelpText('after', examples('veneer keys', 'veneer keys --at 12 --json'))
    .action((options: AtOption, command: Command) => go(command, (context) => keys(context, options)));
  program
    .command('sites')
    .summary("list a key's sites")
    .description(
      'Lists the chain of site_mods of a key as it stands, in list order, with the sites of each node: address, flags, ' +
        'class, hops, bytes, distance to func.',
    )
    .argument('<key>', 'NAME, or MODULE:NAME')
    .addOption(at())
    .addHelpText('after', examples('veneer sites _printk', 'veneer sites kvm:kvm_x86_vcpu_run --json'))
    .action((key: string, options: AtOption, command: Command) =>
      go(command, (context) => sites(context, key, options)),
    );
};

interface Shown {
  readonly position: Place;
  readonly view: ViewJson;
  readonly name: (address: Hex | null) => string;
}

async function look(context: Context, options: AtOption): Promise<Shown> {
  return asking(context, options, async (machine, at) => {
    const { view, position } = await machine.view(at);
    return { view, position, name: functionNames(view, await bootedWith(machine)) };
  });
}

async function keys(context: Context, options: AtOption): Promise<void> {
  const { out } = context;
  const { view, name } = await look(context, options);
  const all = view.staticCalls.keys;
  await out.value(all.map((key) => keyJson(view, key, name)));
  if (all.length === 0) {
    out.print('no static-call keys: the profile of the machine names none');
    return;
  }
  out.print(
    ...table(
      [
        { head: 'KEY', cell: (key) => key.name, style: (text) => out.paint.bold(text) },
        { head: 'FUNC', cell: (key) => funcWords(key, name) },
        { head: 'SITES', cell: (key) => classWords(classesOf(key)) },
        { head: 'DIRECT', right: true, cell: (key) => directShare(classesOf(key)) },
        { head: 'SITE_MODS', cell: chainWords },
        { head: 'TRAMPOLINE', cell: (key) => `${key.tramp}: ${trampText(view, key)}` },
      ],
      all,
      out.paint.dim,
    ),
  );
}

/** All of the trampoline, whichever of its words the last patch wrote. */
function trampText({ machine }: ViewJson, { tramp, bytes }: StaticCallKey): string {
  return codeText(machine?.arch ?? 'arm64', tramp, bytes);
}

function keyJson(view: ViewJson, key: StaticCallKey, name: Shown['name']): object {
  const { chain, ...rest } = key;
  return {
    ...rest,
    text: trampText(view, key),
    symbol: name(key.func) || null,
    classes: classesOf(key),
    chain: chain.map(({ owner, node, sites: list }) => ({ owner, node, sites: list.length })),
  };
}

const isNull = ({ func }: StaticCallKey): boolean => fromHex(func) === 0;

function funcWords(key: StaticCallKey, name: Shown['name']): string {
  if (isNull(key)) return 'NULL';
  const symbol = name(key.func);
  return symbol === '' ? key.func : `${symbol} ${key.func}`;
}

function chainWords({ chain }: StaticCallKey): string {
  if (chain.length === 0) return 'empty';
  const shown = chain.slice(0, LINKS_SHOWN).map((link) => (link.node ? link.owner : `(${link.owner})`));
  const more = chain.length - shown.length;
  return [...shown, ...(more > 0 ? [`${count(more)} more`] : [])].join(' -> ');
}

async function sites(context: Context, wanted: string, options: AtOption): Promise<void> {
  const { out } = context;
  const { view, position, name } = await look(context, options);
  const key = view.staticCalls.keys.find((each) => each.name === wanted);
  if (!key) throw refused('no-such-key', `there is no static-call key ${plain(wanted)}: \`veneer keys\` lists them`);
  const arch = view.machine?.arch ?? 'arm64';
  const chain = key.chain.map((link) => ({ owner: link.owner, node: link.node, sites: rowsOf(key, link, arch) }));
  await out.value({
    position,
    key: key.name,
    func: key.func,
    symbol: name(key.func) || null,
    calls: key.calls,
    tramp: key.tramp,
    orig: key.orig,
    chain,
  });
  out.print(
    out.paint.bold(plain(key.name)),
    ...pairs([
      ['func', funcWords(key, name)],
      ['trampoline', `${key.tramp}: ${trampText(view, key)}`],
      ['orig', key.orig ?? 'not recorded'],
      ['sites', classWords(classesOf(key))],
      ['direct', directShare(classesOf(key))],
      ['since boot', `${counted(key.updates, 'update')}, ${counted(key.patches, 'patch', 'patches')}`],
    ]),
  );
  for (const link of chain) {
    out.print(
      '',
      `${out.paint.bold(plain(link.owner))}  ${link.node ? 'a node of site_mods' : 'no node of its own'}, ${counted(link.sites.length, 'site')}`,
      ...table(
        [
          { head: 'SITE', cell: (row) => row.address },
          { head: 'FLAGS', cell: (row) => row.flags.join('|') || '–' },
          { head: 'CLASS', cell: (row) => row.class },
          { head: 'HOPS', right: true, cell: (row) => (row.bytes === null ? '–' : count(row.hops)) },
          { head: 'DISTANCE', right: true, cell: (row) => (row.distance === null ? '–' : distance(row.distance)) },
          { head: 'BYTES', cell: (row) => row.bytes ?? 'text is gone' },
          { head: '', cell: (row) => row.text ?? '' },
        ],
        link.sites,
        out.paint.dim,
      ),
    );
  }
}

function rowsOf(key: StaticCallKey, { sites: list }: ChainLink, arch: string) {
  return list.map(({ address, flags, bytes: held, class: kind, hops }) => {
    const bytes = held === null ? null : siteCode(arch, held);
    return {
      address,
      flags: [...((flags & SITE_TAIL) !== 0 ? ['TAIL'] : []), ...((flags & SITE_INIT) !== 0 ? ['INIT'] : [])],
      class: bytes === null || key.calls === null ? ('none' as const) : kind,
      hops,
      distance: key.calls === null ? null : fromHex(key.calls) - fromHex(address),
      bytes,
      text: bytes === null ? null : codeText(arch, address, bytes),
    };
  });
}
