/** What the command line uses of a host: recording it, and verifying what was recorded. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { View } from '../../../protocol/view/types.ts';
import { moduleFiles } from './files.ts';
import { followTrace } from './live.ts';
import { readHost } from './read.ts';
import { HostError, type HostReadings } from './readings.ts';
import { type HostSession, hostSession } from './session.ts';
import { type Verification, verifyHost } from './verify.ts';

export { HostError, type HostSession, type Verification };

export interface RecordOptions {
  /** A captured tree; the host itself unless told. */
  readonly root?: string;
  /** A saved trace. */
  readonly trace?: string;
  /** Follow the host's trace for so many seconds, then look. */
  readonly live?: number;
  readonly signal: AbortSignal;
}

/** Rejects with a HostError. */
export async function recordHost({ root = '', trace, live, signal }: RecordOptions): Promise<HostSession> {
  const followed = live === undefined ? undefined : await followTrace(live, signal);
  const readings = await readHost({
    root: root.replace(/\/+$/, ''),
    ...(trace !== undefined && { trace }),
    ...(followed && { followed }),
    ...(root === '' && { host: await thisHost() }),
  });
  return hostSession(readings);
}

async function thisHost(): Promise<NonNullable<HostReadings['host']>> {
  const pageSize = await promisify(execFile)('getconf', ['PAGESIZE']).then(
    ({ stdout }) => Number(stdout.trim()),
    () => undefined,
  );
  const arch = process.arch === 'arm64' ? 'arm64' : process.arch === 'x64' ? 'x86-64' : undefined;
  return { arch, pageSize, bootedAt: Date.now() - Number(process.hrtime.bigint() / 1_000_000n) };
}

/** Rejects with a HostError. */
export async function verifySession(view: View, sources: readonly string[]): Promise<Verification> {
  const wanted = new Set([...view.modules].flatMap(([name, { host }]) => (host?.seen?.sections ? [name] : [])));
  const verified = verifyHost(view, await moduleFiles(sources, wanted));
  if (!verified.ok) throw new HostError(verified.message);
  return verified.verification;
}
