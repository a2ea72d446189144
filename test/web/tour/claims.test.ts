/** What the tour says, held against what the daemon says: phrases are put together from its answers and looked for in the text. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fromHex } from '../../../protocol/address.ts';
import { callClasses } from '../../../protocol/view/static-call.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import {
  commitsIn,
  eventsOf,
  keyOf,
  liveSites,
  mebibytes,
  mnemonics,
  startTour,
  type Tour,
  type Visit,
  visit,
} from './tour.ts';

const MIB = 2 ** 20;
const VENEER = ['movn', 'movk', 'movk', 'br'];
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
});
afterAll(() => tour?.close());

/** The events of a commit of the stop's session. */
async function eventsAt({ stop }: Visit, number: number) {
  return (await commitsIn(stop.session))[number - 1]?.events ?? [];
}

const pinnedAddress = ({ stop: { select } }: Visit): string => {
  if (select.kind !== 'address') throw new Error('expected an address');
  return select.address;
};

it('PAGE-123: one node a module, newest first; no memory for one ends the load', async () => {
  const here = visit(tour.client, 'site-mods');
  const { stop, said, view } = here;
  const { chain } = keyOf(await view(stop.commit), '_printk');
  expect(chain.map(({ node }) => node)).toEqual([true, true, true]);
  expect(said).toContain(`newest first: ${code(chain.map(({ owner }) => owner))}`);
  expect((await view(stop.commit)).modules.find(({ name }) => name === 'calls')?.state).toBe('LIVE');

  const failing = await eventsAt(here, stop.before ?? 0);
  expect(stop.before).toBe(stop.commit - 1);
  const [failure] = eventsOf(failing, 'SiteModAllocationFailed');
  expect(failure).toMatchObject({ module: 'calls', allocation: 2 });
  expect(said).toContain('the second node of `calls`');
  expect(said).toContain(`the kernel warned “${failure?.words}”`);
  expect(eventsOf(failing, 'ModuleLoadFailed')).toMatchObject([{ module: 'calls', errno: 'ENOMEM' }]);
  const before = await view(stop.before ?? 0);
  expect(before.modules.map(({ name }) => name)).not.toContain('calls');
  expect(keyOf(before, '_printk').chain.map(({ owner }) => owner)).toEqual(['sections', 'compiled']);

  // The list finds every call: the update after this stop patches them all, node by node.
  const patched = eventsOf(await eventsAt(here, stop.commit + 1), 'StaticCallPatched').filter((e) => e.what === 'site');
  const calls = chain.flatMap(({ sites }) => sites.filter(({ bytes }) => bytes !== null));
  expect(patched.map(({ address }) => address)).toEqual(calls.map(({ address }) => address));
});

it('PAGE-123: poison traps the calls of a far module', async () => {
  const here = visit(tour.client, 'defuse');
  const { stop, said, view, machine } = here;
  const now = await view(stop.commit);
  const keys = ['_printk', 'kfree'].map((name) => keyOf(now, name));
  const trap = keys.map(({ text }) => text.split('; ')[0]);
  expect(new Set(trap).size).toBe(1);
  expect(said).toContain(`poisoned with \`${trap[0]}\``);

  const sites = keys.flatMap((key) => liveSites(key, 'calls'));
  expect(said).toContain(`its ${sites.length} static calls`);
  for (const { address } of sites) {
    const { hops, class: kind, end } = await machine.trace(address, { at: stop.commit });
    expect([kind, end, hops.at(-1)?.place, hops.at(-1)?.instructions.at(-1)?.text]).toEqual([
      'trapped',
      null,
      'trampoline',
      trap[0],
    ]);
  }
  expect(sites.map(({ address }) => address)).toContain(pinnedAddress(here));
  const [printk] = keys;
  for (const { address } of liveSites(keyOf(now, '_printk'), 'calls')) {
    expect(said).toContain(`\`calls\` lies ${mebibytes(address, printk?.func ?? '')} from \`_printk\``);
  }
  // Near ones are well.
  expect(callClasses(now.staticCalls, 'compiled')).toMatchObject({ direct: 4, trapped: 0 });
});

