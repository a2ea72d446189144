/** Reads what a host shows: its own /proc and /sys, or a captured tree of them. Nothing but regular files is opened. */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { releaseOf } from '../../../protocol/host/machine.ts';
import { HostError, type HostReadings, type SysModule } from './readings.ts';

/** More than any kernel shows in one file: kallsyms is about 15 MiB. */
const FILE_LIMIT = 256 * 2 ** 20;
/** Files of /sys hold a page at most. */
const SYS_LIMIT = 64 * 1024;
const ENTRIES_LIMIT = 65_536;

const PROC = ['version', 'cmdline', 'modules', 'kallsyms', 'vmallocinfo', 'cpuinfo', 'iomem', 'uptime'] as const;
const SYS = ['coresize', 'initsize', 'refcnt', 'taint', 'initstate'] as const;
export const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'] as const;

export interface ReadOptions {
  /** A captured tree's folder; empty for the host itself. */
  readonly root: string;
  /** A saved trace, in place of the one that the tree or the host has. */
  readonly trace?: string;
  /** Lines of a trace that was followed. */
  readonly followed?: { readonly file: string; readonly text: string; readonly clock: string };
  readonly host?: HostReadings['host'];
}

/** Rejects with a HostError where the root or a file that was named can't be read; what a host does not show is told in `unread`. */
export async function readHost(options: ReadOptions): Promise<HostReadings> {
  const { root } = options;
  const files = new Map<string, string>();
  const unread = new Map<string, string>();
  if (root !== '') await mustBeFolder(root);
  const take = async (path: string): Promise<string | undefined> => {
    const read = await readText(root + path, FILE_LIMIT);
    if (read.ok) files.set(path, read.text);
    else unread.set(path, read.why);
    return read.ok ? read.text : undefined;
  };
  for (const name of PROC) await take(`/proc/${name}`);
  const modules = new Map<string, SysModule>();
  for (const name of moduleNames(files.get('/proc/modules') ?? '')) {
    const module = await readSysModule(join(root, '/sys/module', name));
    if (module) modules.set(name, module);
  }
  return {
    root,
    files,
    unread,
    modules,
    trace: options.followed ?? (await readTrace(options, unread)),
    config: await readConfig(root, releaseOf(files.get('/proc/version') ?? '')),
    host: options.host,
  };
}

async function mustBeFolder(root: string): Promise<void> {
  try {
    if (!(await stat(root)).isDirectory()) throw new HostError(`${root}: is not a folder`);
    await stat(join(root, 'proc'));
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError(`${root}: expected a captured tree, a folder with proc/ and sys/ in it (${wordsOf(error)})`);
  }
}

type Read = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

async function readText(file: string, limit: number): Promise<Read> {
  const read = await readBytes(file, limit);
  return read.ok ? { ok: true, text: read.bytes.toString('utf8') } : read;
}

/** Files of /proc say that they are empty: what counts is what can be read. */
async function readBytes(
  file: string,
  limit: number,
): Promise<{ readonly ok: true; readonly bytes: Buffer } | { readonly ok: false; readonly why: string }> {
  let handle: FileHandle | undefined;
  try {
    // A pipe or a device could keep whoever opens it waiting for ever.
    if (!(await stat(file)).isFile()) return { ok: false, why: 'it is not a file' };
    handle = await open(file);
    const parts: Buffer[] = [];
    let size = 0;
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(65_536), 0, 65_536, null);
      if (bytesRead === 0) return { ok: true, bytes: Buffer.concat(parts) };
      size += bytesRead;
      if (size > limit) return { ok: false, why: `it is larger than ${limit} bytes` };
      parts.push(buffer.subarray(0, bytesRead));
    }
  } catch (error) {
    return { ok: false, why: wordsOf(error) };
  } finally {
    await handle?.close();
  }
}

function wordsOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Record<string, string> = {
    ENOENT: 'it is not there',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    ENOTDIR: 'a part of its path is not a folder',
  };
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}

/** First words of lines, as far as they can name a folder; whether the lines are right is for the parser to say. */
function moduleNames(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(0, ENTRIES_LIMIT)
    .map((line) => line.split(' ', 1)[0] ?? '')
    .filter((name) => /^[^/\s\0]{1,55}$/.test(name) && name !== '.' && name !== '..');
}

async function readSysModule(folder: string): Promise<SysModule | undefined> {
  const list = async (name: string) => {
    const found = await readdir(join(folder, name)).catch(() => undefined);
    return found?.slice(0, ENTRIES_LIMIT).sort();
  };
  if ((await list('')) === undefined) return undefined;
  const files = new Map<string, string>();
  const sections = (await list('sections')) ?? [];
  for (const name of [...SYS, ...sections.map((section) => `sections/${section}`)]) {
    const read = await readText(join(folder, name), SYS_LIMIT);
    if (read.ok) files.set(name, read.text);
  }
  const note = await readBytes(join(folder, 'notes/.note.gnu.build-id'), SYS_LIMIT);
  return { files, holders: await list('holders'), buildIdNote: note.ok ? note.bytes : undefined };
}

async function readTrace({ root, trace }: ReadOptions, unread: Map<string, string>): Promise<HostReadings['trace']> {
  if (trace !== undefined) {
    const read = await readText(trace, FILE_LIMIT);
    if (!read.ok) throw new HostError(`${trace}: ${read.why}`);
    return { file: trace, text: read.text, clock: undefined };
  }
  for (const folder of TRACEFS) {
    const file = `${root}${folder}/trace`;
    const read = await readText(file, FILE_LIMIT);
    if (!read.ok) {
      if (!unread.has('/sys/kernel/tracing/trace')) unread.set('/sys/kernel/tracing/trace', read.why);
      continue;
    }
    const clock = await readText(`${root}${folder}/trace_clock`, SYS_LIMIT);
    return { file, text: read.text, clock: clock.ok ? /\[([^\]]+)\]/.exec(clock.text)?.[1] : undefined };
  }
  return undefined;
}

async function readConfig(root: string, release: string | undefined): Promise<HostReadings['config']> {
  const packed = await readBytes(`${root}/proc/config.gz`, SYS_LIMIT * 16);
  if (packed.ok) {
    const file = `${root}/proc/config.gz`;
    try {
      const text = await promisify(gunzip)(packed.bytes, { maxOutputLength: SYS_LIMIT * 64 });
      return { file, text: text.toString('utf8') };
    } catch (error) {
      throw new HostError(`${file}: ${wordsOf(error)}`);
    }
  }
  if (release === undefined || release.includes('/')) return undefined;
  const file = `${root}/boot/config-${release}`;
  const read = await readText(file, FILE_LIMIT);
  return read.ok ? { file, text: read.text } : undefined;
}
