/**
 * Following a running kernel's module events through tracefs. They are switched on in a trace instance of our own, so that
 * nobody else's tracing changes; where the kernel has none, the main buffer's switches are put back as they were.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, readFile, rmdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TRACEFS } from './read.ts';
import { HostError } from './readings.ts';

const EVENTS = ['module_load', 'module_free', 'module_request', 'module_put'] as const;
/** Seconds since boot, as process.hrtime counts them. */
const CLOCK = 'mono';
const POLL_MS = 100;
/** As much as of a saved trace. */
const LIMIT = 256 * 2 ** 20;

export interface Followed {
  readonly file: string;
  readonly text: string;
  readonly clock: string;
}

/** Follows until `seconds` are over or the signal comes. Rejects with a HostError where tracefs cannot be used. */
export async function followTrace(
  seconds: number,
  signal: AbortSignal,
  folders: readonly string[] = TRACEFS,
): Promise<Followed> {
  const tracefs = await find(folders);
  const instance = `${tracefs}/instances/veneer-${process.pid}`;
  const own = await mkdir(instance).then(
    () =>
      access(`${instance}/trace_pipe`).then(
        () => true,
        () =>
          rmdir(instance).then(
            () => false,
            () => false,
          ),
      ),
    () => false,
  );
  const place = own ? instance : tracefs;
  const before = new Map<string, string>();
  const set = async (file: string, value: string): Promise<void> => {
    const old = await readFile(`${place}/${file}`, 'utf8');
    before.set(file, /\[([^\]]+)\]/.exec(old)?.[1] ?? old.trim());
    await writeFile(`${place}/${file}`, value);
  };
  try {
    await set('trace_clock', CLOCK);
    for (const event of EVENTS) await set(`events/module/${event}/enable`, '1');
    await set('tracing_on', '1');
    return { file: `${place}/trace_pipe`, text: await collect(`${place}/trace_pipe`, seconds, signal), clock: CLOCK };
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError(`${place}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    for (const [file, value] of [...before].reverse())
      await writeFile(`${place}/${file}`, value).catch(() => undefined);
    if (own) await rmdir(instance).catch(() => undefined);
  }
}

async function find(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    if (
      await access(`${folder}/trace_pipe`, constants.R_OK).then(
        () => true,
        () => false,
      )
    )
      return folder;
  }
  throw new HostError(`--live needs tracefs, and root: expected one at ${folders.join(' or ')}`);
}

/** Whole lines of a pipe that is asked again and again: a read that waits could not be called off. */
async function collect(pipe: string, seconds: number, signal: AbortSignal): Promise<string> {
  const end = performance.now() + seconds * 1000;
  const parts: Buffer[] = [];
  let size = 0;
  let handle: FileHandle | undefined;
  try {
    handle = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    for (;;) {
      const over = signal.aborted || performance.now() >= end;
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(65_536), 0, 65_536, null).catch(none);
      if (bytesRead > 0) {
        size += bytesRead;
        if (size > LIMIT) throw new HostError(`${pipe}: more than ${LIMIT} bytes of events`);
        parts.push(buffer.subarray(0, bytesRead));
        continue;
      }
      if (over) break;
      await sleep(Math.max(0, Math.min(POLL_MS, end - performance.now())), undefined, { signal }).catch(
        () => undefined,
      );
    }
  } finally {
    await handle?.close();
  }
  const text = Buffer.concat(parts).toString('utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

function none(error: unknown): { bytesRead: number; buffer: Buffer } {
  if (error instanceof Error && 'code' in error && error.code === 'EAGAIN')
    return { bytesRead: 0, buffer: Buffer.alloc(0) };
  throw error;
}
