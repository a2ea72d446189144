/** Commits as frames of one subscription. Where nothing is filtered out all its watchers share one frame. */
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
      commits: (batch) => outbox.send(batch.frame(subscription, () => wholeFrame(subscription, batch))),
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

/** The texts of the commits as the log keeps them, spliced into the frame around them. */
function wholeFrame(subscription: number, { epoch, entries }: Batch): Uint8Array {
  const texts = entries.map((entry) => entry.text).join(',');
  return Buffer.from(`{"type":"commits","subscription":${subscription},"epoch":"${epoch}","commits":[${texts}]}`);
}
