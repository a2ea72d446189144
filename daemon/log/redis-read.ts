/**
 * Pages out of Redis: the machine's record and its commits, read together by plain commands. A script could stop at so
 * many bytes, but Lua would take every text apart: here the number of commits to ask for follows from how large they were.
 */
import { corrupt, otherForm, shown } from './errors.ts';
import type { Entry, MachineHead, ReadOptions, ReadResult } from './log.ts';
import type { RedisClient } from './redis-client.ts';
import { keysOf } from './redis-keys.ts';
import { number } from './redis-reply.ts';
import { type RedisCommand, transaction } from './redis-transaction.ts';
import { gone, pageLimits, readRefusal, takePage } from './rules.ts';

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

  function learn(name: string, asked: number, entries: readonly Entry[], maxBytes: number): void {
    if (entries.length === 0) return;
    const bytes = bytesOf(entries);
    const fitting = Math.max(1, Math.floor((maxBytes * entries.length) / Math.max(1, bytes)));
    counts.delete(name);
    counts.set(name, Math.min(fitting, asked * GROWTH));
    const oldest = counts.size > KNOWN ? counts.keys().next() : undefined;
    if (oldest?.value !== undefined) counts.delete(oldest.value);
  }

  /** Some of a page, and maybe more than all of it. */
  function some(name: string, epoch: string, options: ReadOptions): Promise<ReadResult> {
    const keys = keysOf(name, epoch);
    const { after, afterId } = options;
    const { limit, maxBytes } = pageLimits(options);
    const count = Math.min(limit, counts.get(name) ?? FIRST_COUNT);
    const commands: readonly RedisCommand[] = [
      ['HMGET', keys.machine, 'form', 'epoch', 'first', 'head'],
      ['XRANGE', keys.commits, `(${after}-0`, '+', 'COUNT', count],
      ...(afterId === undefined ? [] : [['HGET', keys.ids, afterId] as const]),
    ];
    return transaction(client, [keys.machine, keys.commits, keys.ids], commands, (replies) => {
      for (const one of replies) if (one instanceof Error) throw one;
      const [record, found, known] = replies;
      const machine = machineOf(name, keys.machine, record);
      if (machine === undefined || machine.epoch !== epoch) return gone(machine);
      const knownAt = typeof known === 'string' ? number(known, keys.ids) : undefined;
      const refusal = readRefusal(machine, options, () => knownAt);
      if (refusal !== undefined) return refusal;
      const entries = decode(found, after, machine.head, keys.commits);
      learn(name, count, entries, maxBytes);
      return { status: 'page', entries, head: machine.head };
    });
  }

  return {
    async read(name, epoch, options) {
      const { limit, maxBytes } = pageLimits(options);
      const first = await some(name, epoch, options);
      if (first.status !== 'page') return first;
      const entries = [...first.entries];
      let bytes = bytesOf(entries);
      while (entries.length < limit && bytes < maxBytes) {
        const last = entries.at(-1);
        if (last === undefined || last.number >= first.head) break;
        const more = await some(name, epoch, { ...options, after: last.number, afterId: last.id });
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

function machineOf(name: string, key: string, record: unknown): MachineHead | undefined {
  const [form, epoch, first, head]: readonly unknown[] = Array.isArray(record) ? record : [];
  if (typeof epoch !== 'string') return undefined;
  if (form !== '1') throw otherForm(key, form);
  return { name, epoch, first: number(first, key), head: number(head, key) };
}

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
