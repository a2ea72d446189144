import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { openTables } from '../../../daemon/log/lmdb-schema.ts';
import { start } from '../../e2e/cli-process.ts';
import { type DaemonProcess, startProcess } from '../../e2e/daemon-process.ts';
import { fixture, fixturePath } from '../../fixtures/fixtures.ts';
import { hasChromium, openBrowser } from '../../support/browser.ts';
import { describePage, type Site } from './harness.ts';

const SESSION = new URL('../../../sessions/tour-near.veneer.jsonl.gz', import.meta.url).pathname;
const VERMAGIC = '6.1.0-fixture SMP mod_unload aarch64';
/** What the fixtures call. */
const FUNCTIONS = ['_printk', 'fixture_far'] as const;
/** What Chromium says on its console of an answer that is an error. */
const REFUSED = /Failed to load resource: the server responded with a status of 4/;

const position = (page: Page) => page.getByTestId('position');
const atCommit = (page: Page, commit: number, of: number) =>
  position(page)
    .filter({ hasText: `commit ${commit} of ${of}` })
    .waitFor();
const dialog = (page: Page, name: string) => page.getByRole('dialog', { name });
const result = (page: Page) => page.getByRole('region', { name: 'The last command' });
const files = (page: Page) => page.getByRole('region', { name: 'Files', exact: true });
const picker = (page: Page) => page.locator('input[type=file][multiple]');

