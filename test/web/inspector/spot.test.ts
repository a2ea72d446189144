/** What the page tells of an address at once, by its view, beside what the daemon answers when it is asked. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { namesQuery } from '../../../clients/web/model/queries/names.ts';
import { spotQuery } from '../../../clients/web/model/queries/spot.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { fromHex, type Hex, toHex } from '../../../protocol/address.ts';
import { viewFromJson } from '../../../protocol/view/json.ts';
import type { View } from '../../../protocol/view/types.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

const MACHINES = ['tour-near', 'tour-far', 'tour-poisoned', 'tour-lost', 'tour-outside'];

let daemon: Daemon;
let client: Client;

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  for (const machine of MACHINES) {
    const file = new URL(`../../../sessions/${machine}.veneer.jsonl.gz`, import.meta.url);
    await client.importSession(machine, new Uint8Array(readFileSync(file)));
  }
});
afterAll(async () => {
  client.close();
  await daemon.close();
});

const viewOf = async (machine: string): Promise<View> => viewFromJson((await client.machine(machine).view()).view);

/** The places where one thing ends and another begins, and some that are inside. */
function addressesOf(view: View): readonly Hex[] {
  const found = new Set<Hex>();
  const around = (start: number, size: number): void => {
    for (const at of [start - 1, start, start + 1, start + 5, start + size - 1, start + size]) found.add(toHex(at));
  };
  for (const module of view.modules.values()) {
    for (const { address, size } of module.sections) around(fromHex(address), size);
    for (const { address, size } of Object.values(module.parts)) around(fromHex(address), size);
    for (const { address, words } of module.veneers) around(fromHex(address), words.length * 4);
  }
  for (const address of view.staticCalls.sites.keys()) around(fromHex(address), 4);
  for (const { tramp, address } of view.staticCalls.keys.values()) {
    around(fromHex(tramp), 16);
    around(fromHex(address), 8);
  }
  if (view.machine) around(fromHex(view.machine.kernel.text), 2 ** 20);
  return [...found];
}

describe('PAGE-41', () => {
  it.each(MACHINES)('PAGE-41: on %s a place is the one that the daemon tells', async (machine) => {
    const view = await viewOf(machine);
    const addresses = addressesOf(view);
    expect(addresses.length).toBeGreaterThan(100);
    for (const address of addresses) {
      const { place } = await client.machine(machine).why(address);
      const { kind, start, size, owner, section, slot, key, site } = spotQuery(view, fromHex(address));
      // What others hold of the windows is nobody's to the daemon.
      expect(kind === 'reserved' || kind === 'lazy' ? 'free' : kind, address).toBe(place.kind);
      if (kind === 'reserved' || kind === 'lazy') continue;
      expect(owner, address).toBe(place.owner);
      expect(site?.key ?? key, address).toBe(place.key ?? null);
      expect(slot, address).toBe(place.slot ?? null);
      expect(section?.name, address).toBe(place.section?.name);
      expect(section?.offset, address).toBe(place.section?.offset);
      if (site) expect((site.tail ? 1 : 0) | (site.init ? 2 : 0), address).toBe(place.flags);
      if (kind !== 'section') expect([toHex(start), size], address).toEqual([place.address, place.size]);
    }
  });

  it('PAGE-41: a call’s class and where it arrives are those of a trace', async () => {
    // On tour-lost a PLT entry was overwritten, and no event says what that did to the calls behind it: a trace does.
    for (const machine of MACHINES.filter((name) => name !== 'tour-lost')) {
      const view = await viewOf(machine);
      for (const address of view.staticCalls.sites.keys()) {
        const { site } = spotQuery(view, fromHex(address));
        const trace = await client.machine(machine).trace(address);
        expect(site?.class, `${machine} ${address}`).toBe(trace.class);
        expect(site?.hops, `${machine} ${address}`).toBe(trace.branches);
        expect(site?.calls === null ? null : toHex(site?.calls ?? 0)).toBe(trace.expected);
      }
    }
  });

  it('PAGE-41: names of PLT entries say where they lead, names of trampolines whose they are', async () => {
    const view = await viewOf('tour-far');
    // Those of .init.plt are gone, and other modules have that memory.
    const veneers = [...view.modules.values()].flatMap((module) =>
      module.veneers.filter(({ section }) => section === '.plt'),
    );
    expect(veneers.length).toBeGreaterThan(0);
    const names = namesQuery(
      view,
      veneers.map(({ address }) => address),
    );
    for (const [index, name] of names.entries()) expect(name).toContain(veneers[index]?.symbol);
    const keys = [...view.staticCalls.keys.values()];
    expect(
      namesQuery(
        view,
        keys.map(({ tramp }) => tramp),
      ),
    ).toEqual(keys.map(({ name }) => `__SCT__${name}`));
    expect(namesQuery(view, ['0x0000000000000000'])).toEqual([null]);
  });
});
