import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { startProcess } from './daemon-process.ts';

/** Sends the beginning of a body and goes away as soon as it has left. */
function cutOff(url: string, type: string, start: string | Uint8Array, length = 1_000_000): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-type': type, 'content-length': length };
    const sent = request(url, { method: 'POST', headers });
    sent.on('error', () => undefined);
    sent.on('close', resolve);
    sent.write(start, () => setImmediate(() => sent.destroy()));
  });
}

it('HTTP-7: a client that goes away in the middle of a request leaves nothing, and no error in the log', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-cut-off-'));
  let said = '';
  const daemon = await startProcess(['--data', folder], undefined, (child) => {
    child.stderr?.on('data', (text) => {
      said += String(text);
    });
  });
  const client = connect(daemon.url);
  const { commit } = await client.boot('whole');
  const session = [{ format: 'veneerd/session@1', machine: 'half' }, commit].map((line) => `${JSON.stringify(line)}\n`);
  for (let time = 0; time < 10; time++) {
    await cutOff(`${daemon.url}/machines/half/session`, 'application/x-ndjson', session.join(''));
    await cutOff(`${daemon.url}/machines/half/commits`, 'application/x-ndjson', session[1] ?? '');
    // All of it comes, and nobody waits for what becomes of it.
    const lines = session[0] + (session[1] ?? '').repeat(100);
    await cutOff(`${daemon.url}/machines/half/session`, 'application/x-ndjson', lines, Buffer.byteLength(lines));
    await cutOff(`${daemon.url}/blobs?name=half.ko`, 'application/octet-stream', new Uint8Array(1000));
    await cutOff(`${daemon.url}/machines/whole/commands`, 'application/json', '{"id":"half"');
  }
  expect((await client.machines()).map(({ name }) => name)).toEqual(['whole']);
  client.close();
  expect(await daemon.end('SIGTERM')).toBe(0);
  rmSync(folder, { recursive: true, force: true });
  expect(said).not.toContain('"level":50');
});
