import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { freePort, noRedisServer } from '../support/redis.ts';
import { runShell, shellLines } from './shell-doc.ts';

const PAGE = new URL('../../docs/operations.md', import.meta.url);
/** Ports that the page names; here others are taken, of those that are free. */
const PORTS = ['7077', '7078', '7079', '7080', '6379', '6380'];

const PATIENCE = 290_000;

const noCurl = spawnSync('curl', ['--version']).status === 0 ? undefined : 'SKIPPED: there is no curl on this machine';
const missing = noRedisServer() ?? noCurl;
if (missing !== undefined) process.stderr.write(`docs/operations.md: ${missing}\n`);

it.skipIf(missing !== undefined)(
  'FAULT-10: the commands of docs/operations.md run as they are written',
  {
    timeout: PATIENCE + 10_000,
  },
  async () => {
    const ports = new Map<string, string>();
    for (const port of PORTS) ports.set(port, String(await freePort()));
    const lines = shellLines(readFileSync(PAGE, 'utf8'));
    expect(lines.split('\n').length).toBeGreaterThan(30);
    const script = lines.replace(/\b\d{4}\b/g, (number) => ports.get(number) ?? number);
    const env = { VENEERD_PORT: ports.get('7077'), VENEERD_URL: `http://localhost:${ports.get('7077')}` };
    const { code, last, out, err } = await runShell(script, env, PATIENCE);
    expect(code === 0 ? '' : `${last}: ${code}\n${out}\n${err}`).toBe('');
  },
);
