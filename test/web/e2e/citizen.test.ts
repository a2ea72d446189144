import { get, type IncomingMessage } from 'node:http';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type Client, connect } from '../../../clients/sdk/node.ts';
import { startProxy } from '../../sdk/proxy.ts';
import { commitsIn } from '../tour/tour.ts';
import { DEMO_COMMITS, describePage, type Site } from './harness.ts';

/** A page may take its time on a busy machine. */
const PATIENT = { timeout: 20_000 };
/** What Chromium says on its console of a daemon that is away, and of answers that are errors. */
const AWAY = /ERR_CONNECTION|WebSocket connection|Failed to load resource/;

const position = (page: Page) => page.getByTestId('position');
const heard = (page: Page) => page.getByTestId('heard');
const live = (page: Page) => page.getByRole('button', { name: 'live', pressed: true });
const mode = (page: Page, name: string) => page.locator('.mode', { hasText: name });
const lost = (page: Page) => page.getByText('The connection is lost');
const problem = (page: Page) => page.getByRole('alert');
const showsCommit = (page: Page, commit: number) =>
  position(page)
    .filter({ hasText: `commit ${commit.toLocaleString('en')} of` })
    .waitFor();

async function withClient<T>(site: Site, act: (client: Client) => Promise<T>): Promise<T> {
  const client = connect(site.url);
  try {
    return await act(client);
  } finally {
    client.close();
  }
}

