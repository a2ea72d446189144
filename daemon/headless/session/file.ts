/**
 * Session files on a disk. A file that is made appears under its name whole or not at all: it is written beside it, brought
 * to the disk, and renamed.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const READ_CHUNK = 256 << 10;
/** The end of the name of a file that is being written. */
export const PART = '.part';

/** The name by which command lines mean their standard input. */
export const STDIN = '-';

/** Told of how many bytes of the files were read since it was told before; what it throws ends the reading. */
export type OnBytes = (bytes: number) => void;

export async function* bytesOf(file: string, onBytes?: OnBytes): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = file === STDIN ? process.stdin : createReadStream(file, { highWaterMark: READ_CHUNK });
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

export interface NewFile {
  /** Where the bytes are until `publish`. */
  readonly part: string;
  /** Waits when the disk is slower. */
  write(text: string): Promise<void>;
  /** Lets go of what a compressor holds back, so that readers of the growing file see it. */
  flush(): void;
  /** Ends the file and brings it to the disk; `write` is over. */
  finish(): Promise<void>;
  /** Gives it its name, in place of a file that has it. Before or after `finish`. */
  publish(): Promise<void>;
  /** Removes it, unless it was published. */
  discard(): Promise<void>;
}

/** Gzipped where its name ends in `.gz`. A file that exists is refused unless `overwrite`. Throws the system's errors. */
export async function createFile(name: string, overwrite: boolean): Promise<NewFile> {
  const file = await target(name, overwrite);
  // Hidden, so that no pattern of a shell takes it for a session.
  const part = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}${PART}`);
  const disk = createWriteStream(part, { flags: 'wx', flush: true });
  await once(disk, 'open');
  const gzip = file.endsWith('.gz') ? createGzip() : undefined;
  let failure: unknown;
  disk.on('error', (error) => {
    failure = error;
    gzip?.destroy();
  });
  gzip?.on('error', () => {});
  gzip?.pipe(disk);
  const sink = gzip ?? disk;
  let published = false;
  let held = false;
  return {
    part,
    async write(text) {
      if (failure !== undefined) throw failure;
      held = true;
      if (sink.write(text)) return;
      const waited = new AbortController();
      const { signal } = waited;
      try {
        await Promise.race([once(sink, 'drain', { signal }), once(disk, 'close', { signal })]);
      } finally {
        waited.abort();
      }
    },
    flush() {
      if (held) gzip?.flush();
      held = false;
    },
    async finish() {
      sink.end();
      await finished(disk).catch((error: unknown) => {
        throw failure ?? error;
      });
    },
    async publish() {
      if (published) return;
      await rename(part, file);
      published = true;
      await syncFolder(dirname(file));
    },
    async discard() {
      if (published) return;
      sink.destroy();
      disk.destroy();
      await rm(part, { force: true });
    },
  };
}

/** Where the file is to be: a link leads to what it names. What is no file (a device, a pipe) is never renamed over. */
async function target(name: string, overwrite: boolean): Promise<string> {
  const there = await stat(name).catch(() => undefined);
  if (there === undefined) return name;
  if (!overwrite) throw Object.assign(new Error(`${name} exists`), { code: 'EEXIST' });
  if (!there.isFile()) throw new Error('is no regular file: it can not be replaced');
  return realpath(name);
}

/** A name is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
