import { expect, it } from 'vitest';
import { tooOld } from '../../daemon/log/redis-version.ts';

it('RED-1: a Redis before 6.2 is too old, by the version that it names', () => {
  for (const old of ['6.0.16', '5.0.14', '6.1.240', '2.8.0']) expect(tooOld(`redis_version:${old}\r\nx:1`)).toBe(old);
  for (const good of ['6.2.0', '6.2.14', '7.0.15', '8.2.1', '10.0.0', '255.255.255']) {
    expect(tooOld(`# Server\r\nredis_version:${good}\r\n`)).toBeUndefined();
  }
  expect(tooOld('')).toBeUndefined();
});
