/**
 * Conversations of veneerd.v1 as they were recorded when it was released: a client that worked then works now. A daemon may
 * say more than it said; it may not say less, or something else.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { manifestBytes, openRaw, startMemoryDaemon } from './daemon.ts';

const FOLDER = fileURLToPath(new URL('../fixtures/protocol/transcripts-v1/', import.meta.url));

/** A line of a transcript. What differs from run to run stands as $epoch, $time and so on. */
type Line = { readonly send: unknown } | { readonly expect: unknown };

/** Puts what this run has in the place of what differs, or the other way round. */
function exchange(value: unknown, by: (key: string, text: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => exchange(each, by));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, exchange(by(key, inner), by)]));
}

/** What differs from run to run; words are for people, and may get better. */
const VARIABLE = ['epoch', 'time', 'version', 'message'];

const recorded = (frame: unknown): unknown =>
  exchange(frame, (key, value) => (VARIABLE.includes(key) ? `$${key}` : key === 'limits' ? {} : value));

it.each(readdirSync(FOLDER).sort())('FRM-5: %s is spoken as it was', async (name) => {
  const file = `${FOLDER}${name}`;
  const lines = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const daemon = await startMemoryDaemon();
  const raw = await openRaw(daemon.url);
  let epoch = '';
  const said: Line[] = [];
  try {
    const headers = { 'content-type': 'application/octet-stream' };
    await fetch(`${daemon.url}/blobs?name=plain.json`, { method: 'POST', headers, body: manifestBytes('plain') });
    for (const line of lines) {
      if ('send' in line) {
        raw.send(exchange(line.send, (key, value) => (key === 'epoch' && value === '$epoch' ? epoch : value)));
        said.push(line);
        continue;
      }
      const frame = await raw.next();
      epoch = (frame.position as { epoch?: string } | undefined)?.epoch ?? epoch;
      const met = recorded(frame);
      said.push({ expect: met });
      if (process.env.VENEERD_WRITE_TRANSCRIPTS === undefined) expect(met).toMatchObject(line.expect as object);
    }
    if (process.env.VENEERD_WRITE_TRANSCRIPTS !== undefined) {
      writeFileSync(file, `${said.map((line) => JSON.stringify(line)).join('\n')}\n`);
    }
  } finally {
    raw.socket.terminate();
    await daemon.close();
  }
});