/** How much wider the page is than its window. */
const sideways = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describePage('a good citizen', (site) => {
  it('PAGE-90, PAGE-99: the daemon is killed and comes back: the picture stays, says so, and goes on', async () => {
    await withClient(site(), (client) => client.boot('kept'));
    const [following, standing] = [await site().open('?m=kept'), await site().open('?m=demo&at=812')];
    site().forgive(AWAY);
    await live(following).waitFor();
    await showsCommit(standing, 812);
    await site().stop('SIGKILL');
    await lost(following).waitFor();
    // It counts on, aside from what is read out.
    await following.locator('.banner [aria-hidden]', { hasText: /^[1-9]\d* s$/ }).waitFor();
    expect(await position(following).textContent()).toBe('commit 1 of 1');
    expect(await following.evaluate('getComputedStyle(document.querySelector("main")).filter')).not.toBe('none');
    expect(await live(following).count()).toBe(0);
    await following.keyboard.press('L');
    const load = following.getByRole('dialog');
    await load.getByText('There is no connection; commands wait until it is back.').waitFor();
    expect(await load.getByRole('button', { name: 'Go live' }).count()).toBe(0);
    await following.keyboard.press('Escape');
    // Whoever stands still notices at the latest when something is asked for.
    await standing.keyboard.press('.');
    await lost(standing).waitFor();

    await site().start();
    await live(following).waitFor();
    await expect.poll(() => lost(following).count(), PATIENT).toBe(0);
    await expect.poll(() => heard(following).textContent(), PATIENT).toMatch(/Connected again|live at commit/);
    await withClient(site(), (client) => client.machine('kept').command({ type: 'bookmark', name: 'back', at: 1 }));
    await showsCommit(following, 2);
    await showsCommit(standing, 813);
    expect(await lost(standing).count()).toBe(0);
  });

  it('PAGE-91: a picture that takes its time says so, and then how far it has caught up', async () => {
    const [first, ...rest] = await commitsIn('demo.veneer.jsonl.gz');
    await withClient(site(), async (client) => {
      const proxy = await startProxy(site().url);
      const page = await (await site().open()).context().newPage();
      const machine = client.machine('behind');
      const { position: at } = await machine.append(null, [first!]);
      await page.goto(`${proxy.url}/?m=behind`);
      await live(page).waitFor();
      proxy.refuse(true);
      proxy.cut();
      await lost(page).waitFor();
      await machine.append(at, rest);
      proxy.delay(300);
      proxy.refuse(false);
      const bar = page.getByRole('progressbar', { name: 'Catching up' });
      await bar.waitFor(PATIENT);
      await expect.poll(() => bar.getAttribute('max'), PATIENT).toBe(String(DEMO_COMMITS));
      await page.locator('.banner', { hasText: /commit [\d,]+ of 1,277/ }).waitFor();
      await mode(page, 'loading').waitFor();
      proxy.delay(0);
      await live(page).waitFor(PATIENT);
      await showsCommit(page, DEMO_COMMITS);
      expect(await bar.count()).toBe(0);
      proxy.delay(500);
      await page.goto(`${proxy.url}/?m=demo`, { waitUntil: 'commit' });
      await page.getByText('Fetching the picture of demo').waitFor(PATIENT);
      proxy.delay(0);
      await live(page).waitFor(PATIENT);
      await proxy.close();
    });
  });

  it('PAGE-92: what is no name and no position is said in words of the page', async () => {
    site().forgive(/40[04]/);
    const page = await site().open('?m=../x');
    await page.getByRole('alert').filter({ hasText: '“../x” is no name of a machine' }).waitFor();
    await page.getByRole('button', { name: 'Show another machine' }).click();
    await live(page).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.type('nonsense');
    await page.keyboard.press('Enter');
    await page
      .getByRole('alert')
      .filter({ hasText: '“nonsense” is no position: a commit, -100, @bookmark.' })
      .waitFor();
    await page.getByRole('button', { name: 'Go to the newest commit' }).click();
    await live(page).waitFor();
  });

  it('PAGE-92: a machine that is removed, one that was made anew, a position ahead: each says what to do', async () => {
    site().forgive(AWAY);
    await withClient(site(), async (client) => {
      await client.boot('shortlived');
      const page = await site().open('?m=shortlived');
      await live(page).waitFor();
      await client.machine('shortlived').remove();
      await problem(page).filter({ hasText: 'There is no machine shortlived' }).waitFor();
      expect(await position(page).textContent()).toBe('commit 1 of 1');
      await expect.poll(() => live(page).count()).toBe(0);
      await client.boot('shortlived');
      await problem(page).getByRole('button', { name: 'Look again' }).click();
      await live(page).waitFor();
      await expect.poll(() => problem(page).count()).toBe(0);

      const { position: was } = await client.machine('shortlived').summary();
      await client.machine('shortlived').remove();
      await problem(page).waitFor();
      await problem(page).getByRole('button', { name: 'Show another machine' }).click();
      await live(page).waitFor();
      await expect.poll(() => new URL(page.url()).searchParams.get('m')).not.toBe('shortlived');

      await client.boot('shortlived');
      await page.goto(`${site().url}/?m=shortlived&at=${was.epoch}:1`);
      await problem(page).filter({ hasText: 'made anew' }).waitFor();
      await problem(page).getByRole('button', { name: 'Show the new one' }).click();
      await live(page).waitFor();

      await page.goto(`${site().url}/?m=shortlived&at=99`);
      await problem(page).filter({ hasText: 'shortlived has not come so far' }).waitFor();
      await problem(page).getByRole('button', { name: 'Go to the newest commit' }).click();
      await live(page).waitFor();
    });
  });

  it('PAGE-127: a link may be ahead of its machine: the newest commit is shown, and the one of the link as soon as it is there', async () => {
    site().forgive(AWAY);
    await withClient(site(), async (client) => {
      await client.boot('young', { preset: 'arm64-6.1' });
      const page = await site().open('?m=young&at=3');
      await problem(page).getByText('position-ahead').waitFor();
      await showsCommit(page, 1);
      // Steps lead nowhere else as long as nothing was shown, and the link stays what it was.
      expect(new URL(page.url()).searchParams.get('at')).toBe('3');
      for (const name of ['two', 'three', 'four']) {
        await client.machine('young').command({ type: 'bookmark', name, at: 1 });
      }
      await showsCommit(page, 3);
      await mode(page, 'paused').waitFor();
      await expect.poll(() => problem(page).count(), PATIENT).toBe(0);
    });
  });

  it('PAGE-94, PAGE-99: the title says machine and position, a jump is told when it ends, a reload restores it', async () => {
    const page = await site().open();
    await live(page).waitFor();
    await expect.poll(() => page.title()).toBe('demo, live – veneerd');
    await page.keyboard.press(',');
    await page.keyboard.press(',');
    await showsCommit(page, DEMO_COMMITS - 2);
    await expect.poll(() => page.title()).toBe('demo at commit 1,275 – veneerd');
    await expect
      .poll(() => heard(page).textContent(), PATIENT)
      .toMatch(/^demo, paused at commit 1,275 of 1,277: .*veneers\.$/);
    await expect.poll(() => page.url(), PATIENT).toMatch(/at=[0-9a-f]+:1275/);
    await page.reload();
    await showsCommit(page, DEMO_COMMITS - 2);
    await page.keyboard.press('i');
    await expect.poll(() => heard(page).textContent()).toMatch(/^demo, paused at commit 1,275/);
  });

  it('PAGE-95: nothing is scrolled sideways, and what is pressed is large enough', async () => {
    const page = await site().open('?m=demo&at=1268&sel=module:xfs&tour=share');
    for (const width of [1280, 900, 390, 360]) {
      await page.setViewportSize({ width, height: 844 });
      await showsCommit(page, 1268);
      await expect.poll(() => sideways(page), PATIENT).toBe(0);
      expect(await page.evaluate(SMALL)).toEqual([]);
    }
  });

  it('PAGE-97: only the daemon is talked to, no policy is violated, and nothing is inline', async () => {
    const page = await site().open('?tour=callee');
    await page.evaluate(
      'addEventListener("securitypolicyviolation", (event) => console.error(event.violatedDirective, event.blockedURI))',
    );
    const index = await fetch(`${site().url}/`);
    expect(index.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self';/);
    const html = await index.text();
    expect(html.length).toBeLessThan(4096);
    for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
      expect([attributes?.includes('src="/assets/'), body]).toEqual([true, '']);
    }
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=/);
    // What the console and the network say fails the test: harness.ts.
    for (const key of ['ArrowRight', 'ArrowRight', '?', 'Escape', 'Escape']) await page.keyboard.press(key);
    await live(page).or(mode(page, 'paused')).first().waitFor();
  });

  it('PAGE-98: what loads before the first disassembly is less than 300 kB, compressed', async () => {
    const page = await site().open();
    const asked = new Set<string>();
    page.on('request', (request) => asked.add(new URL(request.url()).pathname));
    await page.reload();
    await live(page).waitFor();
    await page.waitForLoadState('networkidle');
    const files = [...asked].filter((path) => path === '/' || path.startsWith('/assets/') || path === '/icon.svg');
    expect(files.some((path) => /worker.*\.js$/.test(path))).toBe(true);
    let bytes = 0;
    for (const file of files) bytes += await sizeOf(`${site().url}${file}`);
    console.log(`what loads first: ${files.length} files, ${(bytes / 1000).toFixed(1)} kB compressed`);
    expect(bytes).toBeLessThan(300_000);
  });

  it('PAGE-99: the first Tab offers the parts, `?` lists the keys by part, and Escape goes back', async () => {
    const page = await site().open('?m=demo&span=all');
    await live(page).waitFor();
    await page.keyboard.press('Tab');
    const links = page.getByRole('navigation', { name: 'Parts of the page' }).getByRole('link');
    expect(await page.locator(':focus').textContent()).toBe('Address space');
    expect(await links.count()).toBe(5);
    const address = page.url();
    for (const [index, part] of ['space', 'keys', 'feed', 'inspector', 'time'].entries()) {
      await links.nth(index).press('Enter');
      await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe(part);
    }
    expect(page.url()).toBe(address);
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keys' });
    await help.waitFor();
    const parts = await help.getByRole('heading', { level: 3 }).allTextContents();
    expect(new Set(parts).size).toBe(parts.length);
    for (const part of ['Page', 'Machines', 'Tour', 'Address space', 'Keys', 'Patches', 'Inspector', 'Time']) {
      expect(parts).toContain(part);
    }
    expect(await help.getByText('take the tour').count()).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => help.count()).toBe(0);
    expect(await page.locator(':focus').getAttribute('id')).toBe('time');
  });

  it('PAGE-124: with reduced motion nothing moves; with more contrast lines and dim text are stronger', async () => {
    const plain = await site().open('?m=demo&at=1100', { reducedMotion: 'reduce', contrast: 'no-preference' });
    await showsCommit(plain, 1100);
    await plain.keyboard.press('.');
    await showsCommit(plain, 1101);
    expect(await plain.evaluate('document.getAnimations().length')).toBe(0);
    const strong = await site().open('', { contrast: 'more' });
    const token = (page: Page, name: string) =>
      page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue('--${name}')`);
    for (const name of ['line', 'dim']) expect(await token(strong, name)).not.toBe(await token(plain, name));
  });
});

/**
 * Asked in the page: what can be pressed, is seen and is smaller than 24 by 24, but for what WCAG 2.5.8 lets pass: what stands in
 * a line of text (addresses, operands), and what has so much room around it that a circle of 24 meets nothing else.
 */
const SMALL = `(() => {
  const all = [...document.querySelectorAll('button, a, input, select, [role=slider]')]
    .filter((one) => !one.closest('.skip-links') && !one.matches('.address, .link, .operand, .listing *, h1 a'))
    .map((one) => ({ one, box: one.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0);
  const small = all.filter(({ box }) => box.width < 24 || box.height < 24);
  const apart = (box, other) => {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const to = (from, end, at) => Math.max(from - at, 0, at - end);
    return Math.hypot(to(other.left, other.right, x), to(other.top, other.bottom, y)) >= 12;
  };
  return small
    .filter(({ one, box }) => all.some((other) => other.one !== one && !apart(box, other.box)))
    .map(({ one, box }) => one.outerHTML.slice(0, 120) + ' ' + box.width + 'x' + box.height);
})()`;

/** Bytes of a file as a browser gets it. */
async function sizeOf(url: string): Promise<number> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'br' } }, resolve).on('error', reject);
  });
  let bytes = 0;
  for await (const piece of answer) bytes += (piece as Buffer).length;
  expect(answer.statusCode).toBe(200);
  return bytes;
}
