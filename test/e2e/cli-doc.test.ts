import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startDaemon } from '../../daemon/daemon.ts';
import { runShell, shellLines } from './shell-doc.ts';

const PAGE = new URL('../../docs/cli.md', import.meta.url);
const PATIENCE = 290_000;

it('CLI-5: the tour of docs/cli.md runs as it is written', { timeout: PATIENCE + 10_000 }, async () => {
  const tour = shellLines(readFileSync(PAGE, 'utf8'), 1);
  const commands = tour.trimEnd().split('\n');
  expect(commands.length).toBeGreaterThan(10);
  expect(commands.filter((command) => !command.startsWith('veneer '))).toEqual([]);
  const daemon = await startDaemon({
    host: '127.0.0.1',
    port: 0,
    stores: { memory: true },
    demo: 'off',
    logLevel: 'silent',
  });
  try {
    // The tour asks questions of one machine until the replay makes a second.
    const { code, last, err } = await runShell(tour, { VENEERD_URL: daemon.url }, PATIENCE);
    expect(code === 0 ? '' : `${last}: ${code}\n${err}`).toBe('');
  } finally {
    await daemon.close();
  }
});
