/**
 * The page in a real Chromium: while modules are loaded, while somebody drags through a long log, while it opens, and after
 * replays without end. Frames are those of requestAnimationFrame, work is CPU time of threads; beside each figure stands that
 * of an empty page in the same run, under the same load. PAGE_PARTS names parts, with commas between them; all unless told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../../clients/sdk/node.ts';
import { DEMO_MACHINE, DEMO_SESSION } from '../../../daemon/pipelines/demo.ts';
import { type DaemonProcess, startProcess } from '../../e2e/daemon-process.ts';
import type { Bench, Row } from '../row.ts';
import { type Chromium, openChromium } from './chromium.ts';
import { drag } from './drag.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { paint } from './paint.ts';

type Part = (chromium: Chromium, url: string, note: (text: string) => void) => Promise<readonly Row[]>;

const PARTS: Readonly<Record<string, Part>> = {
  load,
  drag,
  paint: async (chromium, url) => withDemo((demo) => paint(chromium, demo, url)),
  memory: async (chromium, _, note) => withDemo((demo) => memory(chromium, demo, note)),
};

export const page: Bench = async (note) => {
  const rows: Row[] = [];
  const chromium = await openChromium();
  try {
    for (const name of process.env.PAGE_PARTS?.split(',') ?? Object.keys(PARTS)) {
      const part = PARTS[name];
      if (part === undefined) throw new Error(`no part ${name}; there are: ${Object.keys(PARTS).join(', ')}`);
      note(name);
      rows.push(...(await withDaemon(({ url }) => part(chromium, url, note))));
    }
  } finally {
    await chromium.close();
  }
  return rows;
};

async function withDaemon<T>(work: (daemon: DaemonProcess) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-bench-'));
  const daemon = await startProcess(['--data', folder]);
  try {
    return await work(daemon);
  } finally {
    daemon.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With the demo, whole. */
function withDemo<T>(work: (url: string) => Promise<T>): Promise<T> {
  return withDaemon(async ({ url }) => {
    const client = connect(url);
    await client.importSession(DEMO_MACHINE, await readFile(DEMO_SESSION));
    client.close();
    return work(url);
  });
}
