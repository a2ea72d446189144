import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { STOPS, type Stop } from '../../../clients/web/tour/stops.ts';
import { fromHex } from '../../../protocol/address.ts';
import { commitsIn, sessionFile } from '../tour/tour.ts';
import { DEMO_COMMITS, describePage, type Site } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };

const card = (page: Page) => page.locator('.tour-card');
const title = (page: Page) => card(page).getByRole('heading');
const position = (page: Page) => page.getByTestId('position');
const stateOf = (page: Page) => new URL(page.url()).searchParams;
const commitOf = (page: Page): number => Number(stateOf(page).get('at')?.split(':')[1] ?? Number.NaN);

/** Ids of the parts that have a ring, asked in the page. */
const RINGED = `[...document.querySelectorAll('.panel')]
  .filter((panel) => getComputedStyle(panel).outlineStyle === 'solid')
  .map(({ id }) => id)`;

const stopOf = (id: string): Stop => {
  const stop = STOPS.find((one) => one.id === id);
  if (stop === undefined) throw new Error(`no stop ${id}`);
  return stop;
};

const pinOf = ({ select }: Stop): string => (select.kind === 'key' ? `key:${select.name}` : select.address);

async function standsAt(page: Page, stop: Stop, commit = stop.commit, machine = stop.machine): Promise<void> {
  await expect.poll(() => title(page).textContent(), PATIENT).toBe(stop.title);
  await expect.poll(() => stateOf(page).get('m'), PATIENT).toBe(machine);
  await expect.poll(() => stateOf(page).get('tour'), PATIENT).toBe(stop.id);
  // Where the last commit is not live the page's address has it.
  await expect.poll(() => commitOf(page), PATIENT).toBe(commit);
  expect(await position(page).textContent()).toContain(`commit ${commit.toLocaleString('en')} of `);
  expect(stateOf(page).get('sel')).toBe(pinOf(stop));
}

/** Removes machines that are there: a stop has to make its own. */
async function without(client: Client, ...names: readonly string[]): Promise<void> {
  const there = await client.machines();
  for (const name of names) if (there.some((one) => one.name === name)) await client.machine(name).remove();
}

