/**
 * Appends to Redis. Those to one machine that come together go as one call of append.lua, which decides each of them as
 * if it came alone: so they share the cost of a call. What comes while calls are under way goes with the next one; nothing
 * waits for a time.
 */
import { corrupt, shown } from './errors.ts';
import { type AppendResult, type EventLog, type NewEntry, PAGE_BYTES, PAGE_ENTRIES } from './log.ts';
import { type RedisClient, run, script } from './redis-client.ts';
import { keysOf, type MachineKeys } from './redis-keys.ts';
import { gone, number, reply } from './redis-reply.ts';

const APPEND = script('append');

/** Calls under way for one machine: the next one is on its way while Redis is at the one before. */
const CALLS = 2;

type Append = {
  readonly expected: number;
  readonly expectedId: string | undefined;
  readonly entry: NewEntry;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
};

type Line = {
  readonly keys: MachineKeys;
  readonly epoch: string;
  waiting: Append[];
  calls: number;
  scheduled: boolean;
};

export function openAppends(client: RedisClient): EventLog['append'] {
  /** Those with something to do, by the key of the stream. */
  const lines = new Map<string, Line>();

  /** Runs when everybody who had his answer at this turn has asked for the next thing. */
  const schedule = (line: Line): void => {
    if (line.scheduled) return;
    line.scheduled = true;
    setImmediate(() => {
      line.scheduled = false;
      while (line.waiting.length > 0 && line.calls < CALLS) void send(line);
      if (line.waiting.length === 0 && line.calls === 0) lines.delete(line.keys.commits);
    });
  };

  const send = async (line: Line): Promise<void> => {
    const appends = take(line);
    line.calls++;
    try {
      const results = await call(client, line, appends);
      for (const [at, { resolve }] of appends.entries()) resolve(results[at] as AppendResult);
    } catch (error) {
      for (const { reject } of appends) reject(error);
    } finally {
      line.calls--;
      schedule(line);
    }
  };

  return (name, epoch, expected, entry, expectedId) =>
    new Promise((resolve, reject) => {
      const keys = keysOf(name, epoch);
      const line = lines.get(keys.commits) ?? { keys, epoch, waiting: [], calls: 0, scheduled: false };
      lines.set(keys.commits, line);
      line.waiting.push({ expected, expectedId, entry, resolve, reject });
      schedule(line);
    });
}

/** The next ones for one call, in the order in which they came: as much as a page holds, at least one. */
function take(line: Line): readonly Append[] {
  let count = 0;
  let bytes = 0;
  for (const { entry } of line.waiting) {
    bytes += Buffer.byteLength(entry.text);
    if (count >= PAGE_ENTRIES || (count > 0 && bytes > PAGE_BYTES)) break;
    count++;
  }
  const taken = line.waiting.slice(0, count);
  line.waiting = line.waiting.slice(count);
  return taken;
}

/** Their results, one each. */
async function call(
  client: RedisClient,
  { keys, epoch }: Line,
  appends: readonly Append[],
): Promise<readonly AppendResult[]> {
  const args: (string | number)[] = [epoch];
  for (const { expected, expectedId, entry } of appends) args.push(expected, expectedId ?? '', entry.id, entry.text);
  const answer = await reply(run(client, APPEND, [keys.machine, keys.commits, keys.ids], args), keys.machine);
  if (answer[0] !== 'decided') {
    const refusal = gone(answer, keys.machine);
    return appends.map(() => refusal);
  }
  const results = Array.isArray(answer[1]) ? (answer[1] as readonly unknown[]) : [];
  return appends.map(({ expected }, at) => resultOf(results[at], expected, keys));
}

function resultOf(result: unknown, expected: number, keys: MachineKeys): AppendResult {
  if (result === 'appended') return { status: 'appended', number: expected + 1 };
  const [status, value] = typeof result === 'string' ? result.split(' ') : [];
  if (status === 'duplicate') return { status, number: number(value, keys.ids) };
  if (status === 'version-conflict') return { status, head: number(value, keys.machine) };
  throw corrupt(keys.machine, 'an answer of the script', shown(result));
}
