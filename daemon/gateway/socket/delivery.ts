/** Commits as frames of one subscription. Where nothing is filtered out all watchers share the bytes of the commits. */
import type { Filter } from '../../../protocol/filter.ts';
import type { Batch } from '../../pipelines/batch.ts';
import { openFilter } from '../../pipelines/filtered.ts';
import type { Outbox } from './outbox.ts';

export interface Delivery {
  commits(batch: Batch): void;
  /** The reader heard by another frame that it stands after this commit. */
  told(commit: number): void;
}

/** Commits that may go by before a reader whose filter lets nothing through hears how far it is. */
const QUIET = 256;

/** `after`: the commit that delivery starts after. */
export function openDelivery(
  outbox: Outbox,
  subscription: number,
  machine: string,
  filter: Filter | undefined,
  after: number,
): Delivery {
  if (filter === undefined) {
    return {
      commits: (batch) =>
        subscription <= WHOLE_FRAMES
          ? outbox.send(batch.bytes(subscription, () => Buffer.from(`${headOf(subscription, batch)}${restOf(batch)}`)))
          : outbox.sendParts(
              headOf(subscription, batch),
              batch.bytes(REST, () => Buffer.from(restOf(batch))),
            ),
      told() {},
    };
  }
  const apply = openFilter(machine, filter);
  let known = after;
  return {
    commits(batch) {
      const through = batch.entries[batch.entries.length - 1]?.number ?? known;
      const { count, text } = apply(batch);
      if (count === 0 && through - known < QUIET) return;
      const head = JSON.stringify({ type: 'commits', subscription, epoch: batch.epoch, after: known, through });
      outbox.send(`${head.slice(0, -1)},"commits":[${text}]}`);
      known = through;
    },
    told(commit) {
      known = commit;
    },
  };
}

/**
 * Clients count their subscriptions from 1: up to here all who have the same number share the whole frame. Beyond it they
 * share what follows its head.
 */
const WHOLE_FRAMES = 8;
/** The key of what follows the head: no subscription has it. */
const REST = -1;

const headOf = (subscription: number, { epoch }: Batch): string =>
  `{"type":"commits","subscription":${subscription},"epoch":"${epoch}","commits":[`;

/** The texts of the commits as the log keeps them. */
const restOf = ({ entries }: Batch): string => `${entries.map((entry) => entry.text).join(',')}]}`;