it('PAGE-123: a far call reads back as a PLT entry', async () => {
  const here = visit(tour.client, 'callee');
  const { stop, said, machine } = here;
  const site = pinnedAddress(here);
  const events = await eventsAt(here, stop.commit);
  const [read] = eventsOf(events, 'StaticCallOrigRecorded');
  expect(read).toMatchObject({ site, key: '_printk' });
  expect(said).toContain(`that PLT entry, \`${read?.callee}\`, and not the trampoline, \`${read?.orig}\``);
  expect(said).toContain(`\`sections\` is ${mebibytes(site, read?.orig ?? '')} away from its trampoline`);
  const { place } = await machine.why(read?.callee ?? '', { at: stop.commit });
  expect(place).toMatchObject({ kind: 'plt', owner: 'sections' });
  const { hops, arrives } = await machine.trace(site, { at: stop.commit });
  expect([hops.map((hop) => hop.place), arrives]).toEqual([['site', 'plt', 'trampoline'], true]);
  expect(hops.map((hop) => hop.instructions[0]?.address)).toEqual([site, read?.callee, read?.orig]);
});

it('PAGE-123: without orig a PLT entry is written over, and an update does not reach the calls', async () => {
  const here = visit(tour.client, 'orig');
  const { stop, said, view, machine } = here;
  const now = await view(stop.commit);
  expect(now.machine?.staticCallOrig).toBe(false);
  expect(keyOf(now, 'kfree').orig).toBeNull();

  const load = await eventsAt(here, stop.before ?? 0);
  const over = eventsOf(load, 'StaticCallPatched').find(({ what, key }) => what === 'veneer' && key === 'kfree');
  const entry = eventsOf(load, 'VeneerWritten').find(({ address }) => address === over?.address);
  expect([entry?.words.length, (over?.bytes[1].length ?? 0) / 8]).toEqual([3, 4]);
  expect(said).toContain('a PLT entry of three words was taken for the trampoline and four words were written over it');

  const update = await eventsAt(here, stop.commit);
  const [set] = eventsOf(update, 'StaticCallFuncSet');
  expect(set?.key).toBe('kfree');
  expect(eventsOf(update, 'StaticCallPatched')).toEqual([]);
  const lost: string[] = [];
  for (const { address } of liveSites(keyOf(now, 'kfree'), 'calls')) {
    expect(await machine.trace(address, { at: stop.before ?? 0 })).toMatchObject({ arrives: true });
    const { arrives, end, hops } = await machine.trace(address, { at: stop.commit });
    const through = hops.some(({ instructions }) => instructions[0]?.address === over?.address);
    expect([arrives, end?.address]).toEqual(through ? [false, set?.from] : [true, set?.to]);
    if (through) lost.push(address);
  }
  expect(said).toContain(`the ${lost.length} calls that go by way of that entry still arrive at the old one`);
  expect(lost).toContain(pinnedAddress(here));
});

it('PAGE-123: out of line only the trampoline changes, from one word to four', async () => {
  const here = visit(tour.client, 'out-of-line');
  const { stop, said, view, machine } = here;
  const tramp = pinnedAddress(here);
  const all = (await commitsIn(stop.session)).flatMap(({ events }) => eventsOf(events, 'StaticCallPatched'));
  expect(new Set(all.map(({ what }) => what))).toEqual(new Set(['trampoline']));
  expect(all.every(({ address }) => address === tramp)).toBe(true);
  const kfree = keyOf(await view(stop.commit), 'kfree');
  const sites = kfree.chain.flatMap(({ owner }) => liveSites(kfree, owner));
  expect(sites.length).toBeGreaterThan(0);
  for (const { address } of sites) {
    const { hops } = await machine.trace(address, { at: stop.commit });
    expect(hops.at(-1)).toMatchObject({ place: 'trampoline', instructions: [{ address: tramp }, {}, {}, {}] });
  }

  const [near] = eventsOf(await eventsAt(here, stop.before ?? 0), 'StaticCallPatched');
  expect(mnemonics(near?.text[1] ?? '')).toEqual(['b']);
  expect(near).toMatchObject({ inReach: true, atomicity: 'single-word' });
  expect(Math.abs(near?.distance ?? Number.NaN)).toBeLessThan(128 * MIB);
  expect((near?.bytes[1].length ?? 0) / 8).toBe(1);

  const [far] = eventsOf(await eventsAt(here, stop.commit), 'StaticCallPatched');
  expect(mnemonics(far?.text[1] ?? '')).toEqual(VENEER);
  expect(said).toContain(`the trampoline becomes ${code(VENEER)}`);
  expect(far).toMatchObject({ inReach: false, atomicity: 'stop-machine' });
  expect(said).toContain(`\`kfree\` gets a function ${mebibytes(tramp, kfree.func)} away`);
  expect(await machine.trace(tramp, { at: stop.commit })).toMatchObject({ end: { address: kfree.func } });
});

