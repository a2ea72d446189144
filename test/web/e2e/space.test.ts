import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { connect } from '../../../clients/sdk/node.ts';
import { readStretch } from '../../../clients/web/model/feed/history.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { share } from '../../../protocol/count.ts';
import { bytes } from '../../../protocol/size.ts';
import { windowMaps } from '../../../protocol/view/windows.ts';
import { DEMO_COMMITS, describePage } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };
const WORLD = { start: fromHex('0xffff800000d00000'), end: fromHex('0xffff800080d00000') };
/** The module xfs in the demo, all of it. */
const XFS = '0xffff800001951000';
/** The inspector asks for code whose file the demo's daemon does not have. */
const NO_FILE = /status of 404/;
/** A site that is too far from its target for one branch. */
const FAR_SITE = '0xffff80001417ea34';

describePage('address space', (site) => {
  const map = (page: Page, machine = 'demo'): Locator =>
    page.getByRole('application', { name: `Address space of ${machine}` });
  const shown = (page: Page): Locator => page.locator('.space-view > p').first();

  const open = async (search: string, options = {}): Promise<Page> => {
    // Unless a test is about what is shown first, all of it is.
    const said = search === '' || search.includes('span=') ? search : `${search}&span=all`;
    const page = await site().open(said, options);
    await expect.poll(() => page.getByTestId('position').textContent(), PATIENT).toContain('commit');
    await expect.poll(() => shown(page).textContent(), PATIENT).toMatch(/^Shown: /);
    return page;
  };

  /** The viewport as the address of the page has it; null: all. */
  const span = (page: Page): { start: number; end: number } | null => {
    const text = new URL(page.url()).searchParams.get('span');
    if (text === null || text === 'all') return null;
    const [start = '', end = ''] = text.split('-');
    return { start: fromHex(start), end: fromHex(end) };
  };
  const size = (page: Page): number => {
    const { start, end } = span(page) ?? WORLD;
    return end - start;
  };

  /** Pixels with anything on them, of the layer of what moves. */
  const lit = (page: Page): Promise<number> =>
    map(page).evaluate((box) => {
      const layer = box.querySelectorAll('canvas')[2];
      if (layer === undefined) return 0;
      const copy = Object.assign(document.createElement('canvas'), { width: layer.width, height: layer.height });
      const context = copy.getContext('2d', { willReadFrequently: true });
      context?.drawImage(layer, 0, 0);
      const data = context?.getImageData(0, 0, layer.width, layer.height).data ?? [];
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if ((data[i] ?? 0) > 0) count++;
      return count;
    });

  const place = async (page: Page, share: number, fromBottom: number): Promise<{ x: number; y: number }> => {
    const box = await map(page).boundingBox();
    if (box === null) throw new Error('the map is not to be seen');
    return { x: box.x + box.width * share, y: box.y + box.height - fromBottom };
  };
  /** In the middle of the strip. */
  const STRIP = 45;

  it('PAGE-8: the fill of both windows is in numbers, the same as the daemon has at that position', async () => {
    const client = connect(site().url);
    const { view } = await client.machine('demo').view({ at: 1000 });
    client.close();
    const page = await open('?m=demo&at=1000');
    for (const { window, used, size: all, largestHole } of windowMaps(view)) {
      const text = page.getByTestId(`fill-${window}`);
      await expect
        .poll(() => text.first().textContent(), PATIENT)
        .toBe(`${window} ${bytes(used)} of ${bytes(all)} (${share(used, all)}) largest hole ${bytes(largestHole)}`);
    }
  });

  it('PAGE-9: the wheel zooms at the pointer, a drag pans, Escape shows all; the link restores it', async () => {
    const page = await open('?m=demo');
    const at = await place(page, 0.25, STRIP);
    await page.mouse.move(at.x, at.y);
    for (let notch = 0; notch < 10; notch++) await page.mouse.wheel(0, -300);
    // After the tenth, not the ninth: the page's address follows a little later.
    await expect.poll(() => size(page), PATIENT).toBeLessThan(2 ** 31 * Math.exp(-4.7));
    const near = span(page) ?? WORLD;
    const under = WORLD.start + (WORLD.end - WORLD.start) / 4;
    expect(Math.abs(near.start + (near.end - near.start) / 4 - under)).toBeLessThan(2 ** 22);
    await page.mouse.down();
    await page.mouse.move(at.x + 200, at.y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => span(page)?.start, PATIENT).toBeLessThan(near.start);
    expect(size(page)).toBe(near.end - near.start);
    const again = await open(new URL(page.url()).search);
    expect(await shown(again).textContent()).toBe(await shown(page).textContent());
    await map(page).focus();
    await page.keyboard.press('Escape');
    await expect.poll(() => span(page), PATIENT).toBeNull();
    await expect.poll(() => shown(page).textContent(), PATIENT).toContain('Shown: 2 GiB');
  });

  it('PAGE-15: of each machine what is in use is shown first, and all of it when that is asked for', async () => {
    const client = connect(site().url);
    await client.boot('small', { preset: 'arm64-6.1' });
    client.close();
    const page = await open('');
    await expect.poll(() => span(page)?.start, PATIENT).toBe(WORLD.start);
    expect(size(page)).toBeGreaterThan(290 * 2 ** 20);
    expect(size(page)).toBeLessThan(500 * 2 ** 20);
    const demo = size(page);
    await page.keyboard.press('m');
    await page
      .getByRole('menuitemradio', { name: /^small/ })
      .or(page.getByRole('menuitem', { name: /^small/ }))
      .click();
    await map(page, 'small').waitFor();
    await expect.poll(() => size(page) !== demo && size(page) < 2 ** 28, PATIENT).toBe(true);
    await page.getByRole('button', { name: 'all', exact: true }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('span'), PATIENT).toBe('all');
    const again = await site().open(new URL(page.url()).search);
    await expect.poll(() => shown(again).textContent(), PATIENT).toContain('Shown: 2 GiB');
  });

  it('PAGE-9: in the overview a press goes there, a drag makes a viewport, its edge resizes it', async () => {
    const page = await open('?m=demo');
    const box = await map(page).boundingBox();
    if (box === null) throw new Error('the map is not to be seen');
    const y = box.y + 38;
    await page.mouse.move(box.x + box.width * 0.5, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => size(page) / 2 ** 29, PATIENT).toBeCloseTo(1, 1);
    await page.mouse.move(box.x + box.width * 0.75, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width, y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => size(page) / 2 ** 30, PATIENT).toBeCloseTo(1, 1);
    const from = span(page)?.start ?? 0;
    await page.mouse.click(box.x + box.width * 0.1, y);
    await expect.poll(() => span(page)?.start, PATIENT).toBeLessThan(from);
  });

  it('PAGE-5: what is under the pointer is told exactly and lit everywhere; a click chooses it, two fit it', async () => {
    site().forgive(NO_FILE);
    const start = fromHex(XFS);
    const page = await open(`?m=demo&span=${toHex(start - 2 ** 20)}-${toHex(start + 3 * 2 ** 20)}`);
    const at = await place(page, 0.4, STRIP);
    await page.mouse.move(at.x, at.y);
    const tip = page.locator('.space-tooltip');
    await expect.poll(() => tip.textContent(), PATIENT).toMatch(/^\.\S+ of xfs.*KiB \([\d,]+ bytes\)/);
    await page.mouse.click(at.x, at.y);
    await expect.poll(() => page.url(), PATIENT).toContain('sel=section:xfs:.');
    await page.mouse.dblclick(at.x, at.y);
    await expect.poll(() => size(page), PATIENT).toBeLessThan(1.3 * 2 ** 20);
    const beyond = await place(page, 0.9, STRIP);
    await page.goto(`${site().url}/?m=demo&span=${toHex(WORLD.end - 2 ** 27)}-${toHex(WORLD.end)}`);
    await expect.poll(() => shown(page).textContent(), PATIENT).toContain('0 modules');
    await page.mouse.move(beyond.x, beyond.y);
    await expect.poll(() => tip.textContent(), PATIENT).toMatch(/^holeisfree/);
  });

  it('PAGE-10: by keys: closer and farther, sideways, to the next module and back, to what is chosen; each is said', async () => {
    const page = await open(`?m=demo&sel=module:xfs`);
    await map(page).focus();
    await page.keyboard.press('f');
    await expect.poll(() => shown(page).textContent(), PATIENT).toContain('1.6 MiB');
    const before = span(page);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => (span(page)?.start ?? 0) > (before?.start ?? 0), PATIENT).toBe(true);
    await page.keyboard.press('+');
    await expect.poll(() => size(page), PATIENT).toBeLessThan(2 ** 21 * 0.7);
    await page.keyboard.press('n');
    await expect.poll(() => page.url(), PATIENT).toContain('sel=module:zstd_compress');
    await page.getByText(/^zstd_compress · core: is module memory, address 0x[0-9a-f]{16}, size/).waitFor(PATIENT);
    await page.keyboard.press('p');
    await expect.poll(() => page.url(), PATIENT).toContain('sel=module:xfs');
  });

  it('PAGE-11: a chosen site is described with its class, its target and how far beyond reach that is', async () => {
    site().forgive(NO_FILE);
    const page = await open(`?m=demo&sel=${FAR_SITE}`);
    await expect
      .poll(() => shown(page).textContent(), PATIENT)
      .toMatch(/Chosen: site in md_cluster: .*class ⇝ veneers, .*distance −186\.7 MiB of ±128 out of reach\.$/);
    await map(page).focus();
    await page.keyboard.press('f');
    await expect.poll(() => size(page), PATIENT).toBeLessThanOrEqual(64);
    const at = await place(page, 0.5, STRIP);
    await page.mouse.move(at.x, at.y);
    await expect.poll(() => page.locator('.space-tooltip').textContent(), PATIENT).toMatch(/^site in md_cluster/);
  });

  it('PAGE-11: a patch that is chosen is its site, whenever it was made', async () => {
    const client = connect(site().url);
    const machine = client.machine('demo');
    const { position } = await machine.locate();
    const [commit] = await readStretch(machine, { epoch: position.epoch, from: DEMO_COMMITS - 1, to: DEMO_COMMITS })
      .commits;
    client.close();
    const index = commit?.events.findIndex((event) => event.type === 'StaticCallPatched' && event.what === 'site');
    const event = commit?.events[index ?? -1];
    if (event?.type !== 'StaticCallPatched') throw new Error('the last commit of the demo patches no site');
    const page = await open(`?m=demo&sel=patch:${DEMO_COMMITS}.${index}`);
    await expect
      .poll(() => shown(page).textContent(), PATIENT)
      .toContain(`Chosen: site in ${event.owner}: address ${event.address}, key ${event.key},`);
  });

  it('PAGE-7: an instruction is told with its bytes: of a trampoline what events say', async () => {
    const page = await open('?m=demo&span=0xffff800008cf0000-0xffff800008cf0040');
    const at = await place(page, 1 / 32, STRIP);
    const tip = page.locator('.space-tooltip');
    await expect
      .poll(async () => {
        await page.mouse.move(at.x + 1, at.y);
        await page.mouse.move(at.x, at.y);
        return tip.textContent();
      }, PATIENT)
      .toMatch(/^movn x16.*bytes[0-9a-f]{8}/);
  });

  it('PAGE-12: patches flash and the light goes out; switched off, marks stay in its place', async () => {
    const page = await open('?m=demo&at=1276');
    await expect.poll(() => lit(page), PATIENT).toBe(0);
    await page.keyboard.press('.');
    await expect.poll(() => lit(page), PATIENT).toBeGreaterThan(0);
    await expect.poll(() => lit(page), PATIENT).toBe(0);
    const motion = page.getByRole('button', { name: 'motion' });
    await motion.click();
    expect(await motion.getAttribute('aria-pressed')).toBe('false');
    await page.keyboard.press(',');
    await expect.poll(() => page.getByTestId('position').textContent(), PATIENT).toContain('1,276');
    await page.keyboard.press('.');
    await expect.poll(() => lit(page), PATIENT).toBeGreaterThan(0);
    const marks = await lit(page);
    // Nothing of it fades: a light would be out.
    await page.waitForFunction(
      (until) => performance.now() > until,
      (await page.evaluate(() => performance.now())) + 4000,
    );
    expect(await lit(page)).toBe(marks);
  });

  it('PAGE-12: a system that asks for less motion gets marks, and nothing to switch', async () => {
    const page = await open('?m=demo&at=1276', { reducedMotion: 'reduce' });
    expect(await page.getByRole('button', { name: 'motion' }).isDisabled()).toBe(true);
    await page.keyboard.press('.');
    await expect.poll(() => lit(page), PATIENT).toBeGreaterThan(0);
  });

  it('PAGE-13: a machine beside has a map of its own, with its own figures', async () => {
    const client = connect(site().url);
    await client.boot('beside-space');
    const page = await open('?m=demo&with=beside-space');
    await map(page, 'beside-space').waitFor(PATIENT);
    expect(await map(page).isVisible()).toBe(true);
    await expect.poll(() => page.getByTestId('fill-direct').count(), PATIENT).toBe(2);
    await client.machine('beside-space').remove();
    client.close();
  });

  it('PAGE-14: a legend says what every colour, line and pattern means', async () => {
    const page = await open('?m=demo');
    const button = page.getByRole('button', { name: 'legend' });
    expect(await button.getAttribute('aria-expanded')).toBe('false');
    await button.click();
    for (const words of ['one veneer:', 'trapped:', 'guard page', 'init memory', 'not usable before the next purge']) {
      await page.locator('.space-legend').getByText(words).waitFor(PATIENT);
    }
    await button.click();
    await page.locator('.space-legend').waitFor({ ...PATIENT, state: 'detached' });
  });

  it('PAGE-9: a finger pans and taps', async () => {
    const page = await open(`?m=demo&span=${toHex(WORLD.start)}-${toHex(WORLD.start + 2 ** 27)}`, {
      viewport: { width: 390, height: 800 },
      hasTouch: true,
      isMobile: true,
    });
    site().forgive(NO_FILE);
    const at = await place(page, 0.5, STRIP);
    await page.touchscreen.tap(at.x, at.y);
    await expect.poll(() => page.url(), PATIENT).toContain('sel=');
    expect(await page.getByTestId('position').textContent()).toContain(DEMO_COMMITS.toLocaleString('en'));
  });
});
