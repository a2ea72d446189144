/** A runtime over a log, with the real kernel, and small modules made of manifests. */
import { createHash } from 'node:crypto';
import * as kernel from '../../daemon/kernel/kernel.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { openHubs } from '../../daemon/pipelines/hubs.ts';
import type { Outcome } from '../../daemon/pipelines/outcome.ts';
import { openRuntime, type Runtime } from '../../daemon/pipelines/runtime.ts';
import type { Commit } from '../../protocol/commit.ts';

export const GOOD_EPOCHS = (function* () {
  for (let n = 1; ; n++) yield `epoch${String(n).padStart(6, '0')}`;
})();

const blobs = new Map<string, Uint8Array>();

/** Stores a module file; its sha256. */
export function put(bytes: Uint8Array): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  blobs.set(sha256, bytes);
  return sha256;
}

/** Every module file that was stored. */
export const filesOf = (): ReadonlyMap<string, Uint8Array> => blobs;

/** A module of one page of text, stored; its sha256. */
export function stored(name: string, imports: readonly string[] = []): string {
  const text = JSON.stringify({
    format: 'veneerd/manifest@1',
    name,
    arch: 'arm64',
    sections: [
      { name: '.text', flags: ['alloc', 'exec'], size: 4096, align: 4 },
      { name: '.plt', flags: ['alloc', 'exec'], size: 1, align: 1 },
      { name: '.init.plt', flags: ['alloc', 'exec'], size: 1, align: 1 },
    ],
    imports,
    exports: [{ name: `${name}_call`, section: '.text', offset: 16 }],
  });
  return put(new TextEncoder().encode(text));
}

export function openTestRuntime(log: EventLog = openMemoryLog(), mistakes: unknown[] = []): Runtime {
  return openRuntime({
    log,
    blobs: { get: async (sha256) => blobs.get(sha256), has: async (sha256) => blobs.has(sha256) },
    kernel,
    hubs: openHubs(log),
    now: () => 1_700_000_000_000,
    newEpoch: () => GOOD_EPOCHS.next().value ?? '',
    mistake: (error) => mistakes.push(error),
  });
}

export function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

/** Boots `name` and loads `loads` modules m1, m2, … */
export async function bootAndLoad(runtime: Runtime, name: string, loads: number): Promise<void> {
  must(await runtime.command(name, { id: `${name}-boot`, command: { type: 'boot' } }));
  for (let n = 1; n <= loads; n++) await load(runtime, name, `m${n}`);
}

export async function load(runtime: Runtime, name: string, module: string): Promise<void> {
  must(await runtime.command(name, { id: `${name}-load-${module}`, command: { type: 'load', blob: stored(module) } }));
}

export async function commitsOf(runtime: Runtime, name: string): Promise<readonly Commit[]> {
  const { epoch, head } = must(await runtime.head(name));
  const commits: Commit[] = [];
  while (commits.length < head) {
    const page = await runtime.world.log.read(name, epoch, { after: commits.length });
    if (page.status !== 'page') throw new Error(page.status);
    commits.push(...page.entries.map((entry) => JSON.parse(entry.text) as Commit));
  }
  return commits;
}

export const eventTypes = (text: string): readonly string[] =>
  (JSON.parse(text) as Commit).events.map((event) => event.type);

/** A command that takes few bytes of the log. */
export const refused = (runtime: Runtime, name: string, n: number) =>
  runtime.command(name, { id: `refused-${n}`, command: { type: 'unload', module: 'none' } });

/** Commits that make the log long enough for `count` snapshots, and a few more. */
export async function lengthen(runtime: Runtime, name: string, count: number): Promise<void> {
  const { head } = must(await runtime.head(name));
  for (let n = 1; n <= count * 750; n++) must(await refused(runtime, name, head + n));
}

export async function epochOf(runtime: Runtime, name: string): Promise<string> {
  return must(await runtime.head(name)).epoch;
}
