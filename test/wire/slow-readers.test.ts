/** A thousand readers, a hundred of which stop to read under load: the others go on, memory stays flat, nobody misses a commit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../clients/sdk/node.ts';
import { PAGES_BYTES, SOCKETS_HIGH } from '../../daemon/limits.ts';
import type { Commit, Position } from '../../protocol/commit.ts';
import { longEntries } from '../bench/long-log.ts';
import { type DaemonProcess, startProcess } from '../e2e/daemon-process.ts';
import { noProc, ownMemory } from './memory.ts';
import { openReader, type Reader } from './reader.ts';

const READERS = 1_000;
const SLOW = 100;
/** Milliseconds that the slow ones do not read; SLOW_READERS_MS=60000 for the long form. */
const STALL_MS = Number(process.env.SLOW_READERS_MS ?? 10_000);
/** Bytes of commits that go out meanwhile at least: more than the network holds for a reader that takes nothing off. */
const LEAST_BYTES = 3 << 20;
/** Subscriptions of each slow one, which all get everything. */
const TIMES = 4;
const TOGETHER = 64;
const MACHINE = 'busy';
const MIB = 1 << 20;

describe.skipIf(noProc !== undefined)(`slow readers${noProc === undefined ? '' : `, ${noProc}`}`, () => {
  let folder = '';
  let daemon: DaemonProcess | undefined;
  let client: Client | undefined;
  let readers: Reader[] = [];
  afterEach(async () => {
    for (const reader of readers) reader.close();
    client?.close();
    await daemon?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('SUB-4, SUB-16, LIM-7: a hundred of a thousand readers stop reading: the others are not held up, memory is bounded, no hole', {
    timeout: 300_000 + 10 * STALL_MS,
  }, async () => {
    folder = mkdtempSync(join(tmpdir(), 'veneerd-slow-'));
    daemon = await startProcess(['--data', folder]);
    const { url, child } = daemon;
    client = connect(url);
    const machine = client.machine(MACHINE);
    const entryOf = await longEntries();
    let bytes = 0;
    const next = (after: number, count: number): readonly Commit[] =>
      Array.from({ length: count }, (_, i) => {
        const { text } = entryOf(after + i + 1);
        bytes += text.length;
        return JSON.parse(text) as Commit;
      });
    let { position }: { position: Position } = await machine.append(null, next(0, 1));
    const write = async (): Promise<void> => {
      ({ position } = await machine.append(position, next(position.commit, TOGETHER)));
    };
    const reached = (some: readonly Reader[]): Promise<unknown> =>
      Promise.all(some.map((reader) => reader.reach(position.commit)));

    const { epoch } = position;
    const idle = ownMemory(child.pid);
    // Those that will be slow have frames of their own: what waits for one of them waits for nobody else.
    const subscriptions = (i: number): number[] => Array.from({ length: TIMES }, (_, n) => 2 + i * TIMES + n);
    readers = Array.from({ length: READERS }, (_, i) =>
      openReader(url, MACHINE, epoch, i < SLOW ? subscriptions(i) : [1]),
    );
    const slow = readers.slice(0, SLOW);
    const others = readers.slice(SLOW);
    await write();
    await reached(readers);

    const stalledAt = position.commit;
    for (const reader of slow) reader.pause();
    const end = performance.now() + STALL_MS;
    let most = ownMemory(child.pid);
    bytes = 0;
    // What is written next waits until all others have what was written before: were they held up, this would not end.
    while (performance.now() < end || bytes < LEAST_BYTES) {
      await write();
      await reached(others);
      most = Math.max(most, ownMemory(child.pid));
    }
    const behind = slow.filter((reader) => reader.at() < position.commit).length;
    const told = `${behind} behind, ${position.commit - stalledAt} commits of ${Math.round(bytes / MIB)} MiB, `;
    console.log(`slow readers: ${told}memory ${Math.round(idle / MIB)} to ${Math.round(most / MIB)} MiB`);
    expect(behind).toBe(SLOW);
    expect(most - idle).toBeLessThan(ALLOWED);

    for (const reader of slow) reader.resume();
    await write();
    await reached(readers);
    expect(readers.map((reader) => reader.at())).toEqual(readers.map(() => position.commit));
  });
});

/** What the limits let wait in all, the pages that are kept, the connections themselves, and what is not collected yet. */
const ALLOWED = SOCKETS_HIGH + PAGES_BYTES + READERS * (64 << 10) + 128 * MIB;
