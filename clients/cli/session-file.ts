/**
 * Session files (`*.veneer.jsonl`, also gzipped) as streams: a file larger than memory is read and written line by line.
 * A fault names file and line and what was expected; a file that was cut off is told from one that is damaged.
 */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Commit } from '../../protocol/commit.ts';
import { readSessionLine, SESSION_FORMAT, type SessionFooter, type SessionHeader } from '../../protocol/session.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';
import type { View } from '../../protocol/view/types.ts';
import { CliFailure, EXIT, fileFailure } from './failure.ts';

/** The longest line that is read. A boot with all of a kernel's exports is about one MiB. */
export const LINE_LIMIT = 256 * 1024 * 1024;

export type SessionItem =
  | { readonly kind: 'header'; readonly header: SessionHeader }
  | { readonly kind: 'commit'; readonly commit: Commit }
  | { readonly kind: 'footer'; readonly footer: SessionFooter }
  /** The file ends here without a footer: it was cut off, and everything before was whole. Always the last item. */
  | { readonly kind: 'cut-off'; readonly line: number; readonly commits: number };

/** A header, commits numbered 1, 2, 3, …, then a footer or `cut-off`. Throws a CliFailure at the first fault. */
export async function* readSession(file: string): AsyncGenerator<SessionItem, void, undefined> {
  let number = 0;
  let commits = 0;
  let ended = false;
  const fault = (message: string): CliFailure =>
    new CliFailure(EXIT.usage, 'bad-session', `${file}:${number}: ${message}`);
  for await (const line of lines(file)) {
    if (line.kind === 'cut-off') {
      // Only the checksum behind the footer is missing: all that was recorded is here.
      if (ended) return;
      if (number === 0) throw fault(`expected a session file (${SESSION_FORMAT}), found the start of a gzip file only`);
      yield { kind: 'cut-off', line: number, commits };
      return;
    }
    number++;
    if (line.kind === 'too-long') throw fault(`the line is longer than ${LINE_LIMIT} bytes`);
    if (line.kind === 'not-utf8') throw fault('the line is not UTF-8');
    if (ended) {
      if (line.text === '') continue;
      throw fault('expected the end of the file after the footer');
    }
    const item = readSessionLine(number, line.text);
    if (item.kind === 'fault') {
      // Only the last line can lack its newline: if it makes no sense it was cut in the middle.
      if (line.unfinished && number > 1) {
        yield { kind: 'cut-off', line: number, commits };
        return;
      }
      throw fault(item.message);
    }
    if (item.kind === 'commit') {
      if (item.commit.number !== commits + 1) {
        throw fault(`expected commit ${commits + 1}, found commit ${item.commit.number}`);
      }
      commits++;
    }
    if (item.kind === 'footer') {
      if (item.footer.commits !== commits) {
        throw fault(`the footer counts ${item.footer.commits} commits, the file holds ${commits}`);
      }
      ended = true;
    }
    yield item;
  }
  if (number === 0) throw new CliFailure(EXIT.usage, 'bad-session', `${file}: expected a session file, it is empty`);
  if (!ended) yield { kind: 'cut-off', line: number, commits };
}

type Line =
  | { readonly kind: 'line'; readonly text: string; readonly unfinished: boolean }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'not-utf8' }
  | { readonly kind: 'cut-off' };

const NEWLINE = 0x0a;

async function* lines(file: string): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (parts: readonly Uint8Array[], unfinished: boolean): Line => {
    try {
      const text = decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      return { kind: 'line', text, unfinished };
    } catch {
      return { kind: 'not-utf8' };
    }
  };
  let parts: Uint8Array[] = [];
  let length = 0;
  const source = await openSource(file);
  try {
    for await (const chunk of source.stream as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        parts.push(chunk.subarray(from, at));
        yield decode(parts, false);
        parts = [];
        length = 0;
        from = at + 1;
      }
      if (from < chunk.length) {
        parts.push(chunk.subarray(from));
        length += chunk.length - from;
      }
      if (length > LINE_LIMIT) {
        yield { kind: 'too-long' };
        return;
      }
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') {
      yield { kind: 'cut-off' };
      return;
    }
    if (typeof code === 'string' && code.startsWith('Z_')) {
      throw new CliFailure(
        EXIT.usage,
        'bad-session',
        `${file}: the gzip data is damaged (${(error as Error).message})`,
      );
    }
    throw fileFailure(file, error);
  } finally {
    source.close();
  }
  if (parts.length > 0) yield decode(parts, true);
}

/** Gzip is told by its magic bytes, whatever the file is called. */
async function openSource(file: string): Promise<{ readonly stream: Readable; readonly close: () => void }> {
  const magic = Buffer.alloc(2);
  let gzipped: boolean;
  try {
    const handle = await open(file);
    try {
      const { bytesRead } = await handle.read(magic, 0, 2, 0);
      gzipped = bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileFailure(file, error);
  }
  const raw = createReadStream(file);
  if (!gzipped) return { stream: raw, close: () => raw.destroy() };
  const gunzip = createGunzip();
  raw.on('error', (error) => gunzip.destroy(error));
  raw.pipe(gunzip);
  return {
    stream: gunzip,
    close: () => {
      raw.destroy();
      gunzip.destroy();
    },
  };
}

export interface SessionWriter {
  /** Appends the next commit; waits when the disk is slower than the log. */
  readonly commit: (commit: Commit) => Promise<void>;
  /** Writes the footer and closes the file. */
  readonly finish: () => Promise<SessionFooter>;
  /** The state after the commits so far. */
  readonly view: View;
}

/** Starts a session file, gzipped where its name ends in `.gz`. A file that exists is kept unless `overwrite`. */
export async function writeSession(file: string, header: SessionHeader, overwrite: boolean): Promise<SessionWriter> {
  const disk = createWriteStream(file, { flags: overwrite ? 'w' : 'wx' });
  try {
    await once(disk, 'open');
  } catch (error) {
    throw fileFailure(file, error);
  }
  let failure: unknown;
  disk.on('error', (error) => {
    failure = error;
  });
  const gzip = file.endsWith('.gz') ? createGzip() : undefined;
  gzip?.pipe(disk);
  const sink: Writable = gzip ?? disk;
  const put = async (value: unknown): Promise<void> => {
    if (failure !== undefined) throw fileFailure(file, failure);
    if (sink.write(`${JSON.stringify(value)}\n`)) return;
    const waited = new AbortController();
    const { signal } = waited;
    await Promise.race([once(sink, 'drain', { signal }), once(disk, 'close', { signal })]);
    waited.abort();
  };
  const view = emptyView();
  await put(header);
  return {
    view,
    commit: async (commit) => {
      fold(view, commit);
      await put(commit);
    },
    finish: async () => {
      const footer: SessionFooter = { end: true, commits: view.commit, digest: viewDigest(view) };
      await put(footer);
      sink.end();
      try {
        await finished(disk);
      } catch (error) {
        throw fileFailure(file, failure ?? error);
      }
      return footer;
    },
  };
}
