/** Readers of one machine in a process of their own: they look that no commit is missing, and when each batch came. */
import { openReader, type Reader } from '../../wire/reader.ts';
import { playRole } from './roles.ts';

/** A batch: its last commit, and when it was due to be written, by the system's own clock (`clock`). */
export interface Due {
  readonly commit: number;
  readonly at: number;
}

/** Milliseconds from when batches were due to when readers had them. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly samples: number;
}

export type ReadersQuestion =
  /** Opens `count` readers from the start of the machine; answered when all have commit `until`. */
  | {
      readonly ask: 'open';
      readonly url: string;
      readonly machine: string;
      readonly epoch: string;
      readonly count: number;
      readonly until: number;
    }
  /** They take nothing off their sockets until `resume`. */
  | { readonly ask: 'pause' }
  | { readonly ask: 'resume' }
  /** Answered when all have this commit. */
  | { readonly ask: 'reach'; readonly commit: number }
  /** How many of them have less than this commit. */
  | { readonly ask: 'behind'; readonly commit: number }
  /** Answered with the latency of these batches, of which they must have all. */
  | { readonly ask: 'latency'; readonly batches: readonly Due[] };

/** Milliseconds by a clock that all processes of a machine share. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

export function playReaders(): void {
  let readers: readonly Reader[] = [];
  /** For each reader the commits that frames ended with, and when. */
  const heard: { readonly commits: number[]; readonly times: number[] }[] = [];

  const reach = (commit: number): Promise<unknown> => Promise.all(readers.map((reader) => reader.reach(commit)));

  function latencyOf(batches: readonly Due[]): Latency {
    const samples: number[] = [];
    for (const { commits, times } of heard) {
      let frame = 0;
      for (const { commit, at } of batches) {
        while ((commits[frame] ?? Number.POSITIVE_INFINITY) < commit) frame++;
        const time = times[frame];
        if (time === undefined) throw new Error(`a reader does not have commit ${commit}`);
        samples.push(time - at);
      }
    }
    samples.sort((a, b) => a - b);
    const part = (share: number): number => samples[Math.floor(samples.length * share)] ?? Number.NaN;
    return { p50: part(0.5), p99: part(0.99), most: samples.at(-1) ?? Number.NaN, samples: samples.length };
  }

  playRole(async (question: ReadersQuestion) => {
    switch (question.ask) {
      case 'open': {
        const { url, machine, epoch, count } = question;
        readers = Array.from({ length: count }, () => {
          const mine: (typeof heard)[number] = { commits: [], times: [] };
          heard.push(mine);
          return openReader(url, machine, epoch, [1], (commit) => {
            mine.commits.push(commit);
            mine.times.push(clock());
          });
        });
        return reach(question.until).then(() => null);
      }
      case 'pause':
        for (const reader of readers) reader.pause();
        return null;
      case 'resume':
        for (const reader of readers) reader.resume();
        return null;
      case 'reach':
        return reach(question.commit).then(() => null);
      case 'behind':
        return readers.filter((reader) => reader.at() < question.commit).length;
      case 'latency':
        return latencyOf(question.batches);
    }
  });
}
