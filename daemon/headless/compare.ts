/**
 * `veneer compare`: the commands of a session, or the steps of a scenario, run again under several flavours of static calls
 * and several placements, side by side. Nothing is recorded; only figures are kept.
 */
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { fromHex, toHex } from '../../protocol/address.ts';
import type { Command, CommandOf } from '../../protocol/commands.ts';
import type { Event } from '../../protocol/events/index.ts';
import type { Flavour } from '../../protocol/profile.ts';
import { readSessionLine } from '../../protocol/session.ts';
import { type Classes, callClasses, foldStaticCalls, noStaticCallsView } from '../../protocol/view/static-call.ts';
import { decide, initialState, type State } from '../kernel/kernel.ts';
import { fileWords } from './file-words.ts';
import { moduleReader } from './modules.ts';
import { RunError } from './run-error.ts';
import { commandOf, readScenario } from './scenario.ts';

export interface CompareOptions {
  /** A session file, plain or gzip, or a scenario. */
  readonly file: string;
  /** The folder of the module files. */
  readonly modules: string;
  readonly flavours: readonly Flavour[];
  /** Placements, each by KASLR from that seed; without any, the recorded one. */
  readonly seeds?: readonly number[];
  /** Called before each command of each run. */
  readonly onStep?: (done: number, total: number, what: string) => void;
}

/** What one run came to. Classes are those after the last command. */
export interface Compared {
  readonly flavour: Flavour;
  /** Null: where the session itself was. */
  readonly seed: number | null;
  loaded: number;
  /** Loads and unloads that the kernel refused. */
  failed: number;
  updates: number;
  /** Commands that make no sense under this flavour or placement: nothing was done. */
  refused: number;
  patches: number;
  /** Bytes that patches wrote. */
  bytes: number;
  singleWord: number;
  stopMachine: number;
  int3: number;
  /** Times that a transform left a site without a way to func. */
  strays: number;
  /** PLT entries that loads wrote. */
  plt: number;
  readonly classes: Classes;
}

export interface Comparison {
  readonly commands: number;
  readonly runs: readonly Compared[];
}

type Later = Exclude<Command, { type: 'boot' }>;

interface Input {
  readonly boot: CommandOf<'boot'>;
  readonly commands: readonly Later[];
}

/** Runs everything; rejects with RunError where the file, a module or a flavour makes that impossible. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { file, flavours, seeds = [] } = options;
  const modules = moduleReader(options.modules);
  const { boot, commands } = await readInput(file, async (module) => (await modules.read(module)).sha256);
  for (const command of commands) if (command.type === 'load') await modules.find(command.blob, command.file);
  const placements = seeds.length === 0 ? [null] : seeds;
  const total = flavours.length * placements.length * commands.length;
  const runs: Compared[] = [];
  for (const flavour of flavours) {
    for (const seed of placements) {
      runs.push(
        await runOne({ boot, commands }, flavour, seed, modules.blobs, file, async (what, done) => {
          options.onStep?.(runs.length * commands.length + done, total, what);
        }),
      );
    }
  }
  return { commands: commands.length, runs };
}

async function runOne(
  { boot, commands }: Input,
  flavour: Flavour,
  seed: number | null,
  blobs: ReadonlyMap<string, Uint8Array>,
  file: string,
  step: (what: string, done: number) => Promise<void>,
): Promise<Compared> {
  const profile = { ...boot.profile, staticCall: flavour };
  const moved: CommandOf<'boot'> = { ...boot, profile, ...(seed !== null && { kaslrSeed: seed }) };
  const first = decide(initialState(), moved, blobs);
  if (!first.ok) throw new RunError(`${file}: static calls ${flavour}: ${first.message}`);
  if (!first.state.staticCalls) {
    throw new RunError(`${file}: its machine names no static calls (staticCalls.keys of the profile)`);
  }
  // Addresses in commands are those of the recorded placement, which runs along to tell what they meant.
  let recorded = seed === null ? undefined : bootRecorded(boot, blobs, file);
  let state = first.state;
  const view = noStaticCallsView();
  const sum = emptySum(flavour, seed);
  const take = (events: readonly Event[]): void => {
    for (const event of events) {
      foldStaticCalls(view, event);
      count(sum, event);
    }
  };
  take(first.events);
  for (const [index, command] of commands.entries()) {
    await step(labelOf(command), index);
    const decision = decide(state, recorded ? translated(command, recorded, state) : command, blobs);
    if (decision.ok) {
      state = decision.state;
      take(decision.events);
    } else sum.refused++;
    if (!recorded) continue;
    const original = decide(recorded, command, blobs);
    if (original.ok) recorded = original.state;
  }
  return { ...sum, classes: callClasses(view) };
}

function bootRecorded(boot: CommandOf<'boot'>, blobs: ReadonlyMap<string, Uint8Array>, file: string): State {
  const decision = decide(initialState(), boot, blobs);
  if (!decision.ok) throw new RunError(`${file}: machine: ${decision.message}`);
  return decision.state;
}

function emptySum(flavour: Flavour, seed: number | null): Compared {
  const classes = { direct: 0, veneer: 0, veneers: 0, trapped: 0, none: 0 };
  const done = { loaded: 0, failed: 0, updates: 0, refused: 0, patches: 0, bytes: 0 };
  return { flavour, seed, ...done, singleWord: 0, stopMachine: 0, int3: 0, strays: 0, plt: 0, classes };
}

function count(sum: Compared, event: Event): void {
  switch (event.type) {
    case 'ModuleLive':
      sum.loaded++;
      return;
    case 'ModuleLoadFailed':
    case 'ModuleUnloadFailed':
      sum.failed++;
      return;
    case 'VeneerWritten':
      sum.plt++;
      return;
    case 'StaticCallFuncSet':
    case 'StaticCallFuncKept':
      sum.updates++;
      return;
    case 'StaticCallStrayed':
      sum.strays++;
      return;
    case 'StaticCallPatched':
      sum.patches++;
      sum.bytes += event.bytes[1].length / 2;
      if (event.atomicity === 'single-word') sum.singleWord++;
      else if (event.atomicity === 'stop-machine') sum.stopMachine++;
      else sum.int3++;
      return;
    default:
  }
}

/** The command with the addresses that its functions have in the other placement; other addresses are left to the allocator. */
function translated(command: Later, recorded: State, other: State): Later {
  const func = (text: string): string => (text.startsWith('0x') ? moveFunc(text, recorded, other) : text);
  const all = (updates: readonly { readonly key: string; readonly func: string }[] | undefined) =>
    updates?.map((update) => ({ key: update.key, func: func(update.func) }));
  switch (command.type) {
    case 'update':
      return { ...command, func: func(command.func) };
    case 'unload': {
      const updates = all(command.exit?.updates);
      return updates ? { ...command, exit: { ...command.exit, updates } } : command;
    }
    case 'load': {
      const { percpu: _, fallbackAt: __, init, ...rest } = command;
      const updates = all(init?.updates);
      return { ...rest, ...(init && { init: { ...init, ...(updates && { updates }) } }) };
    }
    default:
      return command;
  }
}

