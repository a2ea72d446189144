/**
 * A machine in the making in Redis: the stream and the ids of an epoch that no machine has yet. They expire when nothing
 * is added for a while, and stop to do so in the moment in which publish.lua makes the machine.
 */
import { corrupt, StoreError, shown } from './errors.ts';
import { type RedisClient, run, script } from './redis-client.ts';
import { keysOf } from './redis-keys.ts';
import { number, register, reply, text } from './redis-reply.ts';
import { type RawStaging, stagedTwice } from './staging.ts';

const SCRIPTS = { stage: script('stage'), publish: script('publish'), discard: script('discard') };

/** How long staged commits stay when nothing is added to them. */
export const STAGED_SECONDS = 600;

export function stageInRedis(client: RedisClient, name: string, epoch: string): RawStaging {
  const keys = keysOf(name, epoch);
  const all = [keys.machine, keys.commits, keys.ids];

  const lost = (found: unknown): StoreError =>
    new StoreError('store-unavailable', `${keys.commits}: staged commits are gone, found ${shown(found)} of them`);

  return {
    async append(from, entries) {
      const args = [from, STAGED_SECONDS, ...entries.flatMap(({ id, text: body }) => [id, body])];
      const [status, what] = await reply(run(client, SCRIPTS.stage, all.slice(1), args), keys.commits);
      if (status === 'known') throw stagedTwice(text(what, keys.ids));
      if (status === 'lost') throw lost(what);
      if (status !== 'staged') throw corrupt(keys.commits, 'an answer of the script', shown(status));
    },

    async publish(count, firstId) {
      await register(client, name, epoch);
      const [status, what, head] = await reply(
        run(client, SCRIPTS.publish, all, [epoch, count, firstId]),
        keys.machine,
      );
      if (status === 'created') {
        // As after create.lua.
        await register(client, name, epoch);
        return { created: true, epoch, head: count };
      }
      if (status === 'lost') throw lost(what);
      return { created: false, epoch: text(what, keys.machine), head: number(head, keys.machine) };
    },

    async discard() {
      // What stays because this fails expires.
      await run(client, SCRIPTS.discard, all, [epoch]).catch(() => undefined);
    },
  };
}
