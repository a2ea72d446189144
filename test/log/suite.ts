/** What the parts of the conformance suite have in common. */
import type { Entry, EventLog } from '../../daemon/log/log.ts';

export const EPOCH = 'epoch001';
export const LATER = 'epoch002';

export type Suite = {
  log(): EventLog;
  /** Another handle on the same store. */
  other(): EventLog;
  /** A name that no machine has. */
  fresh(): string;
  /** The name of a new machine of so many commits: `boot`, c2, c3, … */
  booted(commits?: number, make?: (number: number) => string): Promise<string>;
  readAll(name: string, after?: number, epoch?: string): Promise<readonly Entry[]>;
};

export function suiteOn(log: () => EventLog, other: () => EventLog): Suite {
  let machines = 0;
  const fresh = (): string => `machine-${++machines}`;
  return {
    log,
    other,
    fresh,
    async booted(commits = 1, make = text) {
      const name = fresh();
      await log().create(name, EPOCH, { id: 'boot', text: make(1) });
      for (let n = 1; n < commits; n++) await log().append(name, EPOCH, n, { id: `c${n + 1}`, text: make(n + 1) });
      return name;
    },
    async readAll(name, after = 0, epoch = EPOCH) {
      const page = await log().read(name, epoch, { after, limit: 100_000, maxBytes: 1 << 30 });
      if (page.status !== 'page') throw new Error(`expected a page, got ${page.status}`);
      return page.entries;
    },
  };
}

export function text(number: number): string {
  return `{"v":1,"number":${number},"note":"commit ${number} ✓"}`;
}

/** Time for a follower to come to its wait, which shows nowhere. What is expected holds as well where it did not. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