async function withClient<T>(site: Site, act: (client: Client) => Promise<T>): Promise<T> {
  const client = connect(site.url);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** A machine with the modules that fixtures make, every one of them with static calls where it calls `_printk`. */
async function lab(site: Site, name: string, modules: readonly string[]): Promise<void> {
  await withClient(site, async (client) => {
    const [preset] = await client.presets();
    const end = Number(BigInt.asIntN(64, BigInt(preset?.profile.kernel.end ?? 0)));
    const hex = (address: number): `0x${string}` => `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
    const keys = Object.fromEntries(
      FUNCTIONS.map((symbol, index) => [
        symbol,
        {
          ...{ symbol, func: symbol, address: hex(end - 0x3000 + 32 * index), literal: hex(end - 0x2000 + 8 * index) },
          tramp: hex(Number(BigInt.asIntN(64, BigInt(preset?.profile.kernel.etext ?? 0))) - 0x8000 + 16 * index),
        },
      ]),
    );
    await client.boot(name, {
      preset: 'arm64-6.1',
      profile: { vermagic: VERMAGIC, openSymbols: true, staticCall: 'inline-defuse', staticCalls: { keys } },
    });
    for (const module of modules) {
      const file = `${module}.ko`;
      const { sha256 } = await client.upload(fixture(file), file);
      await client.machine(name).command({ type: 'load', blob: sha256, file });
    }
  });
}

describePage('doing things', (site) => {
  it('PAGE-60, PAGE-74: the machine menu opens by its key, moves by arrows and letters, and gives the focus back', async () => {
    await lab(site(), 'other', ['hello']);
    const page = await site().open('?m=demo');
    await position(page).waitFor();
    await page.keyboard.press('m');
    const menu = page.getByRole('menu', { name: 'Machine demo' });
    await menu.getByRole('menuitemradio', { name: 'other, 2 commits' }).waitFor();
    expect(await menu.getByRole('menuitemradio', { checked: true }).textContent()).toContain('demo, 1,277 commits');
    await page.keyboard.press('End');
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
    expect(await focused()).toContain('Remove demo');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toContain('demo, 1,277');
    await page.keyboard.press('b');
    expect(await focused()).toContain('Boot a machine');
    await page.keyboard.press('Escape');
    expect(await menu.count()).toBe(0);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Machine demo');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('o');
    await page.keyboard.press('Enter');
    await atCommit(page, 2, 2);
    await expect.poll(() => new URL(page.url()).searchParams.get('m'), { timeout: 20_000 }).toBe('other');
  });

  it('PAGE-61, PAGE-74: a machine is booted by keyboard alone; what is refused is said at its field', async () => {
    const page = await site().open('?m=demo');
    site().forgive(REFUSED);
    await position(page).waitFor();
    await page.keyboard.press('b');
    const boot = dialog(page, 'Boot a machine');
    await boot.getByRole('option', { name: /^arm64-6.12,/ }).waitFor({ state: 'attached' });
    // The name has the focus already.
    await page.keyboard.press('Control+A');
    await page.keyboard.type('demo');
    await page.keyboard.press('Enter');
    await boot.getByRole('alert').filter({ hasText: 'Choose another name' }).waitFor();
    expect(await boot.getByLabel('Name').getAttribute('aria-invalid')).toBe('true');
    await boot.getByLabel('Name').fill('booted');
    await boot.getByText('A profile of your own').click();
    const profile = boot.getByLabel('Machine profile (JSON)');
    await profile.fill('{"pageSize": 5}');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await boot.getByRole('alert').filter({ hasText: 'pageSize' }).waitFor();
    expect(await profile.getAttribute('aria-invalid')).toBe('true');
    await profile.fill('{"pageSize": 16384}');
    await boot.getByLabel('Kernel').selectOption('x86-64-6.12');
    // Flavours are those of the architecture.
    expect(await boot.getByRole('radio').evaluateAll((all) => all.map(({ id }) => id))).toEqual([
      'flavour-inline',
      'flavour-out-of-line',
      'flavour-inline-poison',
      'flavour-none',
    ]);
    await boot.getByLabel('Kernel').selectOption('arm64-6.12');
    await boot.getByRole('radio', { name: 'literal' }).check();
    await boot.getByLabel('Functions that are static calls').fill('kfree schedule');
    await boot.getByLabel('KASLR seed').fill('42');
    await page.keyboard.press('Enter');
    await atCommit(page, 1, 1);
    await page.locator('.facts', { hasText: 'linux-6.12 arm64 · literal · KASLR 42' }).waitFor();
    const { view } = await withClient(site(), (client) => client.machine('booted').view());
    expect(view.machine).toMatchObject({ pageSize: 16384, kaslrSeed: 42, staticCall: 'literal' });
    expect(view.staticCalls.keys.map(({ name }) => name)).toEqual(['kfree', 'schedule']);
  });

  it('PAGE-63, PAGE-65: module files are picked: those that fit are live, each of the others says why it is not', async () => {
    await lab(site(), 'files', []);
    const page = await site().open('?m=files');
    site().forgive(REFUSED);
    await atCommit(page, 1, 1);
    const names = ['chain-c.ko', 'chain-b.ko', 'chain-a.ko', 'hello.ko.zst', 'bad-vermagic.ko', 'bare.ko'];
    await picker(page).setInputFiles([...names.map(fixturePath), join(import.meta.dirname, 'harness.ts')]);
    const panel = files(page);
    await panel.getByText('of 7 files loaded').waitFor();
    expect(await panel.getByText(/of 7 files loaded/).textContent()).toMatch(/^[45] of 7 files loaded, [12] refused/);
    await panel.getByRole('button', { name: 'in: chain-c.ko chain_c is live' }).waitFor();
    await panel.getByRole('button', { name: /^refused: bad-vermagic.ko/ }).click();
    await panel.getByText('it was built for another kernel').waitFor();
    await panel.getByText('should be', { exact: false }).first().waitFor();
    await panel.getByRole('button', { name: /^left out: harness.ts/ }).waitFor();
    const { view } = await withClient(site(), (client) => client.machine('files').view());
    expect(view.modules.map(({ name }) => name).slice(0, 3)).toEqual(['chain_a', 'chain_b', 'chain_c']);
  });

  it('PAGE-63, PAGE-64: files are dropped: a session becomes a machine of its name, or the next that is free', async () => {
    const page = await site().open('?m=demo&at=812');
    await position(page).waitFor();
    const drop = async (path: string, name: string): Promise<void> => {
      const bytes = [...readFileSync(path)];
      const transfer = await page.evaluateHandle(
        ([content, file]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(content as number[])], file as string));
          return data;
        },
        [bytes, name] as const,
      );
      await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
      await page.getByText('Drop module files').waitFor();
      await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    };
    await drop(SESSION, 'From a friend.veneer.jsonl.gz');
    await files(page).getByText('1 session opened: from-a-friend.').waitFor();
    await page.getByRole('button', { name: 'Machine from-a-friend', exact: true }).waitFor();
    await drop(SESSION, 'From a friend.veneer.jsonl.gz');
    await files(page).getByText('1 session opened: from-a-friend-2.').waitFor();
    await page.getByRole('button', { name: 'Machine from-a-friend-2', exact: true }).waitFor();
  });

  it('PAGE-66: at an older position commands wait, and files do: it says so, and goes live', async () => {
    await lab(site(), 'past', ['hello', 'chain-a']);
    const page = await site().open('?m=past&at=2');
    await atCommit(page, 2, 3);
    await page.keyboard.press('u');
    const unload = dialog(page, 'Unload a module');
    await unload.getByLabel('Module', { exact: true }).fill('hello');
    await unload.getByText('a command goes to the newest commit').waitFor();
    expect(await unload.getByRole('button', { name: 'Unload' }).isDisabled()).toBe(true);
    await unload.getByRole('button', { name: 'Go live' }).click();
    await unload.getByRole('button', { name: 'Unload' }).click();
    await result(page).getByText('hello is gone').waitFor();
    await atCommit(page, 4, 4);
    await result(page).getByRole('button', { name: 'Dismiss what was done' }).click();

    await page.keyboard.press(',');
    await atCommit(page, 3, 4);
    await picker(page).setInputFiles(fixturePath('chain-b.ko'));
    const waits = page.getByRole('region', { name: 'Files that wait' });
    expect(await waits.getByRole('button', { name: 'Load 1 file' }).isDisabled()).toBe(true);
    await waits.getByRole('button', { name: 'Go live' }).click();
    await waits.getByRole('button', { name: 'Load 1 file' }).click();
    await files(page).getByText('1 of 1 file loaded.').waitFor();
    await atCommit(page, 5, 5);
  });

  it('PAGE-67, PAGE-68: commands by keyboard: what they came to, why not, and the failures that one asks for', async () => {
    await lab(site(), 'kernel', ['chain-a', 'chain-b', 'calls']);
    const page = await site().open('?m=kernel&sel=module:chain_a');
    await atCommit(page, 4, 4);
    await page.getByRole('button', { name: 'live', pressed: true }).waitFor();
    // In use: the module that is chosen is the one that is offered.
    await page.keyboard.press('u');
    await dialog(page, 'Unload a module').getByText('In use by chain_b: the kernel will refuse.').waitFor();
    await page.keyboard.press('Enter');
    await result(page).getByText('chain_a stays').waitFor();
    // What was refused is no success.
    await page.locator('.announcer .problem').filter({ hasText: 'chain_a stays' }).waitFor();
    await result(page).getByText('Module chain_a is in use by: chain_b').waitFor();
    await result(page).getByText('other modules use its symbols').waitFor();
    // Held by somebody.
    await page.keyboard.press('u');
    await dialog(page, 'Unload a module').getByLabel('Module', { exact: true }).fill('chain_b');
    await dialog(page, 'Unload a module').getByText('Somebody holds it').click();
    await dialog(page, 'Unload a module').getByRole('button', { name: 'Unload' }).click();
    await result(page).getByText('chain_b stays').waitFor();
    await result(page).getByText('EAGAIN').waitFor();
    // Its init function fails.
    await page.keyboard.press('L');
    const load = dialog(page, 'Load a module');
    await load.getByLabel('Or one of yours').setInputFiles(fixturePath('hello.ko'));
    await load.getByLabel('Its init function returns').fill('enodev');
    await load.getByRole('button', { name: 'Load', exact: true }).click();
    await result(page).getByText('hello was refused').waitFor();
    await result(page).getByText('its own init function said no').waitFor();
    // Again, of the bytes that the daemon has now, with no memory for its node.
    await page.keyboard.press('L');
    await load.getByText('files of this machine’s log').waitFor();
    await load.getByLabel('A file that the daemon has').fill('hello.ko');
    await load.getByLabel('Allocation that finds no memory').fill('1');
    await load.getByRole('button', { name: 'Load', exact: true }).click();
    await result(page).getByText('a node of site_mods found no memory').waitFor();
    // A key, by its exported symbol.
    await page.keyboard.press('e');
    const update = dialog(page, 'Update a key');
    await update.getByLabel('Key').selectOption('_printk');
    await update.getByLabel('Function').fill('vprintk');
    await page.keyboard.press('Enter');
    await result(page)
      .getByText(/^_printk calls vprintk now: \d+ patches/)
      .waitFor();
    await page.keyboard.press('e');
    await update.getByRole('button', { name: 'NULL' }).click();
    await update.getByRole('button', { name: 'Update' }).click();
    await result(page)
      .getByText(/^_printk calls nothing \(NULL\) now/)
      .waitFor();
    const { position: head } = await withClient(site(), (client) => client.machine('kernel').summary());
    expect(head.commit).toBe(10);
    await atCommit(page, 10, 10);
    await page.keyboard.press(',');
    await atCommit(page, 9, 10);
    await result(page).getByRole('button', { name: 'Go to commit 10' }).click();
    await atCommit(page, 10, 10);
    await page.waitForURL((url) => url.searchParams.get('sel') === 'key:_printk');
  });

  it('PAGE-69, PAGE-70, PAGE-71: a fork under other rules stands beside its source, with the figures of the command line', async () => {
    await lab(site(), 'source', ['chain-a', 'hello', 'calls', 'chain-b']);
    const page = await site().open('?m=source&at=4');
    await atCommit(page, 4, 5);
    await page.keyboard.press('x');
    const fork = dialog(page, 'Fork source at commit 4');
    await fork.getByLabel('Static calls', { exact: true }).selectOption('literal');
    await fork.getByLabel('Without modules').fill('hello');
    await page.keyboard.press('Enter');
    const compare = page.getByRole('region', { name: 'source beside source-literal' });
    await compare.getByTestId('comparison').waitFor();
    const { view } = await withClient(site(), (client) => client.machine('source-literal').view());
    expect(view.machine?.staticCall).toBe('literal');
    expect(view.modules.map(({ name }) => name)).toEqual(['chain_a', 'calls']);

    // The figures, row by row.
    const { epoch } = (await withClient(site(), (client) => client.machine('source').summary())).position;
    const cli = start(['compare', `source@${epoch}:4`, 'source-literal', '--url', site().url]);
    const { out } = await cli.done;
    const rows = await compare.getByTestId('comparison').locator('tbody tr').all();
    const shown = await Promise.all(rows.map((row) => row.locator('th, td').allTextContents()));
    const told = out.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(shown.length).toBeGreaterThan(8);
    for (const [name, a, b] of shown) expect(told).toContainEqual([name, a, b]);

    // Both at the same command: commit 4 of the source is commit 3 of the fork.
    await compare.getByText('commit 4 beside 3').waitFor();
    await page.keyboard.press(',');
    await compare.getByText('commit 3 beside 2').waitFor();
    await compare.getByRole('button', { name: /only in source load hello/ }).click();
    await compare.getByText('commit 3 beside 2').waitFor();
    await compare.getByRole('button', { name: /changed load calls/ }).click();
    await compare.getByText('commit 4 beside 3').waitFor();
    await compare
      .getByText(/patches: \d+ the same, \d+ not/)
      .first()
      .waitFor();
    await page.waitForURL(
      ({ searchParams }) => searchParams.get('at') === `${epoch}:4` && searchParams.get('with') === 'source-literal',
    );
    await page.reload();
    await compare.getByText('commit 4 beside 3').waitFor();
    await compare.getByRole('button', { name: 'Close comparison' }).click();
    expect(await compare.count()).toBe(0);
  });

  it('PAGE-69: what a fork lacks is named before, and refused with what to do', async () => {
    const page = await site().open('?m=demo&at=100');
    site().forgive(REFUSED);
    await position(page).waitFor();
    await page.keyboard.press('x');
    const fork = dialog(page, 'Fork demo at commit 100');
    await fork.getByText(/^\d+ module files of this log are not in this daemon: drop them/).waitFor();
    await fork.getByLabel('KASLR').selectOption('seed');
    await fork.getByLabel('Seed').fill('x');
    await page.keyboard.press('Enter');
    await fork.getByRole('alert').filter({ hasText: 'a whole number' }).waitFor();
    await fork.getByLabel('Seed').fill('7');
    await page.keyboard.press('Enter');
    await fork.getByRole('alert').filter({ hasText: 'not in this daemon: drop them on the page' }).waitFor();
    await page.keyboard.press('Escape');
    const names = await withClient(site(), (client) => client.machines());
    expect(names.map(({ name }) => name)).not.toContain('demo-seed-7');
  });

  it('PAGE-72: a session is saved as the daemon exports it, and a machine is removed by who types its name', async () => {
    await lab(site(), 'doomed', ['hello']);
    const page = await site().open('?m=doomed');
    await atCommit(page, 2, 2);
    const exported = await (await fetch(`${site().url}/machines/doomed/session`)).text();
    await page.getByRole('button', { name: 'Machine doomed', exact: true }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Save the session' }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('doomed.veneer.jsonl');
    expect(readFileSync(await download.path(), 'utf8')).toBe(exported);

    await page.getByRole('button', { name: 'Machine doomed', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Remove doomed' }).click();
    const remove = dialog(page, 'Remove doomed');
    expect(await remove.getByRole('button', { name: 'Remove doomed' }).isDisabled()).toBe(true);
    await remove.getByLabel('Type doomed to remove it').fill('doomed');
    await page.keyboard.press('Enter');
    await page.getByText('doomed is removed').first().waitFor();
    const left = await withClient(site(), (client) => client.machines());
    expect(left.map(({ name }) => name)).not.toContain('doomed');
    await page.getByRole('button', { name: /^Machine (?!doomed)/ }).waitFor();
  });

  it('PAGE-62, PAGE-63: without a machine there is one button; module files that are dropped wait for the boot', async () => {
    await withClient(site(), async (client) => {
      for (const { name } of await client.machines()) await client.machine(name).remove();
    });
    const page = await site().open();
    await page.getByRole('heading', { name: 'There is no machine yet' }).waitFor();
    await page.getByRole('button', { name: 'Boot a machine' }).click();
    await dialog(page, 'Boot a machine').getByRole('button', { name: 'Close' }).click();
    await picker(page).setInputFiles(fixturePath('hello.ko'));
    const boot = dialog(page, 'Boot a machine');
    await boot.getByText('Module files need a machine').waitFor();
    await boot.getByRole('button', { name: 'Boot', exact: true }).click();
    await files(page).getByText('1 of 1 file loaded.').waitFor();
    await page.getByRole('button', { name: 'Machine lab', exact: true }).waitFor();
    await atCommit(page, 2, 2);
  });
});

describe.skipIf(!hasChromium)('a daemon of one’s own', () => {
  let browser: Browser;
  let folder: string;
  let daemon: DaemonProcess | undefined;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'veneerd-actions-'));
  });
  afterEach(async () => {
    await daemon?.end('SIGKILL');
    daemon = undefined;
    rmSync(folder, { recursive: true, force: true });
  });
  afterAll(() => browser.close());

  it('PAGE-60: a machine that is damaged is listed, can’t be chosen, and says why', async () => {
    daemon = await startProcess(['--data', folder, '--demo', 'off']);
    const client = connect(daemon.url);
    await client.boot('good');
    client.close();
    const tables = openTables(join(folder, 'log'));
    await tables.machines.put('bad', { form: 2 }, 1);
    await tables.env.close();
    const page = await browser.newPage();
    await page.goto(daemon.url);
    await atCommit(page, 1, 1);
    await page.keyboard.press('m');
    const bad = page.getByRole('menuitemradio', {
      name: /^bad is damaged: .*a newer version of veneerd has written it/,
    });
    await bad.waitFor();
    expect(await bad.getAttribute('aria-disabled')).toBe('true');
    await bad.click({ force: true });
    expect(await page.getByRole('button', { name: 'Machine good', exact: true }).count()).toBe(1);
  });

  it('PAGE-73: a token that may watch looks on, and is told so where it asks for more', async () => {
    const token = 'watch-0123456789abcdef0123456789abcdef';
    const tokens = join(folder, 'tokens');
    writeFileSync(tokens, `watch ${token}\n`, { mode: 0o600 });
    daemon = await startProcess(['--data', join(folder, 'data'), '--demo', 'instant', '--token-file', tokens]);
    const page = await browser.newPage();
    await page.goto(daemon.url);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await position(page).waitFor();
    await page.keyboard.press('b');
    const boot = dialog(page, 'Boot a machine');
    await boot.getByRole('option', { name: /^arm64-6.12,/ }).waitFor({ state: 'attached' });
    await page.keyboard.press('Enter');
    await boot.getByText('This token may watch only.').waitFor();
    await page.keyboard.press('Escape');
    await picker(page).setInputFiles(SESSION);
    await files(page).getByText('This token may watch only.').first().waitFor();
    await page.keyboard.press('e');
    await dialog(page, 'Update a key').getByLabel('Function').fill('NULL');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'The daemon refused' }).getByText('This token may watch only.').waitFor();
  });
});
