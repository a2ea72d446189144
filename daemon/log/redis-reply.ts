/** Answers of the scripts in redis/, taken apart; and the registry of machines, which lives in another slot than theirs. */
import { corrupt, isNumber, shown } from './errors.ts';
import type { Gone } from './log.ts';
import { guarded, type RedisClient } from './redis-client.ts';
import { REGISTRY } from './redis-keys.ts';

export async function reply(answer: Promise<unknown>, key: string): Promise<readonly unknown[]> {
  const found = await answer;
  if (!Array.isArray(found)) throw corrupt(key, 'an answer of the script', shown(found));
  return found;
}

export function gone([status, epoch]: readonly unknown[], key: string): Gone {
  if (status === 'no-such-machine') return { status };
  if (status === 'epoch-changed') return { status, epoch: text(epoch, key) };
  throw corrupt(key, 'an answer of the script', shown(status));
}

export function text(value: unknown, key: string): string {
  if (typeof value !== 'string') throw corrupt(key, 'text', shown(value));
  return value;
}

export function number(value: unknown, key: string): number {
  const found = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!isNumber(found, 0)) throw corrupt(key, 'the number of a commit', shown(value));
  return found;
}

/** Before a machine is made, so that the registry never misses one. */
export async function register(client: RedisClient, name: string, epoch: string): Promise<void> {
  await guarded(client, [REGISTRY], () => client.hset(REGISTRY, name, epoch));
}
