/** Settings of Redis under which a log can get lost, in words for the people who run it. docs/operations.md says more. */
import { Redis } from 'ioredis';
import { messageOf } from './errors.ts';
import type { RedisClient } from './redis-client.ts';

/** One line for each dangerous setting, of each master in a cluster; none if all is well. Never throws. */
export async function settingsWarnings(client: RedisClient): Promise<readonly string[]> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  return (await Promise.all(nodes.map(warningsOf))).flat();
}

async function warningsOf(node: Redis): Promise<readonly string[]> {
  const where = `Redis at ${node.options.host}:${node.options.port}`;
  try {
    const facts = factsOf(await node.info());
    // A hosted Redis may keep its settings to itself.
    const [, appendfsync] = (await node.config('GET', 'appendfsync').catch(() => [])) as readonly string[];
    const policy = facts.get('maxmemory_policy') ?? 'noeviction';
    const warnings = [
      policy !== 'noeviction' &&
        `has the maxmemory-policy ${policy}: it throws parts of logs away when memory is short; set noeviction`,
      facts.get('aof_enabled') === '0' &&
        'has appendonly no: it forgets acknowledged commits when it ends; set yes, and appendfsync always or everysec',
      facts.get('aof_enabled') === '1' &&
        appendfsync === 'no' &&
        'has appendfsync no: a power cut takes many seconds of acknowledged commits; set always or everysec',
      facts.get('role') === 'slave' && 'is a replica: it takes no writes; name the primary',
    ];
    return warnings.filter((warning) => warning !== false).map((warning) => `${where} ${warning}`);
  } catch (error) {
    return [`${where} does not tell its settings: ${messageOf(error)}`];
  }
}

/** What INFO says, as `name:value` lines. */
function factsOf(info: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const at = line.indexOf(':');
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1));
  }
  return facts;
}
