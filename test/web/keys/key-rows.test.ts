/** The rows of the panel of keys, beside the view that they are made of; the view is a daemon's of the demo. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import {
  type KeyLine,
  type KeyRowsQuestion,
  keyId,
  keyRowsQuery,
  type OwnerLine,
  ownerId,
  type SiteLine,
  siteId,
} from '../../../clients/web/model/queries/key-rows.ts';
import { revealQuery } from '../../../clients/web/model/queries/reveal.ts';
import type { Daemon } from '../../../daemon/daemon.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { viewFromJson } from '../../../protocol/view/json.ts';
import { type ChainLink, CLASSES, classesOf, type StaticCallKey } from '../../../protocol/view/static-call.ts';
import type { View } from '../../../protocol/view/types.ts';
import { startMemoryDaemon } from '../../gateway/daemon.ts';

let daemon: Daemon;
let client: Client;
/** When schedule had been updated, and before the last updates. */
let views: readonly View[];

beforeAll(async () => {
  daemon = await startMemoryDaemon();
  client = connect(daemon.url);
  const file = new URL('../../../sessions/demo.veneer.jsonl.gz', import.meta.url);
  await client.importSession('demo', new Uint8Array(readFileSync(file)));
  const at = [3, 400, 1277];
  views = await Promise.all(
    at.map(async (commit) => viewFromJson((await client.machine('demo').view({ at: commit, brief: true })).view)),
  );
}, 60_000);
afterAll(async () => {
  client.close();
  await daemon.close();
});

const QUESTION: KeyRowsQuestion = { search: '', sort: 'name', open: [], top: 0, height: 1e9, show: null };

it('PAGE-21: an owner opens by its row’s id, whatever it and the key are called', () => {
  const view = large(1, 1);
  const [key] = view.staticCalls.keys.values();
  const [link] = key?.chain ?? [];
  if (key === undefined || link === undefined) throw new Error('there is no owner');
  for (const [name, owner] of [
    ['a b', 'c'],
    ['a', 'b c'],
    ['%20', 'x'],
  ] as const) {
    view.staticCalls.keys.clear();
    view.staticCalls.keys.set(name, { ...key, name, chain: [{ ...link, owner }] });
    const closed = keyRowsQuery(view, { ...QUESTION, open: [keyId(name)] });
    const opened = keyRowsQuery(view, { ...QUESTION, open: [keyId(name), ownerId(name, owner)] });
    expect(closed.rows.map(({ kind }) => kind)).toEqual(['key', 'owner']);
    expect(opened.rows.map(({ kind }) => kind)).toEqual(['key', 'owner', 'site']);
  }
});

const everything = ({ staticCalls }: View): readonly string[] =>
  [...staticCalls.keys.values()].flatMap(({ name, chain }) => [
    keyId(name),
    ...chain.map(({ owner }) => ownerId(name, owner)),
  ]);

/** A machine with many keys, and one list of very many owners for all of them: rows do not care where a view comes from. */
function large(keys: number, owners: number): View {
  const view = structuredClone(views[0] as View);
  const [model] = view.staticCalls.keys.values();
  view.staticCalls.keys.clear();
  const chain = Array.from(
    { length: owners },
    (_, i): ChainLink => ({
      owner: `m${i}`,
      node: true,
      sites: [{ address: toHex(-(2 ** 40) + i * 4), flags: 0, bytes: '00000094', class: 'direct', hops: 1 }],
      classes: { direct: 1, veneer: 0, veneers: 0, trapped: 0, none: 0 },
    }),
  );
  for (let k = 0; k < keys; k++) {
    view.staticCalls.keys.set(`key${k}`, { ...(model as StaticCallKey), name: `key${k}`, chain });
  }
  return view;
}

