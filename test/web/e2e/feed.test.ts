import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { connect } from '../../../clients/sdk/node.ts';
import { readStretch } from '../../../clients/web/model/feed/history.ts';
import type { Commit } from '../../../protocol/commit.ts';
import type { EventOf } from '../../../protocol/events/index.ts';
import { describePage, type Site } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };

type Patch = EventOf<'StaticCallPatched'>;

const panel = (page: Page): Locator => page.getByRole('region', { name: 'Patches' });
const rows = (page: Page): Locator => panel(page).locator('.patch-row');
const heads = (page: Page): Locator => panel(page).locator('.commit-head');
const box = (page: Page): Locator => panel(page).getByRole('combobox', { name: 'Filter the patches' });
const list = (page: Page): Locator => panel(page).locator('.virtual-list');

async function commitsOf(site: Site, from: number, to: number, machine = 'demo'): Promise<readonly Commit[]> {
  const client = connect(site.url);
  try {
    const handle = client.machine(machine);
    const { epoch } = (await handle.summary()).position;
    return await readStretch(handle, { epoch, from, to }).commits;
  } finally {
    client.close();
  }
}

const patchesIn = (commits: readonly Commit[]): readonly Patch[] =>
  commits.flatMap(({ events }) => events).filter((event) => event.type === 'StaticCallPatched');

const addressOf = (row: Locator): Promise<string | null> => row.locator('.address').first().getAttribute('title');

/** Of the newest commit that patched something. */
const numberOf = (commits: readonly Commit[]): string =>
  `#${commits.findLast((commit) => patchesIn([commit]).length > 0)?.number.toLocaleString('en')}`;

