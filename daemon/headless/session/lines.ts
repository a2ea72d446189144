/** Lines of a text that comes in chunks, plain or gzip; bounded in length and in all. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** The longest line: the largest commit that a log takes (64 MiB), and a bit. */
export const LINE_BYTES = 65 << 20;

export interface Line {
  readonly text: string;
  /** It lacks its newline: the last one of a text that may have been cut off. */
  readonly unfinished: boolean;
}

/** What is wrong with the text itself. `cut-off`: gzip data that ends too early; all lines before `line` were given. */
export class LineFault extends Error {
  readonly kind: 'damaged' | 'too-large' | 'cut-off';
  readonly line: number;

  constructor(kind: LineFault['kind'], line: number, message: string) {
    super(message);
    this.kind = kind;
    this.line = line;
  }
}

const NEWLINE = 0x0a;
const MAGIC_BYTES = 2;
const GUNZIP_CHUNK = 256 << 10;

/** Throws a LineFault for a broken gzip stream, bytes that are no UTF-8, and what is beyond `limit` bytes. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Line, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  let line = 1;

  const finish = (last: Uint8Array, unfinished: boolean): Line => {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    length = 0;
    try {
      return { text: decoder.decode(bytes), unfinished };
    } catch {
      throw new LineFault('damaged', line, 'not UTF-8');
    } finally {
      line++;
    }
  };

  try {
    for await (const chunk of plain(chunks)) {
      total += chunk.length;
      if (total > limit) throw new LineFault('too-large', line, `the text is longer than ${limit} bytes`);
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        yield finish(chunk.subarray(start, end), false);
        start = end + 1;
      }
      if (start === chunk.length) continue;
      parts.push(chunk.subarray(start));
      length += chunk.length - start;
      if (length > LINE_BYTES) throw new LineFault('too-large', line, `longer than ${LINE_BYTES} bytes`);
    }
  } catch (error) {
    throw gzipFault(error, line) ?? error;
  }
  if (length > 0) yield finish(new Uint8Array(0), true);
}

function gzipFault(error: unknown, line: number): LineFault | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return new LineFault('cut-off', line, 'gzip: the data ends too early');
  return code.startsWith('Z_') ? new LineFault('damaged', line, `gzip: ${(error as Error).message}`) : undefined;
}

/** Gzip is told by its first bytes, whatever the file is called. */
async function* plain(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < MAGIC_BYTES) {
    const { done, value } = await iterator.next();
    if (done) break;
    start = start.length === 0 ? value : Buffer.concat([start, value]);
  }
  const all = rest(start, iterator);
  if (start[0] !== 0x1f || start[1] !== 0x8b) return yield* all;
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK });
  // An error of either comes out of the loop over gunzip.
  pipeline(Readable.from(all), gunzip, () => {});
  yield* gunzip as AsyncIterable<Uint8Array>;
}

async function* rest(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield first;
    while (true) {
      const { done, value } = await iterator.next();
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}
