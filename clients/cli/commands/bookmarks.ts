/** `veneer bookmark`, `veneer bookmarks` and `veneer link`: names for positions. */
import type { Command } from 'commander';
import { type PositionText, permalink, positionText } from '../../../protocol/position.ts';
import { bookmarkName, position } from '../arguments.ts';
import { type Context, theMachine, withClient } from '../context.ts';
import { usage } from '../failure.ts';
import { count } from '../format/number.ts';
import { table } from '../format/table.ts';
import { asking } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

export const addBookmarks: AddCommand = (program, go) => {
  program
    .command('bookmark')
    .summary('give a position a name')
    .description(
      'Names a position of the log, the newest unless told: @NAME is a position from then on. A name that is there is ' +
        'moved. Bookmarks are a part of the log, so they go into its session files too.',
    )
    .argument('<name>', 'lowercase letters, digits, dots, underscores, dashes', bookmarkName)
    .argument('[position]', 'N, -N, EPOCH:N, @BOOKMARK or MACHINE@EPOCH:N', position)
    .option('--remove', 'forget the name')
    .addHelpText(
      'after',
      examples('veneer bookmark before-oom', 'veneer bookmark before-oom -3', 'veneer bookmark --remove before-oom'),
    )
    .action((name: string, where: PositionText | undefined, options: { remove?: true }, command: Command) =>
      go(command, (context) => {
        if (!options.remove) return bookmark(context, name, where);
        if (where !== undefined) throw usage('--remove forgets a name: it takes no position');
        return remove(context, name);
      }),
    );
  program
    .command('bookmarks')
    .summary('list the names of positions')
    .description('Lists the bookmarks of the machine, in order of position.')
    .addHelpText('after', examples('veneer bookmarks', 'veneer bookmarks --json | jq ".bookmarks[].name"'))
    .action((_options: object, command: Command) => go(command, bookmarks));
  program
    .command('link')
    .summary('print the permalink of a position')
    .description(
      'Prints MACHINE@EPOCH:N, which names a position for ever: a machine that is removed and made again has another epoch.',
    )
    .argument('[position]', 'the newest unless told', position)
    .addHelpText('after', examples('veneer link', 'veneer link @before-oom', 'veneer link -100 --json'))
    .action((where: PositionText | undefined, _options: object, command: Command) =>
      go(command, (context) => link(context, where)),
    );
};

async function bookmark(context: Context, name: string, where: PositionText | undefined): Promise<void> {
  const { out } = context;
  const place = await withClient(context, async (client) => {
    const machine = await theMachine(context, client, where);
    const found = where === undefined ? undefined : await machine.locate({ at: positionText(where) });
    const command = { type: 'bookmark' as const, name, ...(found && { at: found.position.commit }) };
    const { position: done, commit } = await machine.command(command);
    const set = commit.events.find((event) => event.type === 'BookmarkSet');
    return { machine: machine.name, epoch: done.epoch, commit: set?.at ?? done.commit };
  });
  await out.value({ bookmark: name, position: place });
  out.print(`@${name} is ${permalink(place)}`);
}

async function remove(context: Context, name: string): Promise<void> {
  const place = await withClient(context, async (client) => {
    const machine = await theMachine(context, client);
    return { machine: machine.name, ...(await machine.command({ type: 'bookmark', name, at: null })).position };
  });
  await context.out.value({ removed: name, position: place });
  context.out.print(`@${name} is no position any more`);
}

async function bookmarks(context: Context): Promise<void> {
  const { out } = context;
  const { position: newest, bookmarks: all } = await asking(context, {}, (machine) => machine.bookmarks());
  const rows = all.map((each) => ({ ...each, link: permalink({ ...newest, commit: each.at }) }));
  await out.value({ position: newest, bookmarks: rows });
  if (rows.length === 0) {
    out.print('no bookmarks: `veneer bookmark NAME` names the newest position');
    return;
  }
  out.print(
    ...table(
      [
        { head: 'BOOKMARK', cell: (row) => row.name, style: (text) => out.paint.bold(text) },
        { head: 'COMMIT', right: true, cell: (row) => count(row.at) },
        { head: 'SET BY', right: true, cell: (row) => count(row.since) },
        { head: 'PERMALINK', cell: (row) => row.link },
      ],
      rows,
      out.paint.dim,
    ),
  );
}

async function link(context: Context, where: PositionText | undefined): Promise<void> {
  const { out } = context;
  const options = where === undefined ? {} : { at: where };
  const { position: place, bookmarks: names } = await asking(context, options, (machine, at) => machine.locate(at));
  await out.value({ ...place, link: permalink(place), bookmarks: names });
  out.print(permalink(place));
  if (names.length > 0) out.note(`bookmarked as ${names.map((name) => `@${name}`).join(', ')}`);
}