describePage('the patch feed', (site) => {
  it('PAGE-30: the newest patches up to the position, with both sides, distance, reason and atomicity', async () => {
    const page = await site().open('?m=demo&at=900');
    await rows(page).first().waitFor();
    const logged = patchesIn(await commitsOf(site(), 850, 900)).toReversed();
    for (const [i, event] of logged.slice(0, 3).entries()) {
      const row = rows(page).nth(i);
      await row.getByTitle(event.reason, { exact: true }).waitFor();
      expect(await addressOf(row)).toBe(`Inspect ${event.address}`);
      await row.getByText(event.atomicity, { exact: true }).waitFor();
      await row
        .locator(`.before [title="${event.text[0].split('; ')[0]}"]`)
        .first()
        .waitFor();
      await row
        .locator(`.after [title="${event.text[1].split('; ')[0]}"]`)
        .first()
        .waitFor();
      await row.locator('.after .word b').first().waitFor();
    }
  });

  it('PAGE-31: steps, jumps and what happens live move the feed along', async () => {
    const page = await site().open('?m=demo&at=900');
    await heads(page)
      .first()
      .getByText(numberOf(await commitsOf(site(), 800, 900)), { exact: true })
      .waitFor();
    for (let i = 0; i < 10; i++) await page.keyboard.press(',');
    await heads(page)
      .first()
      .getByText(numberOf(await commitsOf(site(), 800, 890)), { exact: true })
      .waitFor();
    await page.keyboard.press('l');
    await heads(page)
      .first()
      .getByText(numberOf(await commitsOf(site(), 1200, 1277)), { exact: true })
      .waitFor();
  });

  it('PAGE-32: / focuses the filter; terms, suggestions and words narrow it, and the link keeps it', async () => {
    const page = await site().open('?m=demo&at=1277');
    await rows(page).first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('what:tr');
    await panel(page).getByRole('option', { name: 'what:trampoline' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await box(page).inputValue()).toBe('what:trampoline ');
    const wanted = patchesIn(await commitsOf(site(), 0, 1277)).filter(({ what }) => what === 'trampoline');
    await expect.poll(() => rows(page).count(), PATIENT).toBe(wanted.length);
    await panel(page)
      .getByText(/^That is all: 7 rows/)
      .waitFor();
    await page.keyboard.type('bounces key:schedule');
    const fewer = wanted.filter(({ key }) => key === 'schedule');
    await expect.poll(() => rows(page).count(), PATIENT).toBe(fewer.length);
    await page.waitForURL((url) => url.searchParams.get('f')?.startsWith('what:trampoline bounces') === true);

    await page.reload();
    await expect.poll(() => rows(page).count(), PATIENT).toBe(fewer.length);
  });

  it('PAGE-33: a term that makes no sense says why, and the others still count', async () => {
    const page = await site().open('?m=demo&at=1277&f=what:trampoline');
    await expect.poll(() => rows(page).count(), PATIENT).toBe(7);
    await box(page).click();
    await box(page).press('End');
    await page.keyboard.type(' class:fast');
    await panel(page).getByText('“fast” is no class').waitFor();
    expect(await box(page).getAttribute('aria-invalid')).toBe('true');
    await expect.poll(() => rows(page).count(), PATIENT).toBe(7);
  });

  it('PAGE-34: who scrolls reads on, to the start of the log, with a few rows on the page at any time', async () => {
    const page = await site().open('?m=demo&at=120');
    await rows(page).first().waitFor();
    await expect
      .poll(async () => {
        await list(page).evaluate((element) => {
          element.scrollTop = element.scrollHeight;
        });
        expect(await rows(page).count()).toBeLessThan(60);
        return panel(page)
          .getByText(/^That is all/)
          .count();
      }, PATIENT)
      .toBe(1);
    const [all = ''] =
      /[\d,]+/.exec(
        (await panel(page)
          .getByText(/^That is all/)
          .textContent()) ?? '',
      ) ?? [];
    expect(Number(all.replaceAll(',', ''))).toBe(patchesIn(await commitsOf(site(), 0, 120)).length);
  });

  it('PAGE-36: held, it counts what comes; let go on, it shows it', async () => {
    const recorded = await commitsOf(site(), 0, 130);
    const [before, after] = [recorded.slice(0, 100), recorded.slice(100)];
    const client = connect(site().url);
    try {
      const { position } = await client.machine('held').append(null, before);
      const page = await site().open('?m=held');
      const first = heads(page).first();
      await first.getByText(numberOf(before), { exact: true }).waitFor();
      await page.keyboard.press('z');
      await panel(page).getByRole('button', { name: 'held', pressed: true }).waitFor();
      await client.machine('held').append(position, after);
      const button = panel(page).getByRole('button', { name: `${patchesIn(after).length.toLocaleString('en')} new` });
      await button.waitFor();
      await first.getByText(numberOf(before), { exact: true }).waitFor();
      await button.click();
      await first.getByText(numberOf(after), { exact: true }).waitFor();
      await expect.poll(() => button.count(), PATIENT).toBe(0);
    } finally {
      client.close();
    }
  });

  it('PAGE-37: a commit of thousands of patches shows the first ones and how many more there are', async () => {
    const commits = await commitsOf(site(), 1200, 1277);
    const large = commits.find((commit) => patchesIn([commit]).length > 1000) as Commit;
    const page = await site().open(`?m=demo&at=${large.number}`);
    const count = patchesIn([large]).length;
    await heads(page)
      .first()
      .getByText(`${count.toLocaleString('en')} patches`)
      .waitFor();
    const more = panel(page).getByRole('button', { name: `${(count - 12).toLocaleString('en')} more` });
    await more.click();
    await expect.poll(() => more.count(), PATIENT).toBe(0);
    expect(await rows(page).count()).toBeLessThan(60);
  });

  it('PAGE-38: all events: loads, failures with the words of the kernel, veneers', async () => {
    const page = await site().open('?m=demo&at=1277');
    await rows(page).first().waitFor();
    await panel(page).getByRole('button', { name: 'all events' }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('EAGAIN');
    const failed = (await commitsOf(site(), 1200, 1277))
      .flatMap(({ events }) => events)
      .find((event) => event.type === 'ModuleUnloadFailed');
    await panel(page).getByTitle(`unload failed, ${failed?.errno}: ${failed?.words}`).waitFor();
  });

  it('PAGE-39: a patch that is chosen is named by its place in the log; a link to it lights it', async () => {
    const page = await site().open('?m=demo&at=1277');
    await rows(page).first().waitFor();
    const [commit] = (await commitsOf(site(), 1276, 1277)) as [Commit];
    const index = commit.events.findLastIndex(({ type }) => type === 'StaticCallPatched');
    await rows(page).first().locator('.patch-choose').click();
    await page.waitForURL((url) => url.searchParams.get('sel') === `patch:1277.${index}`);
    await page.reload();
    await panel(page).locator('.patch-row[data-chosen="true"]').waitFor();
    expect(await panel(page).locator('.patch-row[data-chosen="true"]').count()).toBe(1);
    expect(await addressOf(panel(page).locator('.patch-row[data-chosen="true"]'))).toBe(
      `Inspect ${(commit.events[index] as Patch).address}`,
    );
  });

  it('PAGE-39: a patch that a link names is in sight, be it one of thousands of its commit', async () => {
    const commits = await commitsOf(site(), 1200, 1277);
    const large = commits.find((commit) => patchesIn([commit]).length > 1000) as Commit;
    const all = [...large.events.entries()].filter(([, { type }]) => type === 'StaticCallPatched');
    const [index, event] = all[all.length >> 1] as [number, Patch];
    const page = await site().open(`?m=demo&at=${large.number}&sel=patch:${large.number}.${index}`);
    const chosen = panel(page).locator('.patch-row[data-chosen="true"]');
    await expect.poll(() => chosen.count(), PATIENT).toBe(1);
    expect(await addressOf(chosen)).toBe(`Inspect ${event.address}`);
    const inSight = (element: Element): boolean => {
      const box = element.closest('.virtual-list')?.getBoundingClientRect();
      const { top, bottom } = element.getBoundingClientRect();
      return box !== undefined && top >= box.top - 1 && bottom <= box.bottom + 1;
    };
    await expect.poll(() => chosen.evaluate(inSight), PATIENT).toBe(true);
  });

  it('PAGE-31: another position is shown from its newest patch on, however far one had scrolled', async () => {
    const page = await site().open('?m=demo&at=1277');
    await rows(page).first().waitFor();
    await list(page).hover();
    await page.mouse.wheel(0, 3000);
    await expect.poll(() => heads(page).first().textContent(), PATIENT).not.toContain('#1,277');
    await page.getByRole('slider', { name: 'Position in the log' }).press('Home');
    await panel(page).getByText('No patches up to this position.').waitFor();
    await page.keyboard.press('l');
    await heads(page).first().getByText('#1,277', { exact: true }).waitFor();
  });
});
