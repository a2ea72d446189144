/** Appends to a data folder until it can't be written any more, and says what was answered; then tries once more. */
import { StoreError } from '../../daemon/log/errors.ts';
import { openLmdbLog } from '../../daemon/log/lmdb.ts';
import { provable } from './provable.ts';

const [folder = ''] = process.argv.slice(2);
const EPOCH = 'epoch001';

const log = await openLmdbLog(folder);
await log.create('m', EPOCH, { id: 'c1', text: provable('c1', 100) });
const attempt = async (number: number): Promise<string> => {
  const id = `c${number}`;
  try {
    const result = await log.append('m', EPOCH, number - 1, { id, text: provable(id, 20_000) });
    return result.status;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return `${error.code}, ${error.temporary ? 'temporary' : 'for good'}: ${error.message}`;
  }
};
let last = 1;
let answer = 'appended';
while (answer === 'appended') {
  answer = await attempt(last + 1);
  if (answer === 'appended') last++;
}
const again = await attempt(last + 1);
const head = (await log.head('m'))?.head;
await log.close();
process.stdout.write(JSON.stringify({ last, head, answer, again }));
