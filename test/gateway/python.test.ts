/** The client in Python that docs/protocol.md shows: over a real socket, through a cut, to the end of a machine. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { startProxy } from '../sdk/proxy.ts';
import { startMemoryDaemon } from './daemon.ts';

const SCRIPT = fileURLToPath(new URL('../../docs/examples/watch.py', import.meta.url));
/** Debian's own Python finds Debian's packages. */
const PYTHON = ['/usr/bin/python3', 'python3'].find(
  (python) => spawnSync(python, ['-c', 'import websockets']).status === 0,
);
if (PYTHON === undefined)
  console.warn('SKIPPED: the client in Python, as there is no Python with the package websockets');

describe.skipIf(PYTHON === undefined)('a client in Python', () => {
  it('SUB-14: sixty lines of Python see every commit once, across a cut connection', async () => {
    const daemon = await startMemoryDaemon();
    const proxy = await startProxy(daemon.url);
    const client = connect(daemon.url);
    await client.boot('snake');
    const machine = client.machine('snake');
    const child = spawn(PYTHON as string, [SCRIPT, 'snake', `${proxy.url.replace('http', 'ws')}/ws`]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const numbers = (): readonly number[] => [...out.matchAll(/:(\d+) {2}/g)].map(([, number]) => Number(number));
    try {
      for (let i = 2; i <= 30; i++) {
        await machine.command({ type: 'unload', module: `absent${i}` });
        if (i === 10) await expect.poll(() => numbers().at(-1), { timeout: 20_000 }).toBe(10);
        if (i === 10) proxy.cut();
      }
      await expect.poll(() => numbers().at(-1), { timeout: 20_000 }).toBe(30);
      expect(numbers()).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      await machine.remove();
      expect(await ended).toBe(1);
      expect(err).toContain('no machine is called snake');
    } finally {
      child.kill();
      client.close();
      await proxy.close();
      await daemon.close();
    }
  });
});
