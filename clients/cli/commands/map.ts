/** `veneer map`: the windows drawn to scale. */
import type { Command } from 'commander';
import { windowMaps } from '../../../protocol/view/windows.ts';
import type { Context } from '../context.ts';
import { drawWindow, LEGEND, windowFigures } from '../format/map.ts';
import { bytes } from '../format/number.ts';
import type { Paint } from '../output.ts';
import { type AtOption, asking, at } from './at.ts';
import { type AddCommand, examples } from './registry.ts';

const ROWS = 8;
/** Offset and frame beside the cells. */
const MARGIN = 14;
const NARROWEST = 16;
const WIDEST = 128;

export const addMap: AddCommand = (program, go) => {
  program
    .command('map')
    .summary('draw the module windows')
    .description(
      'Draws the direct and the fallback window to scale, with areas, holes and fill. With --json: every area and ' +
        'hole of each window, in order of address, guard pages included.',
    )
    .addOption(at())
    .addHelpText(
      'after',
      examples('veneer map', 'veneer map --at 12', 'veneer map --json | jq ".windows[0].largestHole"'),
    )
    .action((options: AtOption, command: Command) => go(command, (context) => map(context, options)));
};

async function map(context: Context, options: AtOption): Promise<void> {
  const { out } = context;
  const { view, position } = await asking(context, options, (machine, at) => machine.view(at));
  const windows = windowMaps(view);
  await out.value({ position, windows });
  const columns = Math.min(WIDEST, Math.max(NARROWEST, out.width - MARGIN));
  for (const window of windows) {
    const cell = bytes(Math.round(window.size / (columns * ROWS)));
    out.print(
      `${out.paint.bold(`${window.window} window`)}  ${out.paint.dim(`one character is ${cell}`)}`,
      ...windowFigures(window),
      ...drawWindow(window, columns, ROWS, (run) => colour(out.paint, run)),
      '',
    );
  }
  out.print(windows.length === 0 ? 'the machine has no module windows' : out.paint.dim(LEGEND));
}

function colour(paint: Paint, run: string): string {
  switch (run[0]) {
    case '#':
      return paint.green(run);
    case 'i':
    case '~':
      return paint.yellow(run);
    case '.':
      return paint.dim(run);
    default:
      return paint.blue(run);
  }
}
