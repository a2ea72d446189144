import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import { conformance } from './conformance.ts';

conformance('LMDB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-lmdb-'));
  let log = await openLmdbLog(folder);
  return {
    log,
    other: log,
    reopen: async () => {
      await log.close();
      log = await openLmdbLog(folder);
      return log;
    },
    close: async () => {
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
