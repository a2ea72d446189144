import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startDaemon } from '../../daemon/daemon.ts';
import { start } from './cli-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('CLI-5: the tour of docs/cli.md runs as it is written', { timeout: 240_000 }, async () => {
  const text = await readFile(join(ROOT, 'docs', 'cli.md'), 'utf8');
  const commands = (/```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? '').trimEnd().split('\n');
  expect(commands.length).toBeGreaterThan(10);
  const daemon = await startDaemon({
    host: '127.0.0.1',
    port: 0,
    stores: { memory: true },
    demo: 'off',
    logLevel: 'silent',
  });
  const folder = await mkdtemp(join(tmpdir(), 'veneerd-doc-'));
  try {
    for (const name of ['docs', 'test']) await symlink(join(ROOT, name), join(folder, name));
    for (const command of commands) {
      const [veneer, ...args] = command.split(' ');
      expect(veneer).toBe('veneer');
      // The tour asks questions of one machine until the replay makes a second.
      const { code, err } = await start(args, { VENEERD_URL: daemon.url }, folder).done;
      expect({ command, code, err: code === 0 ? '' : err }).toEqual({ command, code: 0, err: '' });
    }
  } finally {
    await daemon.close();
    await rm(folder, { recursive: true, force: true });
  }
});
