import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { readStretch } from '../../../clients/web/model/feed/history.ts';
import { fromHex } from '../../../protocol/address.ts';
import type { StaticCallKey } from '../../../protocol/view/static-call.ts';
import { describePage, type Site } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };

const panel = (page: Page): Locator => page.getByRole('region', { name: 'Keys and site_mods' });
const row = (page: Page, id: string): Locator => panel(page).locator(`[data-row="${id}"]`);
const shown = (locator: Locator) => locator.waitFor();

async function keysAt(site: Site, at: number): Promise<readonly StaticCallKey[]> {
  const client: Client = connect(site.url);
  try {
    return (await client.machine('demo').view({ at, brief: true })).view.staticCalls?.keys ?? [];
  } finally {
    client.close();
  }
}

const count = (number: number): string => number.toLocaleString('en');

describePage('keys and site_mods', (site) => {
  it("PAGE-20: each key shows the daemon's figures at the position of the page", async () => {
    for (const at of [400, 1277]) {
      const page = await site().open(`?m=demo&at=${at}`);
      for (const { name, chain, patches, text } of await keysAt(site(), at)) {
        const key = row(page, `key ${name}`);
        const nodes = chain.filter(({ node }) => node).length;
        const sites = chain.reduce((sum, link) => sum + link.sites.length, 0);
        await shown(
          key.getByText(`${count(nodes)} nodes · ${count(sites)} sites · ${count(patches)} patches`, { exact: true }),
        );
        await shown(key.getByText(text, { exact: true }));
      }
    }
  });

  it('PAGE-21, PAGE-24: a key opens to its list, newest first, an owner to its sites; a click chooses', async () => {
    // The inspector asks for code whose file the demo's daemon does not have.
    site().forgive(/status of 404/);
    const page = await site().open('?m=demo&at=1277');
    const [key] = await keysAt(site(), 1277);
    if (key === undefined) throw new Error('the demo has keys');
    await panel(page)
      .getByRole('button', { name: `the list of ${key.name}` })
      .click();
    await shown(row(page, `owner ${key.name} ${key.chain[0]?.owner}`));
    const owners = await panel(page).locator('.owner-row').all();
    const names = await Promise.all(owners.map((owner) => owner.getAttribute('data-row')));
    expect(names).toEqual(key.chain.slice(0, names.length).map(({ owner }) => `owner ${key.name} ${owner}`));

    const [link] = key.chain;
    await panel(page)
      .getByRole('button', { name: `the sites of ${link?.owner}` })
      .click();
    for (const { address } of link?.sites.slice(0, 3) ?? []) await shown(row(page, `site ${address}`));
    await row(page, `owner ${key.name} ${link?.owner}`).locator('.row-name').click();
    await page.waitForURL((url) => url.searchParams.get('sel') === `module:${link?.owner}`);
    const address = link?.sites[0]?.address ?? '';
    await row(page, `site ${address}`).locator('.address').click();
    await page.waitForURL((url) => url.searchParams.get('sel') === address);
    await shown(panel(page).locator(`[data-row="site ${address}"][data-chosen="true"]`));
  });

  it('PAGE-24: what a link chooses is opened and in sight, however deep in a list it is', async () => {
    // The inspector asks for code whose file the demo's daemon does not have.
    site().forgive(/status of 404/);
    const keys = await keysAt(site(), 1277);
    const key = keys.find(({ chain }) => chain.length > 100);
    const link = key?.chain[90];
    const address = link?.sites[0]?.address ?? '';
    expect(fromHex(address)).not.toBeNaN();
    const page = await site().open(`?m=demo&at=1277&sel=${address}`);
    const chosen = panel(page).locator(`[data-row="site ${address}"]`);
    await shown(chosen);
    await expect.poll(() => chosen.evaluate(inSight), PATIENT).toBe(true);
  });

  it('PAGE-23, PAGE-25: the keyboard finds, moves, opens and closes', async () => {
    const page = await site().open('?m=demo&at=1277');
    await shown(row(page, 'key schedule'));
    await page.keyboard.press('k');
    await page.keyboard.type('schedule');
    await expect.poll(() => row(page, 'key queue_work_on').count(), PATIENT).toBe(0);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await row(page, 'key schedule').locator('.row-name').focus();
    await page.keyboard.press('ArrowRight');
    const first = panel(page).locator('.owner-row').first();
    await shown(first);
    await page.keyboard.press('ArrowDown');
    expect(await first.locator('.row-name').evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowRight');
    await shown(panel(page).locator('.site-row').first());
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => panel(page).locator('.site-row').count(), PATIENT).toBe(0);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => panel(page).locator('.owner-row').count(), PATIENT).toBe(0);
  });

  it('PAGE-22: a list of hundreds of owners, all of them open, is a few rows of the page', async () => {
    const page = await site().open('?m=demo&at=1277&sel=key:__cond_resched');
    await shown(panel(page).locator('.owner-row').first());
    expect(await panel(page).locator('[data-row]').count()).toBeLessThan(60);
    await panel(page)
      .locator('.virtual-list')
      .evaluate((element) => {
        element.scrollTop = element.scrollHeight;
      });
    await shown(row(page, 'key schedule'));
    expect(await row(page, 'key __cond_resched').count()).toBe(0);
    expect(await panel(page).locator('[data-row]').count()).toBeLessThan(60);
  });

  it('PAGE-26: a node that comes is marked at the head of its list', async () => {
    const page = await site().open('?m=demo&at=300&sel=key:__cond_resched');
    const before = await keysAt(site(), 300);
    const head = (keys: readonly StaticCallKey[]) =>
      keys.find(({ name }) => name === '__cond_resched')?.chain[0]?.owner;
    await shown(row(page, `owner __cond_resched ${head(before)}`));
    let at = 300;
    while (head(await keysAt(site(), at)) === head(before)) at++;
    const owner = head(await keysAt(site(), at));
    for (let commit = 300; commit < at; commit++) await page.keyboard.press('.');
    await shown(panel(page).locator(`.owner-row.fresh[data-row="owner __cond_resched ${owner}"]`));
  });

  it('PAGE-26: a node that leaves its list fades where it was', async () => {
    const client = connect(site().url);
    const machine = client.machine('demo');
    const { epoch } = (await machine.summary()).position;
    const commits = await readStretch(machine, { epoch, from: 1, to: 1277, filter: { kinds: ['SiteModsFreed'] } })
      .commits;
    client.close();
    const [commit] = commits;
    const [freed] = commit?.events ?? [];
    if (commit === undefined || freed?.type !== 'SiteModsFreed') throw new Error('the demo frees nodes');
    const page = await site().open(`?m=demo&at=${commit.number - 1}&sel=module:${freed.module}`);
    const left = panel(page).locator(`.owner-row[data-chosen="true"]`);
    await shown(left.first());
    await left.first().evaluate((element) => {
      const list = element.closest('.virtual-list');
      const look = (): void => {
        const gone = list?.querySelector('.virtual-row.gone .row-name')?.textContent;
        if (gone) document.body.dataset.gone = gone;
      };
      if (list) new MutationObserver(look).observe(list, { subtree: true, childList: true });
    });
    await page.keyboard.press('.');
    await expect.poll(() => page.locator('body').getAttribute('data-gone'), PATIENT).toContain(freed.module);
    await expect.poll(() => panel(page).locator('.virtual-row.gone').count(), PATIENT).toBe(0);
    await expect.poll(() => left.count(), PATIENT).toBe(0);
  });

  it('PAGE-27: a machine without static calls says what that means and how to get some', async () => {
    const client = connect(site().url);
    await client.boot('plain', { preset: 'arm64-6.1' });
    client.close();
    const page = await site().open('?m=plain');
    await shown(panel(page).getByText("This machine's kernel has no static calls"));
    await shown(panel(page).getByText('veneer boot near --profile docs/examples/near.json'));
    await panel(page).getByRole('button', { name: 'Boot' }).click();
    await shown(page.getByRole('dialog').getByLabel(/Functions/));
  });
});

/** Whether an element is within the box that scrolls it. */
function inSight(element: Element): boolean {
  const box = element.closest('.virtual-list')?.getBoundingClientRect();
  const { top, bottom } = element.getBoundingClientRect();
  return box !== undefined && top >= box.top - 1 && bottom <= box.bottom + 1;
}
