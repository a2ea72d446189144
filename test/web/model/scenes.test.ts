/** Scenes that are kept up commit by commit, held against scenes that are made of the view at once, and against the protocol. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSession } from '../../../clients/cli/session-file.ts';
import { openPicture, type Picture } from '../../../clients/web/model/picture.ts';
import { applyUpdate, type Scene } from '../../../clients/web/model/scene.ts';
import { fromHex } from '../../../protocol/address.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { Event } from '../../../protocol/events/index.ts';
import { viewJson } from '../../../protocol/view/json.ts';
import { CLASSES, callClasses, classesOf } from '../../../protocol/view/static-call.ts';
import type { View } from '../../../protocol/view/types.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { batchesOfEvents } from '../../protocol/view/batches.ts';

const open = (): Picture => openPicture('machine', { jump: () => {}, fold: () => {} });

/** Rows as people would compare them: names for numbers, in an order that does not depend on what came when. */
function told({ areas, sites, veneers, names, keys, summary }: Scene) {
  const rows = (table: { readonly address: Float64Array }, more: (i: number) => readonly unknown[]) =>
    [...table.address].map((address, i) => [address, ...more(i)]);
  return {
    areas: rows(areas, (i) => [
      areas.size[i],
      areas.guard[i],
      areas.kind[i],
      areas.part[i],
      names[areas.module[i] ?? -1],
    ]),
    sites: rows(sites, (i) => [
      sites.target[i],
      CLASSES[sites.class[i] ?? -1],
      keys[sites.key[i] ?? -1]?.name,
      names[sites.module[i] ?? -1],
    ]),
    veneers: rows(veneers, (i) => [veneers.target[i], veneers.site[i], names[veneers.module[i] ?? -1]])
      .map(String)
      .sort(),
    keys,
    summary,
  };
}

/** The same, all made anew. */
function anew(view: View): Scene {
  const picture = open();
  picture.show({ epoch: '', commit: view.commit }, view);
  return applyUpdate(null, picture.take().update);
}

function checkKept(scene: Scene, view: View): void {
  expect(told(scene)).toEqual(told(anew(view)));
  for (const { address } of [scene.areas, scene.sites, scene.veneers]) expect(address).toEqual(address.toSorted());
  expect(scene.areas.address.length).toBe(view.areas.size);
}

function check(scene: Scene, view: View): void {
  checkKept(scene, view);
  const json = viewJson(view);
  const fills = windowMaps(json).map(({ spans, ...fill }) => ({
    ...fill,
    holes: spans.filter(({ kind }) => kind === 'hole').length,
  }));
  expect(scene.summary.windows).toEqual(fills);
  const classes = callClasses(json.staticCalls);
  expect(scene.summary.sites).toEqual(CLASSES.map((name) => classes[name]));
  for (const key of json.staticCalls.keys) {
    const of = classesOf(key);
    expect(scene.keys.find(({ name }) => name === key.name)?.classes).toEqual(CLASSES.map((name) => of[name]));
  }
  for (const { site, key } of view.staticCalls.sites.values()) {
    const i = scene.sites.address.indexOf(fromHex(site.address));
    expect(scene.keys[scene.sites.key[i] ?? -1]?.name).toBe(key);
  }
}

/** Takes a scene after each of these many commits, over and over, and checks it. */
function follow(commits: readonly Commit[], cuts: readonly number[], checked = check): void {
  const picture = open();
  let scene: Scene | null = null;
  let left = 0;
  let turn = 0;
  for (const commit of commits) {
    picture.fold(commit);
    if (left-- > 0 && commit !== commits.at(-1)) continue;
    left = cuts[turn++ % cuts.length] ?? 0;
    scene = applyUpdate(scene, structuredClone(picture.take().update));
    checked(scene, picture.view);
  }
}

const commitsOf = (batches: readonly (readonly Event[])[]): readonly Commit[] =>
  batches.map((events, i) => ({
    v: 1,
    number: i + 1,
    time: 1000 * i,
    id: `c${i}`,
    command: { type: 'unload', module: 'm' },
    events: [...events],
  }));

async function session(name: string): Promise<readonly Commit[]> {
  const commits: Commit[] = [];
  const file = fileURLToPath(new URL(`../../../sessions/${name}.veneer.jsonl.gz`, import.meta.url));
  for await (const item of readSession(file)) if (item.kind === 'commit') commits.push(item.commit);
  return commits;
}

const cuts = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 8 });

describe('scenes', () => {
  it('PAGE-150: are those of the view, whatever happens and whenever they are taken', () => {
    fc.assert(
      fc.property(batchesOfEvents, cuts, (batches, when) => follow(commitsOf(batches), when)),
      { numRuns: 100 },
    );
  });

  // Amid a commit, sites whose nodes have left a list are counted by nobody.
  it('PAGE-150: also where every event is a commit of its own', () => {
    fc.assert(
      fc.property(batchesOfEvents, cuts, (batches, when) =>
        follow(commitsOf(batches.flat().map((event) => [event])), when, checkKept),
      ),
      { numRuns: 50 },
    );
  });

  it('PAGE-150: also in the sessions that ship with the program', async () => {
    for (const name of ['tour-near', 'tour-far', 'tour-poisoned', 'tour-lost', 'tour-outside']) {
      follow(await session(name), [0]);
    }
    follow(await session('demo'), [150, 0, 3, 40, 0]);
  });

  it('PAGE-150: also after a jump in time', async () => {
    const commits = await session('demo');
    const picture = open();
    for (const commit of commits.slice(0, 300)) picture.fold(commit);
    let scene = applyUpdate(null, structuredClone(picture.take().update));
    const earlier = open();
    for (const commit of commits.slice(0, 40)) earlier.fold(commit);
    picture.show({ epoch: '', commit: 40 }, earlier.view);
    for (const commit of commits.slice(40, 45)) picture.fold(commit);
    scene = applyUpdate(scene, structuredClone(picture.take().update));
    expect(scene.commit).toBe(45);
    check(scene, picture.view);
  });
});
