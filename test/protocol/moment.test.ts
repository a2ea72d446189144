import { expect, it } from 'vitest';
import { clock, moment } from '../../protocol/moment.ts';

it('PAGE-142: a commit’s time is told in UTC, also where no calendar has it', () => {
  const sent = Date.UTC(2018, 10, 26, 13, 54, 57, 250);
  expect(moment(sent)).toBe('2018-11-26T13:54:57.250Z');
  expect(clock(sent)).toBe('13:54:57.250');
  expect(clock(Date.UTC(12_000, 0, 1, 1, 2, 3))).toBe('01:02:03.000');
  for (const strange of [9e15, 1e300]) {
    expect(moment(strange)).toBe(String(strange));
    expect(clock(strange)).toBe(String(strange));
  }
});
