/** The page of daemons that people run otherwise: with tokens, with little patience for old commits, with the demo on its way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { STOPS, type Stop } from '../../../clients/web/tour/stops.ts';
import { bytesOf } from '../../../daemon/headless/session/file.ts';
import { type DaemonProcess, startProcess } from '../../e2e/daemon-process.ts';
import { hasChromium, openBrowser } from '../../support/browser.ts';
import { sessionFile } from '../tour/tour.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };
const TOKENS = { watch: 'watch-0123456789abc', operate: 'operate-0123456789a', later: 'operate-later-01234' } as const;

const position = (page: Page) => page.getByTestId('position');
const live = (page: Page) => page.getByRole('button', { name: 'live', pressed: true });
const question = (page: Page) => page.getByRole('heading', { name: 'This daemon asks for a token' });
const card = (page: Page) => page.locator('.tour-card');

async function give(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Use it' }).click();
}

/** Where others reach this machine. */
const ADDRESS = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
if (ADDRESS === undefined) console.warn('SKIPPED: the page from another machine, as this one has no network');

const stopOf = (id: string): Stop => STOPS.find((stop) => stop.id === id)!;

describe.skipIf(!hasChromium)('the page of a daemon that is run otherwise', () => {
  const folder = mkdtempSync(join(tmpdir(), 'veneerd-access-'));
  const tokenFile = join(folder, 'tokens');
  let browser: Browser;
  let daemon: DaemonProcess;
  const start = async (...args: readonly string[]): Promise<void> => {
    daemon = await startProcess(args);
  };
  const open = async (search = ''): Promise<Page> => {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    await page.goto(`${daemon.url}/${search}`);
    return page;
  };
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    daemon.child.kill('SIGKILL');
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(ADDRESS === undefined)(
    'PAGE-126: from another machine without TLS all works but the clipboard',
    async () => {
      writeFileSync(tokenFile, `operate ${TOKENS.operate}\n`);
      await start('--data', join(folder, 'far'), '--demo', 'instant', '--token-file', tokenFile, '--host', '0.0.0.0');
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      const errors: Error[] = [];
      page.on('pageerror', (error) => errors.push(error));
      await page.goto(`http://${ADDRESS}:${new URL(daemon.url).port}/?m=demo`);
      await give(page, TOKENS.operate);
      await live(page).waitFor();
      expect(await page.evaluate(() => isSecureContext)).toBe(false);
      await page.keyboard.press('h');
      await page.getByRole('dialog').getByRole('textbox').fill('far');
      await page.keyboard.press('Enter');
      await page.getByText('Bookmark far: commit').waitFor();
      await page.keyboard.press('c');
      await page.getByText('The browser does not let this page use the clipboard').waitFor();
      expect(errors).toEqual([]);
    },
  );

  it('PAGE-93: a token is asked for, a wrong one is said to be wrong, one that is not taken any more is asked for again', async () => {
    const data = join(folder, 'asked');
    writeFileSync(tokenFile, `operate ${TOKENS.operate}\n`);
    await start('--data', data, '--demo', 'instant', '--token-file', tokenFile);
    const page = await open('?m=demo');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await question(page).waitFor();
    await expect.poll(() => page.getByLabel('Token').evaluate((field) => field === document.activeElement)).toBe(true);
    // Whoever types beside the field opens nothing.
    await page.getByRole('heading', { name: 'This daemon asks for a token' }).click();
    await page.keyboard.type('b?m');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await give(page, 'operate-no-such-one');
    await page.getByText('not one of its tokens').waitFor();
    await give(page, TOKENS.operate);
    await live(page).waitFor();
    const later = await page.context().newPage();
    await later.goto(daemon.url);
    await question(later).waitFor();

    const { port } = new URL(daemon.url);
    await daemon.end('SIGKILL');
    writeFileSync(tokenFile, `operate ${TOKENS.later}\n`);
    await start('--data', data, '--demo', 'off', '--token-file', tokenFile, '--port', port);
    await page.getByRole('alert').filter({ hasText: 'does not take this token any more' }).waitFor();
    await page.getByRole('button', { name: 'Give another token' }).click();
    await give(page, TOKENS.later);
    await live(page).waitFor();
    expect(asked.filter((url) => Object.values(TOKENS).some((token) => url.includes(token)))).toEqual([]);
    expect(page.url()).not.toContain('operate');
  });

  it('PAGE-84: a visitor who may only watch is told, and takes the tour where its sessions are', async () => {
    writeFileSync(tokenFile, `watch ${TOKENS.watch}\noperate ${TOKENS.operate}\n`);
    await start('--data', join(folder, 'watched'), '--demo', 'instant', '--token-file', tokenFile);
    const page = await open();
    await give(page, TOKENS.watch);
    await live(page).waitFor();
    await page.keyboard.press('t');
    await card(page).getByRole('alert').filter({ hasText: 'your token may watch only' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => card(page).getByRole('heading').textContent(), PATIENT).toBe(STOPS[1]!.title);
    const client: Client = connect(daemon.url, { token: TOKENS.operate });
    await client.importSession(STOPS[1]!.machine, bytesOf(sessionFile(STOPS[1]!.session)));
    client.close();
    await page.keyboard.press('ArrowLeft');
    await card(page).getByRole('alert').waitFor();
    await page.keyboard.press('ArrowRight');
    await position(page)
      .filter({ hasText: `commit ${STOPS[1]!.commit} of` })
      .waitFor();
    expect(await card(page).getByRole('alert').count()).toBe(0);
  });

  it('PAGE-85: while the demo is on its way its stop has a machine of its own', async () => {
    const stop = stopOf('share');
    await start('--data', join(folder, 'slow'), '--demo', 'x0.01');
    const page = await open('?tour=share');
    await position(page).filter({ hasText: 'commit 1,268 of' }).waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get('m'), PATIENT).toBe(`${stop.machine}-2`);
    await page.keyboard.press('Escape');
    await expect.poll(() => card(page).count()).toBe(0);
  });

  it('PAGE-92: a position that is trimmed leads to the oldest that is not', async () => {
    await start('--data', join(folder, 'trimmed'), '--demo', 'instant', '--retain-commits', '100', '--archive', 'none');
    const { url } = daemon;
    const trimmed = async (): Promise<number> => (await fetch(`${url}/machines/demo/view?at=5&brief=true`)).status;
    await expect.poll(trimmed, { timeout: 60_000, interval: 500 }).toBe(410);
    const page = await open('?m=demo&at=5');
    const problem = page.getByRole('alert').filter({ hasText: 'does not keep commits for so long' });
    await problem.getByRole('button', { name: 'Go to the oldest commit' }).click();
    await page.locator('.mode', { hasText: 'paused' }).waitFor();
    await position(page)
      .filter({ hasText: /^commit [1-9][\d,]* of 1,277$/ })
      .waitFor();
    expect(await problem.count()).toBe(0);
  });
});