/** The same place of the kernel image, or of the same module. */
function moveFunc(hex: string, recorded: State, other: State): string {
  const address = fromHex(hex);
  const from = recorded.profile?.source.kernel;
  const to = other.profile?.source.kernel;
  if (from && to && address >= fromHex(from.text) && address < fromHex(from.end)) {
    return toHex(address - fromHex(from.text) + fromHex(to.text));
  }
  for (const { name, areas } of recorded.modules.values()) {
    for (const area of areas) {
      if (address < area.address || address >= area.address + area.size) continue;
      const there = other.modules.get(name)?.areas.find(({ part }) => part === area.part);
      return there ? toHex(address - area.address + there.address) : hex;
    }
  }
  return hex;
}

function labelOf(command: Later): string {
  switch (command.type) {
    case 'load':
      return command.file ?? command.blob.slice(0, 16);
    case 'unload':
      return command.module;
    case 'update':
      return command.key;
    default:
      return (command as Later).type;
  }
}

/** A session is told from a scenario by its first line. */
async function readInput(file: string, blobOf: (module: string) => Promise<string>): Promise<Input> {
  const failed = (error: unknown): never => {
    throw new RunError(`${file}: ${fileWords(error)}`);
  };
  const gzipped = await isGzip(file).catch(failed);
  if (!gzipped && !(await firstLine(file).catch(failed)).includes('veneerd/session@')) {
    const scenario = readScenario(await readFile(file, 'utf8').catch(failed));
    if (!scenario.ok) throw new RunError(`${file}: expected a session or a scenario: ${scenario.message}`);
    const { machine, steps } = scenario.value;
    const commands: Later[] = [];
    for (const step of steps) {
      const blob = step.op === 'load' ? await blobOf(step.module) : '';
      const command = commandOf(step, () => blob);
      if (command.type !== 'boot') commands.push(command);
    }
    return { boot: { type: 'boot', profile: machine }, commands };
  }
  return readSession(file, gzipped).catch((error: unknown) =>
    error instanceof RunError ? Promise.reject(error) : failed(error),
  );
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const magic = Buffer.alloc(2);
    const { bytesRead } = await handle.read(magic, 0, 2, 0);
    return bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function firstLine(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const start = Buffer.alloc(256);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    return start.toString('utf8', 0, bytesRead).split('\n')[0] ?? '';
  } finally {
    await handle.close();
  }
}

async function readSession(file: string, gzipped: boolean): Promise<Input> {
  const raw = createReadStream(file);
  const gunzip = gzipped ? createGunzip() : undefined;
  if (gunzip) raw.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  let boot: CommandOf<'boot'> | undefined;
  const commands: Later[] = [];
  let number = 0;
  for await (const text of createInterface({ input: gunzip ?? raw, crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = readSessionLine(++number, text);
    if (line.kind === 'fault') throw new RunError(`${file}:${number}: ${line.message}`);
    if (line.kind !== 'commit') continue;
    const { command } = line.commit;
    if (command.type === 'boot') boot = command;
    else commands.push(command);
  }
  if (!boot) throw new RunError(`${file}: expected a commit that boots the machine`);
  return { boot, commands };
}