it('PAGE-123: inline the trampoline and the calls are patched', async () => {
  const here = visit(tour.client, 'inline');
  const { stop, said, view, machine } = here;
  const tramp = pinnedAddress(here);
  const first = keyOf(await view(stop.before ?? 0), 'kfree');
  expect(first).toMatchObject({ tramp, chain: [] });
  expect(said).toContain(`loads its target from memory, ${code(mnemonics(first.text).slice(0, 3))}`);

  // `compiled` brings the key's first call.
  const defused = await eventsAt(here, (stop.before ?? 0) + 1);
  expect(eventsOf(defused, 'SiteModAllocated').find(({ key }) => key === 'kfree')?.owner).toBe('compiled');
  const patches = eventsOf(defused, 'StaticCallPatched').filter(({ key }) => key === 'kfree');
  expect(patches.map(({ what, owner }) => [what, owner])).toEqual([
    ['trampoline', 'vmlinux'],
    ['site', 'compiled'],
  ]);
  expect(mnemonics(patches[0]?.text[1] ?? '')).toEqual(VENEER);
  expect(said).toContain(`it changes to ${code(VENEER)}`);
  expect(patches[1]?.text).toEqual([`bl ${tramp}`, `bl ${first.func}`]);

  const call = patches[1]?.address ?? '';
  const now = keyOf(await view(stop.commit), 'kfree');
  expect(mnemonics(now.text)).toEqual(VENEER);
  expect(said).toContain(`\`kfree\` gets a function ${mebibytes(call, now.func)} from that call`);
  const last = eventsOf(await eventsAt(here, stop.commit), 'StaticCallPatched');
  expect(last.find(({ address }) => address === call)).toMatchObject({ to: [first.func, tramp], class: 'veneer' });
  const traced = await machine.trace(call, { at: stop.commit });
  expect([traced.hops.map(({ place }) => place), traced.arrives]).toEqual([['site', 'trampoline'], true]);

  const nearer = liveSites(now, 'calls');
  expect(said).toContain(`the ${nearer.length} calls in \`calls\`, nearer to the new function, become direct`);
  const away = (address: string) => Math.abs(fromHex(now.func) - fromHex(address));
  const earlier = liveSites(keyOf(await view(stop.commit - 1), 'kfree'), 'calls');
  expect(earlier.map((site) => site.class)).not.toContain('direct');
  for (const { address, class: kind } of nearer) {
    expect(kind).toBe('direct');
    expect(away(address)).toBeLessThan(away(call));
  }
});

it('PAGE-123: a full window sends modules far, and most calls stay one branch', async () => {
  const { stop, said, view } = visit(tour.client, 'share');
  const isFar = ({ parts }: { readonly parts: { readonly core?: { readonly window: string } } }) =>
    parts.core?.window === 'fallback';
  const before = await view(stop.before ?? 0);
  expect(before.modules.filter(isFar)).toEqual([]);
  const after = await view((stop.before ?? 0) + 1);
  const [first] = after.modules.filter(isFar);
  expect(said).toContain(`no room in it is \`${first?.name}\`, after ${before.modules.length} others`);
  const [direct, fallback] = windowMaps(before);
  expect([direct?.size, fallback?.size]).toEqual([128 * MIB, 2048 * MIB]);
  expect(direct?.largestHole).toBeLessThan(first?.parts.core?.size ?? 0);
  expect(before.machine?.kaslrSeed).toBeUndefined();

  const now = await view(stop.commit);
  expect(said).toContain(`${now.modules.filter(isFar).length} modules lie beyond the window`);
  const { direct: short, ...rest } = callClasses(now.staticCalls);
  const all = short + rest.veneer + rest.veneers + rest.trapped + rest.none;
  expect(said).toContain(`${short} of ${all} static calls, ${((100 * short) / all).toFixed(1)} %`);
  expect(stop.span).toEqual([now.machine?.moduleRegion.fallback?.start, now.machine?.moduleRegion.fallback?.end]);
});
