/** The log in Redis Streams, shared by any number of daemons. redis-keys.ts says what is stored how, redis/*.lua decide what is written. */
import { Bell } from './bell.ts';
import { asDamaged, listOf } from './damage.ts';
import { corrupt, shown } from './errors.ts';
import type { EventLog, MachineHead } from './log.ts';
import { openAppends } from './redis-appends.ts';
import { connectAgain, guarded, type RedisClient, run, runForBytes, script } from './redis-client.ts';
import { CHECKS, keysOf, machineKey, REGISTRY } from './redis-keys.ts';
import { openReads } from './redis-read.ts';
import { gone, HEAD_FIELDS, headOf, number, register, reply, text } from './redis-reply.ts';
import { stageInRedis } from './redis-staging.ts';
import { openWaker } from './redis-waker.ts';
import { eventLog } from './store.ts';

const SCRIPTS = {
  create: script('create'),
  find: script('find'),
  remove: script('remove'),
  putSnapshot: script('put-snapshot'),
  latestSnapshot: script('latest-snapshot'),
  trim: script('trim'),
  forget: script('forget'),
};

/** Commits deleted by one call of trim.lua: Redis does nothing else meanwhile. */
const TRIM_SLICE = 100;
/** How long trial writes stay. */
const CHECK_MS = 60_000;

/** `client` stays the caller's. */
export function openRedisLog(client: RedisClient): EventLog {
  const bell = new Bell();
  const reads = openReads(client);
  const waker = openWaker(() => connectAgain(client), bell);

  return eventLog({
    listen: (name) => bell.listen(name, waker.watch(name)),

    async create(name, epoch, first) {
      const keys = keysOf(name, epoch);
      await register(client, name, epoch);
      const all = [keys.machine, keys.commits, keys.ids, keys.snapshots, keys.snapshotNumbers];
      const [status, theirs, head] = await reply(
        run(client, SCRIPTS.create, all, [epoch, first.id, first.text]),
        keys.machine,
      );
      if (status === 'created') {
        // Somebody may have made a machine of that name and removed it, and its name with it, since.
        await register(client, name, epoch);
        return { status, epoch, number: 1 };
      }
      if (status === 'duplicate') return { status, epoch: text(theirs, keys.machine), number: 1 };
      return { status: 'machine-exists', epoch: text(theirs, keys.machine), head: number(head, keys.machine) };
    },

    stage: (name, epoch) => stageInRedis(client, name, epoch),

    async remove(name, epoch) {
      const keys = keysOf(name, epoch);
      const all = [keys.machine, keys.commits, keys.ids, keys.snapshots, keys.snapshotNumbers];
      const answer = await reply(run(client, SCRIPTS.remove, all, [epoch]), keys.machine);
      if (answer[0] !== 'removed') return gone(answer, keys.machine);
      // It is gone already: a name that stays in the registry does no harm.
      await run(client, SCRIPTS.forget, [REGISTRY], [name, epoch]).catch(() => undefined);
      return { status: 'removed' };
    },

    async list() {
      const names = await guarded(client, [REGISTRY], () => client.hkeys(REGISTRY));
      return listOf(
        await Promise.all(names.map((name) => readHead(client, name).catch((error) => asDamaged(name, error)))),
      );
    },

    count: () => guarded(client, [REGISTRY], () => client.hlen(REGISTRY)),

    head: (name) => readHead(client, name),

    append: openAppends(client),

    async find(name, epoch, id) {
      const keys = keysOf(name, epoch);
      const answer = await reply(run(client, SCRIPTS.find, [keys.machine, keys.ids], [epoch, id]), keys.ids);
      return answer[0] === undefined ? undefined : number(answer[0], keys.ids);
    },

    read: reads.read,

    async putSnapshot(name, epoch, at, bytes) {
      const keys = keysOf(name, epoch);
      const args = [epoch, at, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)];
      const all = [keys.machine, keys.snapshots, keys.snapshotNumbers];
      const answer = await reply(run(client, SCRIPTS.putSnapshot, all, args), keys.machine);
      if (answer[0] === 'stored') return { status: 'stored' };
      if (answer[0] === 'beyond-head') return { status: 'beyond-head', head: number(answer[1], keys.machine) };
      return gone(answer, keys.machine);
    },

    async latestSnapshot(name, epoch, atOrBefore) {
      const keys = keysOf(name, epoch);
      const all = [keys.machine, keys.snapshots, keys.snapshotNumbers];
      const answer = await reply(runForBytes(client, SCRIPTS.latestSnapshot, all, [epoch, atOrBefore]), keys.snapshots);
      const [at, bytes] = answer;
      if (at === undefined) return undefined;
      const found = number(String(at), keys.snapshotNumbers);
      if (!(bytes instanceof Uint8Array)) throw corrupt(`${keys.snapshots} ${found}`, 'bytes', shown(bytes));
      return { number: found, bytes };
    },

    async snapshots(name, epoch) {
      const { snapshotNumbers } = keysOf(name, epoch);
      const found = await guarded(client, [snapshotNumbers], () => client.zrange(snapshotNumbers, 0, -1));
      return found.map((one) => number(one, snapshotNumbers));
    },

    async trim(name, epoch, upTo) {
      const keys = keysOf(name, epoch);
      const all = [keys.machine, keys.commits, keys.ids, keys.snapshots, keys.snapshotNumbers];
      for (;;) {
        const answer = await reply(run(client, SCRIPTS.trim, all, [epoch, upTo, TRIM_SLICE]), keys.machine);
        if (answer[0] !== 'trimmed') return gone(answer, keys.machine);
        if (answer[2] !== 1) return { status: 'trimmed', first: number(answer[1], keys.machine) };
      }
    },

    async check() {
      await guarded(client, CHECKS, () => Promise.all(CHECKS.map((key) => client.set(key, '', 'PX', CHECK_MS))));
    },

    async close() {
      waker.close();
      bell.ringAll();
    },
  });
}

async function readHead(client: RedisClient, name: string): Promise<MachineHead | undefined> {
  const key = machineKey(name);
  return headOf(name, key, await guarded(client, [key], () => client.hmget(key, ...HEAD_FIELDS)));
}
