/** The recorded arm64 sessions under every flavour and placement, executed with the recordings' own script. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../../daemon/headless/run.ts';
import { hasTruth, modulesOf, recordings, TRUTH } from '../../support/truth.ts';
import { hasUnicorn, PYTHON } from '../../support/unicorn.ts';

type Step = { readonly op: string; readonly module?: string; readonly name?: string; readonly fallbackAt?: unknown };
type Scenario = { readonly machine: object; readonly steps: readonly Step[] };

/** Without what fills the direct window. */
function unfilled({ steps, ...rest }: Scenario): Scenario {
  const kept = steps.filter(({ module = '', name = '' }) => !/fill/.test(module + name));
  return { ...rest, steps: kept.map(({ fallbackAt: _, ...step }) => step) };
}

const PLACEMENTS: readonly [string, (given: Scenario) => Scenario][] = [
  ['as recorded', (given) => given],
  ['near', unfilled],
  [
    'beyond 128 MB',
    (given) => {
      const { machine, steps } = unfilled(given);
      const fallback = { start: '0xffff800020000000', end: '0xffff800080d00000' };
      return { ...given, machine: { ...machine, moduleRegion: { direct: null, fallback } }, steps };
    },
  ],
];

describe.runIf(hasTruth('arm64 static calls on an independent CPU') && hasUnicorn)('recorded sessions', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-static-call-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  for (const recording of recordings().filter(({ name }) => name.startsWith('arm64-static-call-'))) {
    it.each(PLACEMENTS)(
      `SC-22: ${recording.name}, modules %s, every call arrives`,
      { timeout: 300_000 },
      async (_, change) => {
        const scenario = join(folder, 'scenario.json');
        const image = join(folder, 'image.json');
        const given: Scenario = JSON.parse(await readFile(recording.scenario, 'utf8'));
        await writeFile(scenario, JSON.stringify(change(given)));
        await runScenario({ scenario, modules: await modulesOf(recording), image });
        const said = execFileSync(PYTHON, [join(TRUTH, 'execute.py'), image], { encoding: 'utf8' });
        const [, arrived, all] = /arrive where they must: (\d+)\/(\d+)/.exec(said) ?? [];
        expect(arrived).toBe(all);
        expect(Number(all)).toBeGreaterThan(30_000);
      },
    );
  }
});
