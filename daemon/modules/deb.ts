/**
 * Module files of a Debian package, as it is downloaded (`linux-image-*.deb`): an ar(5) archive whose member `data.tar`,
 * `.gz`, `.xz` or `.zst`, holds the files. Read as a stream: only what is asked for is kept. Source: deb(5).
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { extract } from 'tar-stream';
import * as xz from 'xz-decompress';
import { DEFAULT_LIMIT } from './decompress.ts';
import { ModuleFileError } from './error.ts';

const { XzReadableStream } = 'default' in xz ? (xz.default as typeof xz) : xz;

const MAGIC = '!<arch>\n';
const HEADER = 60;
/** Debian's kernels unpack to less than 1 GiB. */
const UNPACKED_LIMIT = 8 * 2 ** 30;
const KEPT_LIMIT = 2 * 2 ** 30;

export interface PackedFile {
  /** As it is installed, without the leading `./`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of the package whose path is wanted, in its order. Rejects with a ModuleFileError. All of them come at once:
 * xz-decompress unpacks one stream at a time, so that nobody could unpack a file while the package is still read.
 */
export async function debFiles(file: string, wanted: (path: string) => boolean): Promise<readonly PackedFile[]> {
  const found: PackedFile[] = [];
  let kept = 0;
  const data = await findData(file);
  const untar = extract();
  const raw = createReadStream(file, { start: data.start, end: data.start + data.size - 1 });
  const fed = feed(unpacked(raw, data.name, file), untar, file).catch((error: unknown) => {
    untar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const entry of untar) {
      const path = entry.header.name.replace(/^\.?\/+/, '');
      if (entry.header.type !== 'file' || !wanted(path)) {
        entry.resume();
        continue;
      }
      if ((entry.header.size ?? 0) > DEFAULT_LIMIT) {
        throw new ModuleFileError('too-large', `${file}:${path}`, `is larger than ${DEFAULT_LIMIT} bytes`);
      }
      const parts: Buffer[] = [];
      for await (const part of entry) parts.push(part as Buffer);
      const bytes = Buffer.concat(parts);
      kept += bytes.length;
      if (kept > KEPT_LIMIT)
        throw new ModuleFileError('too-large', file, `holds more than ${KEPT_LIMIT} bytes of what is asked for`);
      found.push({ path, bytes });
    }
    return found;
  } catch (error) {
    if (error instanceof ModuleFileError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new ModuleFileError('corrupt', file, `${data.name}: ${words}`);
  } finally {
    untar.destroy();
    raw.destroy();
    await fed;
  }
}

/** Writes what was unpacked as fast as it is read, until the archive ends or nobody reads it any more. */
async function feed(source: AsyncIterable<Uint8Array>, untar: ReturnType<typeof extract>, file: string): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    untar.on('close', () => resolve());
  });
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > UNPACKED_LIMIT) {
      throw new ModuleFileError('too-large', file, `unpacks to more than ${UNPACKED_LIMIT} bytes`);
    }
    if (untar.destroyed) return;
    if (!untar.write(chunk))
      await Promise.race([new Promise((resolve) => untar.once('drain', () => resolve(undefined))), closed]);
  }
  untar.end(undefined);
}

interface Member {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

async function findData(file: string): Promise<Member> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const { size: total } = await handle.stat();
    const text = async (at: number, length: number): Promise<string> => {
      const { buffer, bytesRead } = await (handle as FileHandle).read(Buffer.alloc(length), 0, length, at);
      return buffer.toString('latin1', 0, bytesRead);
    };
    if ((await text(0, MAGIC.length)) !== MAGIC) {
      throw new ModuleFileError(
        'not-a-module',
        file,
        `expected a Debian package, which begins with ${JSON.stringify(MAGIC)}`,
      );
    }
    for (let at = MAGIC.length; at + HEADER <= total; ) {
      const header = await text(at, HEADER);
      const name = header.slice(0, 16).trimEnd().replace(/\/$/, '');
      const digits = header.slice(48, 58).trimEnd();
      if (!/^\d+$/.test(digits) || header.slice(58) !== '`\n') {
        throw new ModuleFileError('corrupt', file, `at offset ${at}: expected a header of ar(5), 60 bytes`);
      }
      const size = Number(digits);
      const start = at + HEADER;
      if (start + size > total)
        throw new ModuleFileError(
          'truncated',
          file,
          `${name} goes on to byte ${start + size}, the file ends at ${total}`,
        );
      if (name === 'data.tar' || name.startsWith('data.tar.')) return { name, start, size };
      at = start + size + (size % 2);
    }
    throw new ModuleFileError('not-a-module', file, 'expected a member data.tar.*, as Debian packages have it');
  } catch (error) {
    if (error instanceof ModuleFileError) throw error;
    throw new ModuleFileError('not-a-module', file, error instanceof Error ? error.message : String(error));
  } finally {
    await handle?.close();
  }
}

function unpacked(raw: Readable, name: string, file: string): AsyncIterable<Uint8Array> {
  if (name === 'data.tar') return raw;
  if (name.endsWith('.gz')) return piped(raw, createGunzip());
  if (name.endsWith('.xz')) return unxz(raw);
  if (name.endsWith('.zst')) return unzstd(raw);
  throw new ModuleFileError('unsupported', file, `${name}: expected data.tar, .gz, .xz or .zst`);
}

function piped<T extends Writable>(raw: Readable, through: T): T {
  raw.on('error', (error) => through.destroy(error));
  raw.pipe(through);
  return through;
}

async function* unxz(raw: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new XzReadableStream(Readable.toWeb(raw) as ReadableStream<Uint8Array>).getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function* unzstd(raw: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const ready: Uint8Array[] = [];
  const stream = new Decompress((chunk) => ready.push(chunk));
  for await (const chunk of raw as AsyncIterable<Uint8Array>) {
    stream.push(chunk);
    yield* ready.splice(0);
  }
  stream.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
