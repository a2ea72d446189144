/**
 * Pages out of Redis: the machine's record and its commits, read together by plain commands. A script could stop at so
 * many bytes, but Lua would take every text apart: here the number of commits to ask for follows from how large they were.
 */
import { corrupt, shown } from './errors.ts';
import type { Entry, ReadOptions, ReadResult } from './log.ts';
import type { RedisClient } from './redis-client.ts';
import { keysOf } from './redis-keys.ts';
import { HEAD_FIELDS, headOf, number } from './redis-reply.ts';
import { type RedisCommand, transaction } from './redis-transaction.ts';
import { gone, pageLimits, readRefusal, takePage } from './rules.ts';

type Where = Pick<ReadOptions, 'after' | 'afterId'>;

export type RedisReads = {
  read(name: string, epoch: string, options: ReadOptions): Promise<ReadResult>;
};

/** Commits of a page of a machine whose commits nobody has seen. */
const FIRST_COUNT = 8;
/** The number of commits asked for grows so many times from one page to the next, and falls at once. */
const GROWTH = 4;
/** Machines whose sizes are known; the one that was read longest ago is forgotten. */
const KNOWN = 1024;

export function openReads(client: RedisClient): RedisReads {
  /** By machine: how many commits to ask for. */
  const counts = new Map<string, number>();

  /** What to ask for the next time: a little more than fits, so that one look mostly shows where the page ends. */
  function learn(name: string, asked: number, { length }: readonly Entry[], bytes: number, maxBytes: number): void {
    const fitting = Math.ceil((maxBytes * length) / Math.max(1, bytes));
    const before = Math.max(asked, counts.get(name) ?? 0);
    counts.delete(name);
    counts.set(name, Math.min(fitting + (fitting >> 4) + 1, before * GROWTH));
    const oldest = counts.size > KNOWN ? counts.keys().next() : undefined;
    if (oldest?.value !== undefined) counts.delete(oldest.value);
  }

  /** The next `count` commits, however large. */
  function some(name: string, epoch: string, from: Where, count: number): Promise<ReadResult> {
    const keys = keysOf(name, epoch);
    const { after, afterId } = from;
    const commands: readonly RedisCommand[] = [
      ['HMGET', keys.machine, ...HEAD_FIELDS],
      ['XRANGE', keys.commits, `(${after}-0`, '+', 'COUNT', count],
      ...(afterId === undefined ? [] : [['HGET', keys.ids, afterId] as const]),
    ];
    return transaction(client, [keys.machine, keys.commits, keys.ids], commands, (replies) => {
      for (const one of replies) if (one instanceof Error) throw one;
      const [record, found, known] = replies;
      const machine = headOf(name, keys.machine, record);
      if (machine === undefined || machine.epoch !== epoch) return gone(machine);
      const knownAt = typeof known === 'string' ? number(known, keys.ids) : undefined;
      const refusal = readRefusal(machine, from, () => knownAt);
      if (refusal !== undefined) return refusal;
      return { status: 'page', entries: decode(found, after, machine.head, keys.commits), head: machine.head };
    });
  }

  return {
    async read(name, epoch, options) {
      const { limit, maxBytes } = pageLimits(options);
      let count = Math.min(limit, counts.get(name) ?? FIRST_COUNT);
      const first = await some(name, epoch, options, count);
      if (first.status !== 'page' || first.entries.length === 0) return first;
      const entries = [...first.entries];
      let bytes = bytesOf(entries);
      learn(name, count, entries, bytes, maxBytes);
      while (entries.length < limit && bytes < maxBytes) {
        const last = entries.at(-1);
        if (last === undefined || last.number >= first.head) break;
        const fitting = Math.ceil(((maxBytes - bytes) * entries.length) / Math.max(1, bytes));
        count = Math.min(limit - entries.length, fitting, count * GROWTH);
        const more = await some(name, epoch, { after: last.number, afterId: last.id }, count);
        // What came before is a page all the same; whoever asks for what follows it hears why there is none.
        if (more.status !== 'page' || more.entries.length === 0) break;
        for (const entry of more.entries) if (entry.number <= first.head) entries.push(entry);
        bytes += bytesOf(more.entries);
      }
      return { status: 'page', entries: takePage(entries, options), head: first.head };
    },
  };
}

const bytesOf = (entries: readonly Entry[]): number => entries.reduce((sum, { text }) => sum + text.length, 0);

function decode(found: unknown, after: number, head: number, key: string): readonly Entry[] {
  const page: Entry[] = [];
  for (const one of Array.isArray(found) ? found : []) {
    const next = after + page.length + 1;
    if (next > head) break;
    const [streamId, fields]: readonly unknown[] = Array.isArray(one) ? one : [];
    if (streamId !== `${next}-0`) throw corrupt(key, `the entry ${next}-0`, shown(streamId));
    const [idName, id, textName, body]: readonly unknown[] = Array.isArray(fields) ? fields : [];
    if (idName !== 'id' || textName !== 'text' || typeof id !== 'string' || typeof body !== 'string') {
      throw corrupt(`${key} ${next}-0`, 'the fields id and text', shown(fields));
    }
    page.push({ number: next, id, text: body });
  }
  if (page.length === 0 && after < head)
    throw corrupt(key, `the entry ${after + 1}-0`, `nothing, although ${head} is the head`);
  return page;
}
