import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../clients/sdk/node.ts';
import { startDaemon } from '../../daemon/daemon.ts';
import { openTables } from '../../daemon/log/lmdb-schema.ts';
import { start } from './cli-process.ts';

it('LOG-27: a damaged machine is shown with what is wrong, beside the others', { timeout: 60_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'veneerd-damaged-'));
  const daemon = await startDaemon({
    host: '127.0.0.1',
    port: 0,
    stores: { dataDir },
    demo: 'off',
    logLevel: 'silent',
  });
  try {
    const client = connect(daemon.url);
    await client.boot('good', { preset: 'arm64-6.1' });
    const tables = openTables(join(dataDir, 'log'));
    await tables.machines.put('bad', { form: 1, slot: 'x' }, 1);
    await tables.machines.put('later', { form: 2 }, 1);
    await tables.env.close();

    expect(await client.machines()).toMatchObject([
      { name: 'good', position: { commit: 1 } },
      { name: 'bad', damaged: expect.stringContaining('machines/bad: expected') },
      { name: 'later', damaged: expect.stringContaining('is of form 2: a newer version') },
    ]);
    const { code, out } = await start(['machines'], { VENEERD_URL: daemon.url }).done;
    expect(code).toBe(0);
    expect(out).toMatch(/^good +1 /m);
    expect(out).toMatch(/^bad is damaged: machines\/bad: expected/m);
    expect(out).toMatch(/^later is damaged: .*a newer version of veneerd has written it/m);
    client.close();
  } finally {
    await daemon.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
