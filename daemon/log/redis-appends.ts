/**
 * Appends to Redis. Those to one machine that follow each other and come together go as one transaction, and so do those
 * that come while it is under way, with the next one; nothing waits for a time. Each is decided as if it came alone:
 * append.lua admits a run of commits as a whole or says which ones go alone.
 */
import { corrupt, shown } from './errors.ts';
import { type AppendResult, type EventLog, type NewEntry, PAGE_BYTES, PAGE_ENTRIES } from './log.ts';
import { type RedisClient, script } from './redis-client.ts';
import { keysOf, type MachineKeys } from './redis-keys.ts';
import { gone, number } from './redis-reply.ts';
import { type RedisCommand, transaction } from './redis-transaction.ts';

const APPEND = script('append').text;
const APPEND_END = script('append-end').text;

type Append = {
  readonly expected: number;
  readonly expectedId: string | undefined;
  readonly entry: NewEntry;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
};

/** `run`: how many of those that wait are to go by themselves first; 0 if that is not known. */
type Line = {
  readonly name: string;
  readonly epoch: string;
  readonly keys: MachineKeys;
  waiting: Append[];
  run: number;
  busy: boolean;
};

export function openAppends(client: RedisClient): EventLog['append'] {
  /** Of machines with something to do. */
  const lines = new Map<string, Line>();

  const work = async (line: Line): Promise<void> => {
    while (line.waiting.length > 0) {
      // Whoever has his answer in this turn asks for the next thing in this turn too.
      await new Promise(setImmediate);
      const appends = take(line);
      try {
        settle(line, appends, await append(client, line, appends));
      } catch (error) {
        for (const { reject } of appends) reject(error);
      }
    }
    line.busy = false;
    if (lines.get(line.name) === line) lines.delete(line.name);
  };

  const lineOf = (name: string, epoch: string): Line => {
    const there = lines.get(name);
    if (there?.epoch === epoch) return there;
    const line: Line = { name, epoch, keys: keysOf(name, epoch), waiting: [], run: 0, busy: false };
    lines.set(name, line);
    return line;
  };

  return (name, epoch, expected, entry, expectedId) =>
    new Promise((resolve, reject) => {
      const line = lineOf(name, epoch);
      line.waiting.push({ expected, expectedId, entry, resolve, reject });
      if (line.busy) return;
      line.busy = true;
      void work(line);
    });
}

/** The next ones that follow each other, in the order in which they came: as much as a page holds, at least one. */
function take(line: Line): readonly Append[] {
  const ids = new Set<string>();
  const most = line.run === 0 ? PAGE_ENTRIES : line.run;
  let bytes = 0;
  let before: Append | undefined;
  for (const append of line.waiting) {
    bytes += append.entry.text.length;
    const follows = before === undefined || (follow(before, append) && !ids.has(append.entry.id));
    if (!follows || ids.size >= most || (ids.size > 0 && bytes > PAGE_BYTES)) break;
    ids.add(append.entry.id);
    before = append;
  }
  line.run = 0;
  return line.waiting.splice(0, ids.size);
}

function follow(before: Append, { expected, expectedId }: Append): boolean {
  return expected === before.expected + 1 && (expectedId === undefined || expectedId === before.entry.id);
}

/** Carries out the transaction; gives the answer of append.lua. */
async function append(
  client: RedisClient,
  { keys, epoch }: Line,
  appends: readonly Append[],
): Promise<readonly unknown[]> {
  const all = [keys.machine, keys.commits, keys.ids];
  const [first] = appends;
  if (first === undefined) return [];
  const ids = appends.map(({ entry }) => entry.id);
  const commands: RedisCommand[] = [
    ['EVAL', APPEND, 3, ...all, epoch, first.expected, first.expectedId ?? '', ...ids],
    ...appends.map(
      ({ expected, entry }): RedisCommand => [
        'XADD',
        keys.commits,
        'NOMKSTREAM',
        `${expected + 1}-0`,
        'id',
        entry.id,
        'text',
        entry.text,
      ],
    ),
    ['EVAL', APPEND_END, 2, keys.machine, keys.commits],
  ];
  return transaction(client, all, commands, ([answer, ...added]) => {
    if (answer instanceof Error) throw answer;
    if (!Array.isArray(answer)) throw corrupt(keys.machine, 'an answer of the script', shown(answer));
    const failed = answer[0] === 'admitted' && added.find((one) => one instanceof Error);
    if (failed) throw failed;
    return answer;
  });
}

function settle(line: Line, appends: readonly Append[], [status, ...rest]: readonly unknown[]): void {
  const { keys } = line;
  if (status === 'admitted') {
    for (const { resolve, expected } of appends) resolve({ status: 'appended', number: expected + 1 });
  } else if (status === 'refused') {
    const refusals = Array.isArray(rest[0]) ? rest[0].map((refusal) => refusalOf(refusal, keys)) : [];
    const run = typeof rest[1] === 'number' ? rest[1] : 0;
    if (refusals.length + run === 0) throw corrupt(keys.machine, 'an answer of the script', shown(rest));
    for (const [at, refusal] of refusals.entries()) appends[at]?.resolve(refusal);
    // Those that can go, go by themselves; then the others are asked for again.
    line.waiting.unshift(...appends.slice(refusals.length));
    line.run = run;
  } else {
    const refusal = gone([status, ...rest], keys.machine);
    for (const { resolve } of appends) resolve(refusal);
  }
}

function refusalOf(refusal: unknown, keys: MachineKeys): AppendResult {
  const [status, value] = typeof refusal === 'string' ? refusal.split(' ') : [];
  if (status === 'duplicate') return { status, number: number(value, keys.ids) };
  if (status === 'version-conflict') return { status, head: number(value, keys.machine) };
  throw corrupt(keys.machine, 'an answer of the script', shown(refusal));
}