async function withClient<T>(site: Site, act: (client: Client) => Promise<T>): Promise<T> {
  const client = connect(site.url);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

describePage('the tour', (site) => {
  it('PAGE-80: it goes through all stops, each at its position, with its thing pinned, its part ringed and nothing hidden', async () => {
    const page = await site().open('', { viewport: { width: 1280, height: 900 } });
    await page.getByRole('button', { name: 'Take the tour' }).first().click();
    for (const [index, stop] of STOPS.entries()) {
      await standsAt(page, stop);
      expect(await card(page).textContent()).toContain(`stop ${index + 1} of ${STOPS.length}`);
      const text = await card(page).locator('.tour-text').textContent();
      expect(text).toBe(stop.text.join('').replaceAll('`', ''));
      expect(await card(page).locator('code').allTextContents()).toEqual(
        stop.text.flatMap((sentence) => sentence.split('`').filter((_, part) => part % 2 === 1)),
      );
      const [start, end] = stop.span;
      const span = stateOf(page).get('span')?.split('-') ?? [];
      expect(span.map(fromHex)).toEqual([fromHex(start), fromHex(end)]);
      const ringed = await page.evaluate(RINGED);
      expect(ringed).toEqual([stop.look]);
      const seen = await page.locator(`#${stop.look}`).boundingBox();
      const over = await card(page).boundingBox();
      expect(over!.y + over!.height).toBeLessThanOrEqual(seen!.y);
      if (index % 2 === 0) await page.keyboard.press('ArrowRight');
      else await card(page).getByRole('button', { name: 'Next' }).click();
    }
    expect(await card(page).getByRole('button', { name: 'Next' }).count()).toBe(0);
    await page.keyboard.press('ArrowLeft');
    await standsAt(page, STOPS.at(-2)!);
    await card(page).getByRole('button', { name: /^2: / }).click();
    await standsAt(page, STOPS[1]!);
  });

  it('PAGE-81: before and after are one press apart, and it says which of them is seen', async () => {
    const stop = stopOf('inline');
    const page = await site().open('?tour=inline');
    await standsAt(page, stop);
    const pressed = (name: string) => card(page).getByRole('button', { name, pressed: true });
    await pressed('after').waitFor();
    await card(page).getByRole('button', { name: 'before' }).click();
    await standsAt(page, stop, stop.before);
    await pressed('before').waitFor();
    await card(page).getByRole('button', { name: 'after' }).click();
    await standsAt(page, stop);
    await pressed('after').waitFor();
    await page.keyboard.press(',');
    await expect.poll(() => commitOf(page), PATIENT).toBe(stop.commit - 1);
    expect(await card(page).getByRole('button', { pressed: true }).count()).toBe(0);
  });

  it('PAGE-82: a link restores the stop where it was left, also on a daemon that has not seen the session', async () => {
    const stop = stopOf('orig');
    await withClient(site(), (client) => without(client, stop.machine));
    const page = await site().open(`?m=tour-lost&at=0123456789abcdef:${stop.before}&sel=key:kfree&tour=orig`);
    await expect.poll(() => title(page).textContent(), PATIENT).toBe(stop.title);
    await expect.poll(() => commitOf(page), PATIENT).toBe(stop.before);
    await expect.poll(() => stateOf(page).get('sel')).toBe('key:kfree');
    await card(page).getByRole('button', { name: 'before', pressed: true }).waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    await page.reload();
    await expect.poll(() => title(page).textContent(), PATIENT).toBe(stop.title);
    await card(page).getByRole('button', { name: 'before', pressed: true }).waitFor();
  });

  it('PAGE-83: its end is where it began: machine, position, selection, and the focus on the button', async () => {
    const page = await site().open('?m=demo&at=812&sel=module:xfs&f=key:kfree');
    await expect.poll(() => commitOf(page), PATIENT).toBe(812);
    await page.keyboard.press('t');
    await standsAt(page, STOPS[0]!);
    expect(stateOf(page).get('f')).toBeNull();
    await page.keyboard.press('ArrowRight');
    await standsAt(page, STOPS[1]!);
    await page.keyboard.press('Escape');
    await expect.poll(() => card(page).count()).toBe(0);
    await expect.poll(() => commitOf(page), PATIENT).toBe(812);
    const state = stateOf(page);
    expect([state.get('m'), state.get('sel'), state.get('f'), state.get('tour')]).toEqual([
      'demo',
      'module:xfs',
      'key:kfree',
      null,
    ]);
    expect(await page.locator(':focus').textContent()).toBe('Take the tour');
  });

  it('PAGE-86: the first visit offers the tour once', async () => {
    const page = await site().open();
    const offer = page.getByRole('region', { name: 'New here?' });
    await offer.waitFor();
    await offer.getByRole('button', { name: 'Dismiss' }).click();
    await expect.poll(() => offer.count()).toBe(0);
    await page.reload();
    await position(page)
      .filter({ hasText: DEMO_COMMITS.toLocaleString('en') })
      .waitFor();
    expect(await offer.count()).toBe(0);
    await page.evaluate('localStorage.clear()');
    await page.reload();
    await offer.getByRole('button', { name: 'Take the tour' }).click();
    await standsAt(page, STOPS[0]!);
  });

  it('PAGE-87: the first veneer of a machine that is watched is told, and shown on demand', async () => {
    const [booted, loaded] = await commitsIn('tour-far.veneer.jsonl.gz');
    await withClient(site(), async (client) => {
      const machine = client.machine('first');
      const { position: at } = await machine.append(null, [booted!]);
      const page = await site().open('?m=first');
      await page.getByRole('button', { name: 'live', pressed: true }).waitFor();
      const callout = page.getByRole('region', { name: 'The first veneer' });
      expect(await callout.count()).toBe(0);
      await machine.append(at, [loaded!]);
      await callout.waitFor();
      const said = await callout.textContent();
      const { view } = await machine.view();
      const veneers = view.modules.flatMap(({ name, veneers }) => veneers.map(({ address }) => ({ name, address })));
      await callout.getByRole('button', { name: 'Show me' }).click();
      await expect.poll(() => stateOf(page).get('sel'), PATIENT).not.toBeNull();
      const shown = veneers.find(({ address }) => address === stateOf(page).get('sel'))!;
      expect(said).toContain(shown.name);
      const [from, to] = (stateOf(page).get('span')?.split('-') ?? []).map(fromHex);
      expect(from!).toBeLessThan(fromHex(shown.address));
      expect(to!).toBeGreaterThan(fromHex(shown.address));
      expect(await callout.count()).toBe(0);
      // Who comes later is not told of it.
      const later = await site().open('?m=first');
      await later.getByRole('button', { name: 'live', pressed: true }).waitFor();
      expect(await later.getByRole('region', { name: 'The first veneer' }).count()).toBe(0);
    });
  });

  it('PAGE-88: on a phone the card is at the bottom, and what it points at is to be seen above it', async () => {
    const page = await site().open('?tour=site-mods', { viewport: { width: 390, height: 844 }, hasTouch: true });
    for (const stop of STOPS) {
      await standsAt(page, stop);
      const over = (await card(page).boundingBox())!;
      expect([over.x, Math.round(over.y + over.height), over.width]).toEqual([0, 844, 390]);
      expect(over.height).toBeLessThan(844 / 2);
      const seen = (await page.locator(`#${stop.look}`).boundingBox())!;
      expect(Math.min(seen.y + seen.height, over.y) - Math.max(seen.y, 0)).toBeGreaterThan(40);
      await page.keyboard.press('ArrowRight');
    }
  });

  it('PAGE-89: a session is a file of the page’s own, as it is in the repository', async () => {
    const page = await site().open();
    await position(page).waitFor();
    const fetched = page.waitForResponse((response) => response.url().includes('/assets/tour-poisoned'));
    await withClient(site(), (client) => without(client, 'tour-poisoned'));
    await page.goto(`${site().url}/?tour=defuse`);
    const response = await fetched;
    expect(response.status()).toBe(200);
    expect(response.headers()['content-encoding']).toBeUndefined();
    expect(await response.body()).toEqual(await readFile(sessionFile('tour-poisoned.veneer.jsonl.gz')));
    await standsAt(page, stopOf('defuse'));
  });

  it('PAGE-125: the code of a module that a stop points at is disassembled', async () => {
    const page = await site().open('?tour=callee');
    await standsAt(page, stopOf('callee'));
    await page.locator('#inspector .listing').getByText('bl', { exact: true }).first().waitFor();
  });

  it('PAGE-85: a machine that only bears the name of a session is left alone; one that came farther serves', async () => {
    const [near, far] = [stopOf('site-mods'), stopOf('callee')];
    await withClient(site(), async (client) => {
      await without(client, near.machine, far.machine);
      await client.boot(near.machine);
      const commits = await commitsIn(far.session);
      const { position: at } = await client.machine(far.machine).append(null, commits);
      await client.machine(far.machine).command({ type: 'bookmark', name: 'mine', at: at.commit });
    });
    const page = await site().open(`?tour=${near.id}`);
    await standsAt(page, near, near.commit, `${near.machine}-2`);
    await page.goto(`${site().url}/?tour=${far.id}`);
    await standsAt(page, far);
  });
});
