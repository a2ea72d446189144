/** When a commit was taken, as a person reads it: UTC, to the second. */
import { moment } from '../../../protocol/moment.ts';

/** `2026-01-01 00:00:59` */
export const when = (time: number): string =>
  moment(time)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '');
