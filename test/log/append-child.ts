/**
 * Appends to two machines of a data folder until it is killed, and says what was answered: `machine number id` a line.
 * The log of `kept` is never trimmed, that of `cut` often.
 */
import { writeSync } from 'node:fs';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import type { EventLog } from '../../daemon/log/log.ts';
import { provable } from './provable.ts';

const [folder = '', round = ''] = process.argv.slice(2);
const UNDER_WAY = 8;

async function appendForever(log: EventLog, name: string): Promise<void> {
  const epoch = 'epoch001';
  await log.create(name, epoch, { id: 'boot', text: provable('boot', 100) });
  let last = (await log.head(name))?.head ?? 0;
  for (let batch = 0; ; batch++) {
    const sent = Array.from({ length: UNDER_WAY }, async (_, n) => {
      const id = `r${round}-${batch}-${n}`;
      const result = await log.append(name, epoch, last + n, {
        id,
        text: provable(id, 200 + ((batch * 997) % 20_000)),
      });
      if (result.status !== 'appended') throw new Error(`unexpected ${result.status}`);
      writeSync(1, `${name} ${result.number} ${id}\n`);
    });
    await Promise.all(sent);
    last += UNDER_WAY;
    if (name === 'cut' && batch % 5 === 4) {
      await log.putSnapshot(name, epoch, last, Buffer.from(`state at ${last}`));
      await log.trim(name, epoch, last - 10);
    }
  }
}

const log = await openLmdbLog(folder);
await Promise.all([appendForever(log, 'kept'), appendForever(log, 'cut')]);
