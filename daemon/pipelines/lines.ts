/** Lines of a text that comes in chunks, plain or gzip; bounded in length and in all. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SESSION_BYTES, SESSION_LINE_BYTES } from '../limits.ts';

/** What is wrong with the text as a whole. */
export class LineFault extends Error {
  readonly tooLarge: boolean;

  constructor(message: string, tooLarge = false) {
    super(message);
    this.tooLarge = tooLarge;
  }
}

const NEWLINE = 0x0a;

/** Throws a LineFault for a broken gzip stream, bytes that are no UTF-8, and what is beyond `limit` bytes. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, limit = SESSION_BYTES): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Uint8Array[] = [];
  let length = 0;
  let total = 0;
  let line = 1;

  const finish = (last: Uint8Array): string => {
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    length = 0;
    try {
      return decoder.decode(bytes);
    } catch {
      throw new LineFault(`line ${line}: not UTF-8`);
    } finally {
      line++;
    }
  };

  for await (const chunk of plain(chunks)) {
    total += chunk.length;
    if (total > limit) throw new LineFault(`more than ${limit} bytes`, true);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield finish(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > SESSION_LINE_BYTES) throw new LineFault(`line ${line}: longer than ${SESSION_LINE_BYTES} bytes`, true);
  }
  if (length > 0) yield finish(new Uint8Array(0));
}

async function* plain(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  const all = rest(first.value, iterator);
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return yield* all;
  const gunzip = createGunzip();
  pipeline(Readable.from(all), gunzip, () => {});
  try {
    yield* gunzip;
  } catch (error) {
    throw new LineFault(`gzip: ${error instanceof Error ? error.message : String(error)}`);
  }
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
