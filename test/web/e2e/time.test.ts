import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { connect } from '../../../clients/sdk/node.ts';
import { share } from '../../../protocol/count.ts';
import { BOTH, DEMO_COMMITS, describePage } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };

const number = (text: string | null): number => Number((text ?? '').replace(/[^\d]/g, ''));

describePage(
  'time',
  (site) => {
    const shown = async (page: Page): Promise<number> =>
      number((await page.getByTestId('position').textContent())?.split(' of ')[0] ?? null);
    const at = async (page: Page, commit: number): Promise<void> => {
      await expect.poll(() => shown(page), PATIENT).toBe(commit);
    };

    it('PAGE-131: it opens live; the rail goes to any moment, step by step and back to live', async () => {
      const page = await site().open();
      await page.getByRole('button', { name: 'live' }).waitFor();
      await at(page, DEMO_COMMITS);
      const rail = page.getByRole('slider', { name: 'Position in the log' });
      const box = await rail.boundingBox();
      if (box === null) throw new Error('the rail is not to be seen');
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
      await page.getByRole('button', { name: 'paused' }).waitFor();
      const middle = number(await rail.getAttribute('aria-valuenow'));
      expect(Math.abs(middle - DEMO_COMMITS / 2)).toBeLessThan(3);
      await at(page, middle);
      await rail.press('ArrowRight');
      await at(page, middle + 1);
      await page.keyboard.press('.');
      await at(page, middle + 2);
      await page.keyboard.press(',');
      await at(page, middle + 1);
      await rail.press('Home');
      await at(page, 0);
      await page.keyboard.press('l');
      await at(page, DEMO_COMMITS);
      await page.getByRole('button', { name: 'live' }).waitFor();
    });

    it('PAGE-132: what the page shows at a position is what the daemon says of it, and the link restores it', async () => {
      const client = connect(site().url);
      const machine = client.machine('demo');
      for (const commit of [1, 640, 1268]) {
        const page = await site().open(`?m=demo&at=${commit}`);
        await at(page, commit);
        await expect.poll(() => page.url(), PATIENT).toMatch(new RegExp(`at=[0-9a-f]{16}:${commit}(&|$)`));
        const { view } = await machine.view({ at: commit });
        const { direct, veneer, veneers } = view.now;
        const row = (label: string) => page.locator('.time-row', { hasText: label }).locator('.time-now');
        await expect.poll(() => row('veneers').textContent(), PATIENT).toBe(veneers.toLocaleString('en'));
        expect(await row('branches direct').textContent()).toBe(share(direct, direct + veneer));
        const again = await site().open(new URL(page.url()).search);
        await at(again, commit);
      }
      client.close();
    });

    it('PAGE-133: it plays from a position, at a speed, to the end, and pauses', async () => {
      const page = await site().open('?m=demo&at=1200');
      await at(page, 1200);
      await page.getByLabel('Speed').selectOption('instant');
      await page.keyboard.press(' ');
      await at(page, DEMO_COMMITS);
      await page.goto(`${site().url}/?m=demo&at=900`);
      await at(page, 900);
      await page.getByLabel('Speed').selectOption('original');
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await page.getByRole('button', { name: 'Pause', exact: true }).click();
      await page.getByRole('button', { name: 'paused' }).waitFor();
      expect(await shown(page)).toBeGreaterThanOrEqual(900);
    });

    it('PAGE-134: a bookmark hung here is on the rail, in the log, and goes there again', async () => {
      const page = await site().open('?m=demo&at=700');
      await at(page, 700);
      await page.keyboard.press('h');
      await page.getByLabel(/Name of commit/).fill('seven-hundred');
      await page.getByRole('button', { name: 'Hang it here' }).click();
      await page.getByText('Bookmark seven-hundred: commit 700').waitFor();
      await page.keyboard.press('l');
      await at(page, DEMO_COMMITS + 1);
      await page.locator('.time-bookmark[title="seven-hundred, commit 700"]').waitFor({ state: 'attached' });
      await page.keyboard.press('g');
      await page.keyboard.type('@seven-hundred');
      await page.keyboard.press('Enter');
      await at(page, 700);
      await page.getByLabel('Go to a position').fill('@nothing');
      await page.getByLabel('Go to a position').press('Enter');
      await page.getByRole('alert').getByText('no-such-bookmark').waitFor();
      await at(page, 700);
      site().forgive(/404/);
    });
  },
  BOTH,
);
