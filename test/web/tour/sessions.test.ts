import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { STOPS } from '../../../clients/web/tour/stops.ts';
import { MODULES, makeTour } from '../../../sessions/make-tour.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { readText } from '../../sessions/make.ts';
import { commitsIn, sessionFile } from './tour.ts';

const LARGEST = 100_000;

async function shippedNames(): Promise<readonly string[]> {
  return (await readdir(sessionFile('.'))).filter((name) => name.startsWith('tour-')).sort();
}

/** The lines of a session. Which program wrote it says nothing about the kernel. */
async function linesOf(file: string): Promise<readonly string[]> {
  const [header = '', ...rest] = (await readText(file)).split('\n');
  const { by, ...kept } = JSON.parse(header);
  expect(by).toMatch(/^veneerd /);
  return [JSON.stringify(kept), ...rest];
}

it("PAGE-121: made again, the tour's sessions are those that ship, and they are small", async () => {
  const shipped = await shippedNames();
  const folder = await mkdtemp(join(tmpdir(), 'veneerd-tour-'));
  try {
    await makeTour(folder);
    expect((await readdir(folder)).sort()).toEqual(shipped);
    for (const name of shipped) {
      expect(await linesOf(join(folder, name))).toEqual(await linesOf(sessionFile(name)));
      expect((await stat(sessionFile(name))).size).toBeLessThan(LARGEST);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('PAGE-121: every session of the tour is one that a stop shows', async () => {
  const wanted = new Set(STOPS.map(({ session }) => session).filter((name) => name.startsWith('tour-')));
  expect(await shippedNames()).toEqual([...wanted].sort());
});

it('PAGE-125: the modules that the sessions load ship with them, as they are', async () => {
  expect((await readdir(sessionFile('modules'))).sort()).toEqual([...MODULES]);
  for (const name of MODULES) {
    expect(new Uint8Array(await readFile(sessionFile(`modules/${name}`)))).toEqual(fixture(name));
  }
  const loaded = new Set<string>();
  for (const name of await shippedNames()) {
    for (const { command } of await commitsIn(name)) if (command.type === 'load') loaded.add(command.file ?? '');
  }
  expect([...loaded].sort()).toEqual([...MODULES]);
});
