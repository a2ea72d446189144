import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describePage } from './harness.ts';

/** It looks at every element there is, which takes its time on a busy machine. */
const PATIENT_MS = 300_000;

const live = (page: Page) => page.getByRole('button', { name: 'live', pressed: true });
const showsCommit = (page: Page, commit: number) =>
  page
    .getByTestId('position')
    .filter({ hasText: `commit ${commit.toLocaleString('en')} of` })
    .waitFor();

// What people see does not depend on where the log is kept.
describePage(
  'accessibility',
  (site) => {
    const VIEWS: readonly (readonly [name: string, search: string, prepare: (page: Page) => Promise<void>])[] = [
      ['live', '', (page) => live(page).waitFor()],
      ['at a commit', '?m=demo&at=812&sel=key:kfree', (page) => showsCommit(page, 812)],
      [
        'the tour',
        '?tour=inline',
        (page) => page.locator('.tour-card').getByRole('button', { pressed: true }).waitFor(),
      ],
      [
        'the help',
        '',
        async (page) => {
          await live(page).waitFor();
          await page.keyboard.press('?');
          await page.getByRole('dialog', { name: 'Keys' }).waitFor();
        },
      ],
      [
        'the boot dialog',
        '',
        async (page) => {
          await live(page).waitFor();
          await page.keyboard.press('b');
          await page.getByRole('dialog').waitFor();
        },
      ],
      [
        'a module in the inspector',
        '?m=demo&at=1268&sel=module:xfs',
        (page) => page.locator('#inspector').getByText('sha256').first().waitFor(),
      ],
    ];

    const SCHEMES = ['dark', 'light'] as const;
    const SEEN = SCHEMES.flatMap((scheme) => VIEWS.map((view) => [scheme, ...view] as const));

    it.each(SEEN)(
      'PAGE-96: axe finds nothing serious, %s: %s',
      async (colorScheme, _, search, prepare) => {
        const page = await site().open(search, { colorScheme, viewport: { width: 1280, height: 900 } });
        await prepare(page);
        for (const width of [1280, 390]) {
          await page.setViewportSize({ width, height: 900 });
          await page.waitForLoadState('networkidle');
          const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).analyze();
          const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
          const told = bad.map(({ id, nodes }) => [width, id, nodes.map(({ html, any }) => [html, any[0]?.message])]);
          expect(told).toEqual([]);
        }
      },
      PATIENT_MS,
    );
  },
  ['LMDB'],
);
