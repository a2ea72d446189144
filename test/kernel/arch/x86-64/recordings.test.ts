/** Whole recorded sessions under each flavour, executed. That they come out as recorded is test/truth's to say. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runScenario } from '../../../../daemon/headless/run.ts';
import { hasTruth, modulesOf, recordings } from '../../../support/truth.ts';
import { hasUnicorn, type Image } from '../../../support/unicorn.ts';
import { execute } from './unicorn.ts';

const FLAVOURS = ['inline', 'inline-poison', 'out-of-line'] as const;

describe.runIf(hasTruth('x86-64 sessions on an independent CPU') && hasUnicorn)('recorded sessions', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'veneerd-x86-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const small = recordings().filter(({ name }) => name === 'x86-static-call-small');
  for (const recording of small) {
    it.each(FLAVOURS)('X86-38: %s, every call of the last image arrives', { timeout: 120_000 }, async (flavour) => {
      const given = JSON.parse(await readFile(recording.scenario, 'utf8'));
      const scenario = join(folder, `${flavour}.json`);
      const image = join(folder, `${flavour}.image.json`);
      await writeFile(scenario, JSON.stringify({ ...given, machine: { ...given.machine, staticCall: flavour } }));
      await runScenario({ scenario, modules: await modulesOf(recording), image });
      const { segments, calls }: Image = JSON.parse(await readFile(image, 'utf8'));
      expect(calls.length).toBeGreaterThan(4000);
      const { returnThunk, symbols } = given.machine;
      expect(execute([{ segments, calls }], [returnThunk.address, symbols.__static_call_return])).toEqual([]);
    });
  }
});
