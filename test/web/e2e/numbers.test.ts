import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { share } from '../../../protocol/count.ts';
import { bytes } from '../../../protocol/size.ts';
import { directShare } from '../../../protocol/view/class-words.ts';
import type { Classes } from '../../../protocol/view/static-call.ts';
import type { WindowMap } from '../../../protocol/view/windows.ts';
import { start } from '../../e2e/cli-process.ts';
import { describePage } from './harness.ts';

const PATIENT = { timeout: 20_000 };

interface CliStats {
  readonly classes: Classes;
}

interface CliKey {
  readonly name: string;
  readonly patches: number;
  readonly tramp: string;
  readonly classes: Readonly<Record<string, number>>;
  readonly chain: readonly { readonly owner: string; readonly node: boolean; readonly sites: number }[];
}

const words = async (page: Page, selector: string): Promise<string> =>
  ((await page.locator(selector).first().textContent()) ?? '').replace(/\s+/g, ' ');

describePage('numbers', (site) => {
  const cli = async <T>(...args: readonly string[]): Promise<T> => {
    const run = await start([...args, '-m', 'demo', '--json', '--url', site().url]).done;
    expect(run.code).toBe(0);
    return JSON.parse(run.out) as T;
  };

  it.each([1, 640, 1270])('PAGE-140: at commit %i the page says what the command line says', async (at) => {
    const page = await site().open(`?m=demo&at=${at}`);
    await page
      .getByTestId('position')
      .getByText(`commit ${at.toLocaleString('en')} of`)
      .waitFor();
    const { windows } = await cli<{ windows: readonly WindowMap[] }>('at', String(at), 'map');
    for (const { window, used, size, largestHole } of windows) {
      const fill = `${bytes(used)} of ${bytes(size)} (${share(used, size)}) largest hole ${bytes(largestHole)}`;
      expect(await words(page, `[data-testid="fill-${window}"]`)).toBe(`${window} ${fill}`);
    }
    const stats = await cli<CliStats>('at', String(at), 'stats');
    const row = page.locator('.time-row', { hasText: 'static calls direct' }).locator('.time-now');
    await expect.poll(() => row.textContent(), PATIENT).toBe(directShare(stats.classes));
    const keys = await cli<readonly CliKey[]>('at', String(at), 'keys');
    expect(keys.length).toBeGreaterThan(0);
    for (const { name, patches, tramp, chain } of keys) {
      const shown = page.locator('.key-row', { has: page.getByRole('button', { name, exact: true }) });
      const sites = chain.reduce((sum, owner) => sum + owner.sites, 0);
      const nodes = chain.filter(({ node }) => node).length;
      const text = ((await shown.textContent()) ?? '').replace(/\s+/g, ' ');
      const count = (number: number, one: string, more = `${one}s`) =>
        `${number.toLocaleString('en')} ${number === 1 ? one : more}`;
      expect(text).toContain(
        `${count(nodes, 'node')} · ${count(sites, 'site')} · ${count(patches, 'patch', 'patches')}`,
      );
      expect(text).toContain(tramp.slice(2));
    }
  });
});
