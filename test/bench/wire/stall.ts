/**
 * A thousand readers under a steady load, a hundred of which take nothing off their sockets for a minute (STALL_MS for
 * another time): what the nine hundred others notice of it, and what the daemon needs. Latency is from when a batch was due
 * to be appended, to a log on disk, until a reader has it: what is late to begin with counts as late. The figures of each
 * window stand beside those before anybody stalled.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../../../clients/sdk/node.ts';
import type { Commit, Position } from '../../../protocol/commit.ts';
import { longEntries } from '../long-log.ts';
import type { Bench, Row } from '../row.ts';
import type { DaemonQuestion } from './daemon.ts';
import { clock, type Due, type Latency, type ReadersQuestion } from './readers.ts';
import { startRole } from './roles.ts';

const OTHERS = 900;
const SLOW = 100;
const STALL_MS = Number(process.env.STALL_MS ?? 60_000);
/** Milliseconds of the windows before and after. */
const QUIET_MS = 20_000;
/** A batch is due every so many milliseconds. In a minute it is more than the network holds for a reader that stalls. */
const EVERY_MS = 100;
const TOGETHER = 16;
const MACHINE = 'bench';
const MIB = 1 << 20;

interface Window {
  readonly batches: readonly Due[];
  /** The most bytes of memory that the daemon had. */
  readonly memory: number;
  /** Batches whose turn came after the next one was due: with many of them the figures tell of a machine that is busy. */
  readonly late: number;
}

export const stall: Bench = async (note) => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  const server = startRole('wire-daemon');
  const [others, slow] = [startRole('wire-readers'), startRole('wire-readers')];
  const question: DaemonQuestion = { ask: 'start', stores: { dataDir: folder } };
  const { daemon } = await server.ask<{ readonly daemon: string }>(question);
  const url = daemon.replace(/^ws/, 'http').replace(/\/ws$/, '');
  const client = connect(url);
  try {
    const machine = client.machine(MACHINE);
    const entryOf = await longEntries();
    const next = (after: number, count: number): readonly Commit[] =>
      Array.from({ length: count }, (_, i) => JSON.parse(entryOf(after + i + 1).text) as Commit);
    let { position }: { position: Position } = await machine.append(null, next(0, 1));
    let bytes = 0;

    /** Appends batches as they are due until `isOver`. */
    async function load(isOver: () => boolean): Promise<Window> {
      const batches: Due[] = [];
      let memory = 0;
      let late = 0;
      let asked: Promise<void> | undefined;
      const start = clock();
      for (let n = 0; !isOver(); n++) {
        const at = start + n * EVERY_MS;
        const commits = next(position.commit, TOGETHER);
        bytes += commits.reduce((sum, { number }) => sum + entryOf(number).text.length, 0);
        if (at > clock()) await sleep(at - clock());
        if (clock() > at + EVERY_MS) late++;
        ({ position } = await machine.append(position, commits));
        batches.push({ commit: position.commit, at });
        asked ??= server.ask<number>({ ask: 'memory' } satisfies DaemonQuestion).then((now) => {
          memory = Math.max(memory, now);
          asked = undefined;
        });
      }
      await asked;
      return { batches, memory, late };
    }
    const lasting = (ms: number): Promise<Window> => {
      const end = clock() + ms;
      return load(() => clock() >= end);
    };
    const tell = <T = null>(role: typeof others, what: ReadersQuestion): Promise<T> => role.ask<T>(what);

    // What a machine begins with is larger than what comes later: that is over before anybody measures.
    await lasting(1_000);
    const open = { ask: 'open', url, machine: MACHINE, epoch: position.epoch, until: position.commit } as const;
    await Promise.all([tell(others, { ...open, count: OTHERS }), tell(slow, { ...open, count: SLOW })]);
    await lasting(QUIET_MS / 4);
    const before = await lasting(QUIET_MS);

    await tell(slow, { ask: 'pause' });
    bytes = 0;
    const stalledAt = position.commit;
    const during = await lasting(STALL_MS);
    const behind = await tell<number>(slow, { ask: 'behind', commit: position.commit });
    note(
      `${behind} of ${SLOW} are behind after ${position.commit - stalledAt} commits, ${Math.round(bytes / MIB)} MiB for each`,
    );
    if (behind < SLOW) throw new Error('they are not: what was sent is within what the network holds');

    // It goes on while they catch up, to where the log was when they began to read again and to where it is then.
    await tell(slow, { ask: 'resume' });
    const resumed = clock();
    let caughtUp = Number.POSITIVE_INFINITY;
    const reached = tell(slow, { ask: 'reach', commit: position.commit }).then(() => {
      caughtUp = clock();
    });
    const catching = await load(() => caughtUp < clock());
    await reached;
    const after = await lasting(QUIET_MS);
    await Promise.all([others, slow].map((role) => tell(role, { ask: 'reach', commit: position.commit })));
    note(`all ${OTHERS + SLOW} readers have all ${position.commit} commits, in order, once`);
    note(`those who had stalled were there again after ${Math.round(caughtUp - resumed)} ms`);

    const rows: Row[] = [];
    let first: { readonly latency: Latency; readonly memory: number } | undefined;
    for (const [name, { batches, memory, late }] of Object.entries({
      before,
      stalled: during,
      'catching up': catching,
      after,
    })) {
      const latency = await tell<Latency>(others, { ask: 'latency', batches });
      note(
        `${name}: ${latency.samples} samples, the longest ${latency.most.toFixed(1)} ms, ${late} of ${batches.length} batches late`,
      );
      rows.push(
        row(`p50 ${name}`, latency.p50, 'ms', first?.latency.p50),
        row(`p99 ${name}`, latency.p99, 'ms', first?.latency.p99),
        row(`memory ${name}`, memory / MIB, 'MiB', first && first.memory / MIB),
      );
      first ??= { latency, memory };
    }
    return rows;
  } finally {
    client.close();
    await Promise.all([others.end(), slow.end(), server.end()]);
    rmSync(folder, { recursive: true, force: true });
  }
};

/** `before`: the same before anybody stalled. */
function row(metric: string, value: number, unit: string, before: number | undefined): Row {
  return {
    bench: 'stall',
    metric,
    value,
    unit,
    raw: before ?? null,
    ratio: before === undefined ? null : before / value,
  };
}
