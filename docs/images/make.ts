/**
 * Makes the pictures of the README: what the commands print for the session that ships with the program, as SVG.
 * Run it with `npx tsx docs/images/make.ts`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect } from '../../clients/sdk/node.ts';
import { readConfig } from '../../daemon/config.ts';
import { startDaemon } from '../../daemon/daemon.ts';

const run = promisify(execFile);
const VENEER = fileURLToPath(new URL('../../bin/veneer.mjs', import.meta.url));
const CHAR = { width: 8.43, height: 18, size: 14 };
const COLUMNS = 118;
const QUIET_POLLS = 10;
const COLOURS = {
  back: '#12161c',
  frame: '#2a313c',
  text: '#d5dae2',
  prompt: '#56b4e9',
  area: '#56b4e9',
  kernel: '#8a8f98',
};

/** One picture: a command, and how much of what it prints is shown. */
const SHOTS = [
  { args: ['map', '-m', 'demo'], lines: 12 },
  { args: ['keys', '-m', 'demo'], lines: 4 },
  { args: ['plt', '-m', 'demo'], lines: 5 },
];

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const CELLS: Readonly<Record<string, readonly [glyph: string, fill: string]>> = {
  '.': ['·', COLOURS.frame],
  '#': ['█', COLOURS.area],
  K: ['▒', COLOURS.kernel],
};

function cells(run: string): string {
  const [glyph, fill] = CELLS[run[0] ?? ''] ?? [run[0] ?? '', COLOURS.text];
  return `<tspan fill="${fill}">${glyph.repeat(run.length)}</tspan>`;
}

/** A map's cells in colour, everything else as it is. */
function line(text: string, y: number): string {
  const coloured = /^\+.*\|/.test(text) ? text.replace(/\.{2,}|#+|K{2,}/g, cells) : escaped(text);
  const fill = text.startsWith('$') ? COLOURS.prompt : COLOURS.text;
  return `<text x="16" y="${y}" fill="${fill}" xml:space="preserve">${coloured}</text>`;
}

function svg(lines: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CHAR.width + 32);
  const height = lines.length * CHAR.height + 32;
  const body = lines.map((text, i) => line(text.slice(0, COLUMNS), 16 + CHAR.height * (i + 0.75)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="veneer in a terminal"`,
    ` font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${CHAR.size}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${COLOURS.back}" stroke="${COLOURS.frame}"/>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

const folder = await mkdtemp(join(tmpdir(), 'veneerd-picture-'));
const daemon = await startDaemon(readConfig(['--port', '0', '--data', folder, '--demo', 'instant', '--log', 'silent']));
try {
  const lines: string[] = [];
  // The demo is whole when its log has not grown for a while.
  for (let commits = 0, still = 0; commits === 0 || still < QUIET_POLLS; await sleep(500)) {
    const now = (await connect(daemon.url).machines()).find(({ name }) => name === 'demo')?.position.commit ?? 0;
    still = now === commits ? still + 1 : 0;
    commits = now;
  }
  for (const { args, lines: most } of SHOTS) {
    const { stdout } = await run(process.execPath, [VENEER, ...args, '--url', daemon.url], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    const printed = stdout.trimEnd().split('\n');
    lines.push(`$ veneer ${args.join(' ')}`, ...printed.slice(0, most), ...(printed.length > most ? ['  …'] : []), '');
  }
  await writeFile(new URL('demo.svg', import.meta.url), svg(lines.slice(0, -1)));
} finally {
  await daemon.close();
  await rm(folder, { recursive: true });
}