describe('PAGE-20: keys', () => {
  it('PAGE-20: each has its func, trampoline, orig, sites by class, and its list in order', () => {
    for (const view of views) {
      const { rows, keys } = keyRowsQuery(view, QUESTION);
      expect(keys).toBe(view.staticCalls.keys.size);
      expect(rows.map((row) => (row as KeyLine).name)).toEqual([...view.staticCalls.keys.keys()].sort());
      for (const row of rows as readonly KeyLine[]) {
        const key = view.staticCalls.keys.get(row.name) as StaticCallKey;
        const classes = classesOf(key);
        expect(row).toMatchObject({
          func: fromHex(key.func),
          tramp: fromHex(key.tramp),
          text: key.text,
          orig: key.orig === null ? null : fromHex(key.orig),
          classes: CLASSES.map((name) => classes[name]),
          nodes: key.chain.filter(({ node }) => node).length,
          owners: key.chain.length,
          sites: key.chain.reduce((sum, { sites }) => sum + sites.length, 0),
          patches: key.patches,
          chain: key.chain.slice(0, 6).map(({ owner }) => owner),
        });
      }
    }
  });

  it('PAGE-21: an open list has its owners newest first, and each its sites, one row below the other', () => {
    for (const view of views) {
      const { rows, height } = keyRowsQuery(view, { ...QUESTION, open: everything(view) });
      let y = 0;
      for (const row of rows) {
        expect(row.top).toBe(y);
        y += row.height;
      }
      expect(height).toBe(y);
      for (const { name, chain, calls } of view.staticCalls.keys.values()) {
        const owners = rows.filter((row): row is OwnerLine => row.kind === 'owner' && row.key === name);
        expect(owners.map(({ owner, node, sites }) => ({ owner, node, sites }))).toEqual(
          chain.map(({ owner, node, sites }) => ({ owner, node, sites: sites.length })),
        );
        const sites = rows.filter((row): row is SiteLine => row.kind === 'site' && row.key === name);
        expect(
          sites.map(({ address, flags, bytes, hops }) => ({ address: toHex(address), flags, bytes, hops })),
        ).toEqual(
          chain.flatMap((link) =>
            link.sites.map(({ address, flags, bytes, hops }) => ({ address, flags, bytes, hops })),
          ),
        );
        for (const { address, distance } of sites) {
          expect(distance).toBe(calls === null ? null : fromHex(calls) - address);
        }
      }
    }
  });

  it('PAGE-22: only the rows on the screen are made, of 500 keys with 1,000 owners each', () => {
    const view = large(500, 1000);
    const open = [keyId('key0'), ...Array.from({ length: 1000 }, (_, i) => ownerId('key0', `m${i}`))];
    const { height, rows: all } = keyRowsQuery(view, { ...QUESTION, open });
    expect(all.length).toBe(500 + 2000);
    for (const top of [0, 91, 20_000, height / 2, height - 700]) {
      const { rows } = keyRowsQuery(view, { ...QUESTION, open, top, height: 700 });
      expect(rows).toEqual(all.filter((row) => row.top < top + 700 && row.top + row.height > top));
      expect(rows.length).toBeLessThan(32);
    }
  });

  it('PAGE-23: keys are found by their name and by whoever is in their list, and ordered as asked', () => {
    const view = views[2] as View;
    const names = (question: Partial<KeyRowsQuestion>): readonly string[] =>
      keyRowsQuery(view, { ...QUESTION, ...question }).rows.map((row) => (row as KeyLine).name);
    expect(names({ search: 'COND_RES' })).toEqual(['__cond_resched']);
    expect(names({ search: 'queue work' })).toEqual(['queue_work_on']);
    expect(names({ search: 'nothing like it' })).toEqual([]);
    const of = view.staticCalls.keys;
    const inList = [...of.values()].filter(({ chain }) => chain.some(({ owner }) => owner.includes('loop')));
    expect(names({ search: 'loop' })).toEqual(inList.map(({ name }) => name).sort());
    expect(names({ sort: 'patches' })).toEqual(
      [...of.values()].sort((a, b) => b.patches - a.patches).map(({ name }) => name),
    );
    const sites = (key: StaticCallKey): number => key.chain.reduce((sum, link) => sum + link.sites.length, 0);
    expect(names({ sort: 'sites' })).toEqual(
      [...of.values()].sort((a, b) => sites(b) - sites(a)).map(({ name }) => name),
    );
  });

  it('PAGE-24: what is chosen elsewhere has a row: which rows have to be open for it, and where it is then', () => {
    const view = views[2] as View;
    for (const [address, { key, link }] of [...view.staticCalls.sites].slice(0, 2000).filter((_, i) => i % 97 === 0)) {
      const reveal = revealQuery(view, { kind: 'address', address: fromHex(address) });
      expect(reveal).toEqual({ open: [keyId(key), ownerId(key, link.owner)], show: siteId(address) });
      const { shown } = keyRowsQuery(view, { ...QUESTION, open: reveal?.open ?? [], show: reveal?.show ?? null });
      const { rows } = keyRowsQuery(view, { ...QUESTION, open: reveal?.open ?? [] });
      const row = rows.find(({ id }) => id === siteId(address));
      expect(shown).toEqual({ id: row?.id, top: row?.top, height: row?.height });
    }
    const module = revealQuery(view, { kind: 'module', name: 'loop' });
    const { shown } = keyRowsQuery(view, { ...QUESTION, open: module?.open ?? [], show: module?.show ?? null });
    expect(shown?.id).toBe(module?.show);
    expect(revealQuery(view, { kind: 'key', name: 'schedule' })?.show).toBe(keyId('schedule'));
    expect(revealQuery(view, { kind: 'key', name: 'none' })).toBeNull();
    expect(revealQuery(view, { kind: 'address', address: 4096 })).toBeNull();
  });
});
