import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../daemon/headless/run.ts';
import { hasTruth, modulesOf, recordings, TRUTH } from '../support/truth.ts';

const run = promisify(execFile);

/** Prints what check.mjs prints; its exit code says whether every category is whole. */
async function check(...args: readonly string[]): Promise<{ readonly whole: boolean; readonly text: string }> {
  try {
    const { stdout } = await run(process.execPath, [join(TRUTH, 'check.mjs'), ...args]);
    return { whole: true, text: stdout };
  } catch (error) {
    return { whole: false, text: String((error as { stdout?: string }).stdout ?? error) };
  }
}

describe.runIf(hasTruth('what real kernels did'))('what real kernels did', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-truth-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  for (const recording of recordings('expected.json.gz')) {
    it(`TRUTH-1: ${recording.name} comes out as recorded, to the last byte`, { timeout: 300_000 }, async () => {
      const report = join(folder, `${recording.name}.json`);
      const dump = join(folder, recording.name);
      await runScenario({ scenario: recording.scenario, modules: await modulesOf(recording), report, dump });
      const { whole, text } = await check(join(TRUTH, recording.name), report, dump);
      expect(whole, text).toBe(true);
    });
  }
});
