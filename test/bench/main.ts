/**
 * `npm run bench [-- NAME…] [--json]`: runs benchmarks one after another, each in a process of its own, and prints a table
 * or one JSON object a line.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { appendLmdb, appendRedis } from './append.ts';
import { loadDebian } from './load-debian.ts';
import { loadDebianX86 } from './load-debian-x86.ts';
import { rebuild } from './rebuild.ts';
import { resumeLmdb, resumeRedis } from './resume.ts';
import type { Bench, Row } from './row.ts';
import { seekLmdb, seekRedis } from './seek.ts';
import { sweep } from './sweep.ts';
import { timelineLmdb, timelineRedis } from './timeline.ts';
import { transform } from './transform.ts';
import { playClients } from './wire/clients.ts';
import { playDaemon } from './wire/daemon.ts';
import { connections, fanout } from './wire/fanout.ts';
import { latency } from './wire/latency.ts';
import { playReaders } from './wire/readers.ts';
import { playServer } from './wire/server.ts';
import { stall } from './wire/stall.ts';
import { storm } from './wire/storm.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  'load-debian': loadDebian,
  'load-debian-x86': loadDebianX86,
  transform,
  'append-lmdb': appendLmdb,
  'append-redis': appendRedis,
  'seek-lmdb': seekLmdb,
  'seek-redis': seekRedis,
  'timeline-lmdb': timelineLmdb,
  'timeline-redis': timelineRedis,
  rebuild,
  'resume-lmdb': resumeLmdb,
  'resume-redis': resumeRedis,
  sweep,
  fanout,
  connections,
  latency,
  storm,
  stall,
  // It brings a browser's driver along, which nobody else is to have in memory.
  page: async (note) => (await import('./page/page.ts')).page(note),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    here: { type: 'boolean', default: false },
    role: { type: 'string' },
  },
});

const note = (text: string) => process.stderr.write(`${text}\n`);

if (values.role !== undefined) playPart(values.role);
else if (values.here) await runHere(positionals[0] ?? '');
else await runAll(positionals.length > 0 ? positionals : Object.keys(BENCHES));

/** Processes that a bench starts beside its own. */
function playPart(role: string): void {
  if (role === 'wire-server') playServer();
  else if (role === 'wire-daemon') playDaemon();
  else if (role === 'wire-clients') playClients();
  else if (role === 'wire-readers') playReaders();
  else throw new Error(`no role ${role}`);
}

async function runAll(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in BENCHES));
  if (unknown.length > 0) {
    note(`no bench ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  if (!values.json) printLine('bench', 'metric', 'value', 'unit', 'raw', 'ratio');
  for (const name of names) {
    const rows = await runApart(name);
    if (!rows) process.exitCode = 1;
    for (const row of rows ?? []) print(row);
  }
}

/** Runs one bench in a fresh process; undefined where it failed. */
async function runApart(name: string): Promise<readonly Row[] | undefined> {
  const args = [...process.execArgv, process.argv[1] as string, '--here', name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (code !== 0) return undefined;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

async function runHere(name: string): Promise<void> {
  const bench = BENCHES[name];
  if (!bench) throw new Error(`no bench ${name}`);
  for (const row of await bench((text) => note(`${name}: ${text}`))) process.stdout.write(`${JSON.stringify(row)}\n`);
}

function print(row: Row): void {
  if (values.json) process.stdout.write(`${JSON.stringify(row)}\n`);
  else printLine(row.bench, row.metric, figure(row.value), row.unit, figure(row.raw), figure(row.ratio));
}

function printLine(...columns: readonly string[]): void {
  const widths = [16, 28, 14, 16, 14, 8];
  process.stdout.write(
    `${columns
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('')
      .trimEnd()}\n`,
  );
}

function figure(value: number | null): string {
  if (value === null) return '-';
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
