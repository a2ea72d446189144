import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STOPS } from '../../../clients/web/tour/stops.ts';
import { fromHex } from '../../../protocol/address.ts';
import { commitsIn, keyOf, startTour, type Tour, visit } from './tour.ts';

let tour: Tour;
beforeAll(async () => {
  tour = await startTour();
});
afterAll(() => tour?.close());

/** Begins with a word or with code, and ends with a full stop. */
const SENTENCE = /^[\w`].*\.$/;

it('PAGE-120: seven stops, each with two sentences and something to look at', () => {
  expect(STOPS.map(({ id }) => id)).toEqual([
    'site-mods',
    'defuse',
    'callee',
    'orig',
    'out-of-line',
    'inline',
    'share',
  ]);
  for (const { title, text, span, commit, before } of STOPS) {
    expect(title).toMatch(/^[A-Z][^.`]+$/);
    expect(text).toHaveLength(2);
    for (const sentence of text) {
      expect(sentence).toMatch(SENTENCE);
      expect(sentence.slice(0, -1)).not.toMatch(/[.!?] /);
      expect(sentence.split('`').length % 2).toBe(1);
    }
    expect(fromHex(span[0])).toBeLessThan(fromHex(span[1]));
    expect(before ?? 1).toBeGreaterThanOrEqual(1);
    expect(before ?? 0).toBeLessThan(commit);
  }
});

describe.each(STOPS)('PAGE-122: the stop $id', ({ id, machine, session, commit, before, select, span }) => {
  const positions = before === undefined ? [commit] : [before, commit];

  it('stands in a session that the daemon takes in whole', async () => {
    const commits = await commitsIn(session);
    expect(tour.taken.get(machine)).toBe(commits.length);
    expect(commit).toBeLessThanOrEqual(commits.length);
    const { view } = await tour.client.machine(machine).view();
    expect(view.commit).toBe(commits.length);
  });

  it('pins what is there, in the range that is shown', async () => {
    const { machine: handle, view } = visit(tour.client, id);
    for (const at of positions) {
      if (select.kind === 'key') {
        expect(keyOf(await view(at), select.name).name).toBe(select.name);
        continue;
      }
      const { place } = await handle.why(select.address, { at });
      expect(place.kind).toMatch(/^(site|trampoline)$/);
      expect(fromHex(place.address)).toBe(fromHex(select.address));
      const inside = fromHex(span[0]) <= fromHex(place.address) && fromHex(place.address) < fromHex(span[1]);
      expect(inside).toBe(true);
    }
  });
});
