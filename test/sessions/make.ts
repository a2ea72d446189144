/** Sessions of any length for tests: what the simulated kernel decides when two modules come and go, some loads fail, and bookmarks are set. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createFile } from '../../daemon/headless/session/file.ts';
import { openSessionText, type SessionStart } from '../../daemon/headless/session/text.ts';
import { decide, initialState } from '../../daemon/kernel/kernel.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { sessionProfile } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import { fixture } from '../fixtures/fixtures.ts';

export const START: SessionStart = { machine: 'lab', epoch: 'epoch0000001', about: 'for a test' };

const FILES = ['hello.ko', 'chain-a.ko', 'unknown-symbol.ko'];
const blobs = new Map(FILES.map((file) => [createHash('sha256').update(fixture(file)).digest('hex'), fixture(file)]));
const [HELLO = '', CHAIN = '', UNKNOWN = ''] = blobs.keys();

/** What commit `number` asks for. */
function commandAt(number: number): Command {
  if (number === 1)
    return { type: 'boot', preset: 'arm64-6.1', profile: { vermagic: '6.1.0-fixture SMP mod_unload aarch64' } };
  switch (number % 6) {
    case 2:
      return { type: 'load', blob: HELLO, file: 'hello.ko' };
    case 3:
      return { type: 'load', blob: CHAIN, file: 'chain-a.ko' };
    case 4:
      return { type: 'load', blob: UNKNOWN };
    case 5:
      return { type: 'unload', module: 'hello' };
    case 0:
      return { type: 'unload', module: 'chain_a' };
    default:
      return { type: 'bookmark', name: `b${number}`, at: number - 1 };
  }
}

/** `seed` makes other ids and times of the same machine. */
export function commitsOf(count: number, seed = 'c'): readonly Commit[] {
  let state = initialState();
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const command = commandAt(number);
    const decision = decide(state, command, blobs);
    if (!decision.ok) throw new Error(`${number}: ${decision.message}`);
    state = decision.state;
    const time = Date.UTC(2026, 0, 1) + number * 1000;
    return { v: COMMIT_VERSION, number, time, id: `${seed}-${number}`, command, events: [...decision.events] };
  });
}

/** The text of the session with commits `from` to `to` of `commits`, which begin with commit 1. */
export function sessionText(commits: readonly Commit[], from = 1, to = commits.length, start = START): string {
  const view = emptyView();
  for (const commit of commits.slice(0, from - 1)) fold(view, commit);
  const base = from === 1 ? {} : { from, base: viewDigest(view) };
  const text = openSessionText({ ...start, ...base }, () => sessionProfile(view));
  let all = '';
  for (const commit of commits.slice(from - 1, to)) all += text.commit(JSON.stringify(fold(view, commit) && commit));
  return all + text.end(viewDigest(view));
}

export async function writeText(file: string, text: string): Promise<string> {
  await writeFile(file, file.endsWith('.gz') ? gzipSync(text) : text);
  return file;
}

export async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
}

/** Makes `file` as a command does. */
export async function made<T>(
  file: string,
  work: (out: Awaited<ReturnType<typeof createFile>>) => Promise<T>,
): Promise<T> {
  const out = await createFile(file, false);
  try {
    const result = await work(out);
    await out.finish();
    await out.publish();
    return result;
  } finally {
    await out.discard();
  }
}

/** A long session of small commits, as lines: the boot, then unloads of what is not there. */
export function* longSession(count: number, pad = 0): Generator<string, void> {
  const [boot] = commitsOf(1);
  if (boot === undefined) throw new Error('a session begins with a boot');
  const view = fold(emptyView(), boot);
  const text = openSessionText(START, () => sessionProfile(view));
  yield text.commit(JSON.stringify(boot));
  const words = 'x'.repeat(pad);
  for (let number = 2; number <= count; number++) {
    const commit: Commit = {
      v: COMMIT_VERSION,
      number,
      time: number,
      id: `long-${number}`,
      command: { type: 'unload', module: 'none' },
      events: [{ type: 'ModuleUnloadFailed', module: 'none', errno: 'ENOENT', words }],
    };
    fold(view, commit);
    yield text.commit(JSON.stringify(commit));
  }
  yield text.end(viewDigest(view));
}
