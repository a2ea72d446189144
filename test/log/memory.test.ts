import { openMemoryLog } from '../../daemon/log/memory.ts';
import { conformance } from './conformance.ts';

conformance('memory', async () => {
  const log = openMemoryLog();
  return { log, other: log, close: () => log.close() };
});
