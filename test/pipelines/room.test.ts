import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MACHINES } from '../../daemon/limits.ts';
import { openMemoryLog } from '../../daemon/log/memory.ts';
import { noRoomFor } from '../../daemon/pipelines/room.ts';

const EPOCH = 'epoch001';

describe('room for machines', () => {
  const log = openMemoryLog();
  beforeAll(async () => {
    for (let i = 1; i < MACHINES; i++) await log.create(`m${i}`, EPOCH, { id: 'b', text: '{}' });
  });
  afterAll(() => log.close());

  it('LIM-9: beyond the number of machines one more is refused, until another is removed', async () => {
    expect(await noRoomFor(log, 'more')).toBeUndefined();
    await log.create('last', EPOCH, { id: 'b', text: '{}' });
    expect(await noRoomFor(log, 'more')).toMatchObject({ error: { code: 'too-busy', temporary: true } });
    // What is there is asked for again, and has to be answered.
    expect(await noRoomFor(log, 'm1')).toBeUndefined();
    await log.remove('m1', EPOCH);
    expect(await noRoomFor(log, 'more')).toBeUndefined();
  });
});
