/** Commands that Redis carries out together, with nobody else's in between. */
import { Redis } from 'ioredis';
import { guarded, type RedisClient } from './redis-client.ts';

export type RedisCommand = readonly [name: string, ...args: (string | number)[]];

/**
 * Gives what `answer` makes of the replies, one for each command: what was an error is one there, and does not stop the
 * commands after it. All keys are in one slot. A script has to come with its text: one that the server does not know
 * would be left out.
 */
export async function transaction<T>(
  client: RedisClient,
  keys: readonly string[],
  commands: readonly RedisCommand[],
  answer: (replies: readonly unknown[]) => T,
): Promise<T> {
  return guarded(client, keys, async () =>
    answer(await (client instanceof Redis ? onServer(client, commands) : onCluster(client, commands))),
  );
}

/** Sent in one turn, so that nobody else's commands get in between. Cheaper than a pipeline, which copies it all once. */
async function onServer(server: Redis, commands: readonly RedisCommand[]): Promise<readonly unknown[]> {
  let refused: unknown;
  const queue = ([name, ...args]: RedisCommand): void => {
    server.call(name, ...args).catch((error: unknown) => {
      refused ??= error;
    });
  };
  // One write for all of them.
  server.stream.cork();
  queue(['MULTI']);
  for (const command of commands) queue(command);
  const executed = server.call('EXEC');
  server.stream.uncork();
  try {
    return (await executed) as readonly unknown[];
  } catch (error) {
    // Why a command was not queued says more than that nothing was done.
    throw refused ?? error;
  }
}

async function onCluster(
  cluster: Exclude<RedisClient, Redis>,
  commands: readonly RedisCommand[],
): Promise<readonly unknown[]> {
  const pipeline = cluster.multi();
  for (const [name, ...args] of commands) pipeline.call(name, ...args);
  try {
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, reply]) => error ?? reply);
  } catch (error) {
    throw (error as { previousErrors?: readonly unknown[] }).previousErrors?.[0] ?? error;
  }
}
