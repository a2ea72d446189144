/** Answers of the scripts in redis/, taken apart; and the registry of machines, which lives in another slot than theirs. */
import { corrupt, isNumber, otherForm, shown } from './errors.ts';
import type { Gone, MachineHead } from './log.ts';
import { guarded, type RedisClient } from './redis-client.ts';
import { FORM, REGISTRY } from './redis-keys.ts';

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

/** What `headOf` reads of a machine's record. */
export const HEAD_FIELDS = ['form', 'epoch', 'first', 'head'] as const;

/** The head of a machine out of these fields; undefined where there is none. @throws StoreError for another form */
export function headOf(name: string, key: string, fields: unknown): MachineHead | undefined {
  const [form, epoch, first, head]: readonly unknown[] = Array.isArray(fields) ? fields : [];
  if (epoch === null || epoch === undefined) return undefined;
  if (form !== '1') throw otherForm(key, form);
  return { name, epoch: text(epoch, key), first: number(first, key), head: number(head, key) };
}

/** Before a machine is made, and after it once more, so that the registry never misses one. */
export async function register(client: RedisClient, name: string, epoch: string): Promise<void> {
  await guarded(client, [REGISTRY, FORM], () =>
    Promise.all([client.set(FORM, '1', 'NX'), client.hset(REGISTRY, name, epoch)]),
  );
}

/** @throws StoreError `store-newer` when all this is of another form. What has none is new, or of before there was one. */
export async function checkForm(client: RedisClient): Promise<void> {
  const form = await guarded(client, [FORM], () => client.get(FORM));
  if (form !== null && form !== '1') throw otherForm(FORM, form);
}
