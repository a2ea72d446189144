/** Stages commits in a data folder until it is killed; says `staged` a line for each piece that was answered. */
import { writeSync } from 'node:fs';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import { provable } from './provable.ts';

const [folder = ''] = process.argv.slice(2);
const PIECE = 100;

const log = await openLmdbLog(folder);
const staging = log.stage('staged', 'epoch001');
for (let from = 0; ; from += PIECE) {
  const entries = Array.from({ length: PIECE }, (_, n) => ({ id: `c${from + n}`, text: provable(`c${n}`, 2000) }));
  await staging.append(entries);
  writeSync(1, 'staged\n');
}
