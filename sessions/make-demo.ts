/**
 * Makes demo.veneer.jsonl.gz, the session that ships with the program: an invented arm64 machine loads Debian's own
 * modules, the largest first, until the 128 MB direct window is exhausted and veneers appear; static calls are updated on
 * the way; then room is made, and a module comes back near. Facts only: no byte of a module is in it.
 *
 * Run it with `npx tsx sessions/make-demo.ts`; it fetches Debian's kernel package into a cache outside the repository.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeSession } from '../clients/cli/session-file.ts';
import { decide, initialState, type State } from '../daemon/kernel/kernel.ts';
import { inventedSymbol, PRESETS, type Preset } from '../daemon/kernel/machine/presets.ts';
import { fromHex, type Hex, toHex } from '../protocol/address.ts';
import type { Command, CommandOf } from '../protocol/commands.ts';
import type { Commit } from '../protocol/commit.ts';
import { COMMIT_VERSION } from '../protocol/commit-version.ts';
import type { Event } from '../protocol/events/index.ts';
import { debianModules } from '../test/support/debian.ts';

const OUT = fileURLToPath(new URL('demo.veneer.jsonl.gz', import.meta.url));
const PRESET = 'arm64-6.1';
/** Functions that modules call and that the demo treats as static calls. */
const KEYS = ['__cond_resched', 'queue_work_on', 'schedule'];
/** How many modules are loaded after the first one that found the direct window full. */
const SPILLED = 60;
/** Bytes that other users of the fallback window hold behind the image. */
const OTHERS = 160 * 2 ** 20;
/** 2026-01-01, in milliseconds: a session's times are part of its bytes. */
const START = Date.UTC(2026, 0, 1);

const preset = presetOf(PRESET);
const funcOf = (name: string) => toHex(inventedSymbol(preset, name));

const commits: Commit[] = [];
let state: State = initialState();
let time = START;

function presetOf(name: string): Preset {
  const found = PRESETS.get(name);
  if (!found) throw new Error(`no preset ${name}`);
  return found;
}

/** Takes a command, keeps its commit, and returns its events. */
function take(command: Command, bytes?: { readonly blob: string; readonly file: Buffer }): readonly Event[] {
  const decision = decide(state, command, new Map(bytes ? [[bytes.blob, bytes.file]] : []));
  if (!decision.ok) throw new Error(`${JSON.stringify(command)}: ${decision.message}`);
  state = decision.state;
  const number = commits.length + 1;
  const events = [...decision.events];
  commits.push({ v: COMMIT_VERSION, number, time, id: `demo-${number}`, command, events });
  time += 40 + Math.round((bytes?.file.length ?? 0) / 20_000);
  return events;
}

function load(path: string, more: Partial<CommandOf<'load'>> = {}): readonly Event[] {
  const file = readFileSync(path);
  const blob = createHash('sha256').update(file).digest('hex');
  return take({ type: 'load', blob, file: path.slice(path.indexOf('/kernel/') + 1), ...more }, { blob, file });
}

const update = (key: string, func: string) => take({ type: 'update', key, func: funcOf(func) });
const unload = (module: string) => take({ type: 'unload', module });
const nameOf = (path: string) => path.replace(/^.*\/|\.ko$/g, '').replaceAll('-', '_');
const isFar = (events: readonly Event[]) => events.some((e) => e.type === 'MemoryAllocated' && e.window === 'fallback');

/** Trampolines lie at the end of the image's text, keys and literals in its data. */
function staticCalls(): NonNullable<CommandOf<'boot'>['profile']>['staticCalls'] {
  const { etext, end } = preset.kernel;
  const keys = KEYS.map((name, i) => {
    const key = {
      symbol: name,
      func: funcOf(name),
      tramp: toHex(fromHex(etext) - 0x10000 + 16 * i),
      address: toHex(fromHex(end) - 0x20000 + 32 * i),
      literal: toHex(fromHex(end) - 0x10000 + 8 * i),
    };
    return [name, key] as const;
  });
  return { keys: Object.fromEntries(keys) };
}

/** The image's text, and behind the image what other users of vmalloc hold: it is they who push modules out of reach. */
function reserved(): [Hex, Hex][] {
  const { text, etext, end } = preset.kernel;
  return [
    [text, etext],
    [toHex(fromHex(end) + 0x1000), toHex(fromHex(end) + OTHERS)],
  ];
}

/** The largest first, each after what it depends on: `files` are in dependency order. */
function largestFirst(files: readonly string[], dependencies: (path: string) => readonly string[]): readonly string[] {
  const ordered = new Set<string>();
  const visit = (path: string) => {
    if (ordered.has(path)) return;
    for (const needed of dependencies(path)) visit(needed);
    ordered.add(path);
  };
  for (const path of [...files].sort((a, b) => statSync(b).size - statSync(a).size)) visit(path);
  return [...ordered];
}

function dependenciesIn(files: readonly string[]): (path: string) => readonly string[] {
  const byName = new Map(files.map((path) => [nameOf(path), path]));
  return (path) => {
    const bytes = readFileSync(path);
    const at = bytes.indexOf('\0depends=') + 9;
    if (at < 9) return [];
    const names = bytes.toString('latin1', at, bytes.indexOf(0, at)).split(',');
    return names.flatMap((name) => byName.get(name.replaceAll('-', '_')) ?? []);
  };
}

const files = await debianModules('arm64', 'linux-image-6.1.0-50-arm64', /^linux-image-6\.1\.[\d.-]+-arm64$/);
const order = largestFirst(files, dependenciesIn(files));

// 1. A machine, and its window fills.
take({
  type: 'boot',
  preset: PRESET,
  profile: { staticCall: 'inline-defuse', staticCalls: staticCalls(), reserved: reserved() },
});
let spilled = 0;
let far = '';
for (const [index, path] of order.entries()) {
  if (isFar(load(path))) {
    spilled++;
    far = path;
  }
  if (index === 100) update('__cond_resched', 'preempt_schedule_common');
  if (index === 200) load(order[10] as string); // already there: EEXIST
  if (spilled === SPILLED) break;
}
if (spilled < SPILLED) throw new Error('the window did not fill: not enough modules');

// 2. An update now writes through veneers where the site is far.
update('__cond_resched', '__cond_resched');
update('schedule', 'schedule_preempt_disabled');

// 3. The kernel refuses what it must: a module in use, a module whose init function finds no device.
const used = [...state.modules.values()].find(({ users }) => users > 0);
if (used) unload(used.name);
const spare = order.find((path) => !state.modules.has(nameOf(path)));
if (spare) load(spare, { init: { result: 'ENODEV' } });

// 4. Room is made near; the last module that landed far goes, and comes back near.
const leaving = order.filter((path) => (state.modules.get(nameOf(path))?.users ?? 1) === 0).slice(0, 3);
for (const path of leaving) unload(nameOf(path));
unload(nameOf(far));
if (isFar(load(far))) throw new Error(`${far} did not come back near`);
update('schedule', 'schedule');

const about = `Debian's linux-image-6.1.0-50-arm64 modules, largest first, on an invented ${PRESET} machine until 128 MB are full`;
const writer = await writeSession(OUT, { machine: 'demo', about }, { overwrite: true });
for (const commit of commits) await writer.commit(commit);
await writer.finish();
process.stderr.write(`${commits.length} commits, ${(statSync(OUT).size / 1e6).toFixed(1)} MB: ${OUT}\n`);
