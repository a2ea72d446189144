/**
 * `npm run screenshots`: the page's main states as pictures in docs/images, taken of a daemon with the demo and a machine that
 * a fork stands beside. Each picture waits for what it shows.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { connect } from '../../../clients/sdk/node.ts';
import { fromHex, toHex } from '../../../protocol/address.ts';
import { startProcess } from '../../e2e/daemon-process.ts';
import { fixture } from '../../fixtures/fixtures.ts';
import { openBrowser } from '../../support/browser.ts';

const OUT = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };

interface Picture {
  readonly name: string;
  /** Empty: the call that the machines have. */
  readonly search: string;
  readonly theme: 'dark' | 'light';
  readonly size: { readonly width: number; readonly height: number };
  readonly ready: (page: Page) => Promise<void>;
}

const said = (text: string | RegExp) => (page: Page) => page.getByText(text).first().waitFor();

/** A site beyond reach, after an update has rewritten hundreds of calls. */
const FAR_SITE = '0xffff80001419d2fc';
const USED = 'span=0xffff800000d00000-0xffff800014600000';

const PICTURES: readonly Picture[] = [
  { name: 'page', search: `?m=demo&at=1270&sel=${FAR_SITE}&${USED}`, theme: 'dark', size: WIDE, ready: said('1,270') },
  {
    name: 'page-light',
    search: `?m=demo&at=1270&sel=key:schedule&${USED}`,
    theme: 'light',
    size: WIDE,
    ready: said('1,270'),
  },
  { name: 'page-code', search: '', theme: 'dark', size: WIDE, ready: said('Disassembly') },
  {
    name: 'page-tour',
    search: '?tour=callee',
    theme: 'dark',
    size: WIDE,
    ready: said('A far call does not name its trampoline'),
  },
  {
    name: 'page-beside',
    search: '?m=near&with=out-of-line&span=0xffff800000d00000-0xffff80000b000000',
    theme: 'dark',
    size: WIDE,
    ready: said('near'),
  },
  {
    name: 'page-phone',
    search: `?m=demo&at=1270&sel=key:schedule&${USED}`,
    theme: 'dark',
    size: PHONE,
    ready: said('1,270'),
  },
];

const folder = mkdtempSync(join(tmpdir(), 'veneerd-pictures-'));
const daemon = await startProcess(['--data', folder, '--demo', 'instant']);
try {
  const call = await twoMachines(daemon.url);
  const code = `?m=near&sel=${toHex(call)}&span=${toHex(call - 28)}-${toHex(call + 36)}`;
  const browser = await openBrowser();
  for (const picture of PICTURES) {
    await take(browser, picture.search === '' ? { ...picture, search: code } : picture);
  }
  await browser.close();
} finally {
  await daemon.end('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}

/** A machine, and what would have been under another flavour; the address of a call in it. */
async function twoMachines(url: string): Promise<number> {
  const client = connect(url);
  const near = JSON.parse(readFileSync(new URL('../../../docs/examples/near.json', import.meta.url), 'utf8'));
  await client.boot('near', { profile: near });
  const machine = client.machine('near');
  for (const name of ['hello', 'sections', 'calls', 'chain-a', 'chain-b', 'chain-c']) {
    const { sha256 } = await client.upload(fixture(`${name}.ko`), `${name}.ko`);
    await machine.command({ type: 'load', blob: sha256, file: `${name}.ko` });
  }
  await machine.command({ type: 'update', key: 'kfree', func: '_printk' });
  await machine.fork({ as: 'out-of-line', changes: { profile: { staticCall: 'out-of-line' } } });
  const { view } = await machine.view();
  const key = view.staticCalls.keys.find(({ name }) => name === 'kfree');
  const call = key?.chain[0]?.sites.find(({ bytes }) => bytes !== null)?.address;
  client.close();
  if (call === undefined) throw new Error('no module of the picture calls kfree');
  return fromHex(call);
}

async function take(browser: Browser, { name, search, theme, size, ready }: Picture): Promise<void> {
  const context = await browser.newContext({ viewport: size, colorScheme: theme, reducedMotion: 'reduce' });
  // Whoever looks at the picture has been here before.
  await context.addInitScript(() => localStorage.setItem('veneerd-tour-offered', 'yes'));
  const page = await context.newPage();
  await page.goto(`${daemon.url}/${search}`);
  await ready(page);
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: join(OUT, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
  await context.close();
}
