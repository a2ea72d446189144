/**
 * The page as people have it: a daemon of its own with the demo in it, and a real browser. Whatever a page says
 * on its console, and whoever else it talks to, fails the test that opened it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, vi } from 'vitest';
import { type DaemonProcess, startProcess } from '../../e2e/daemon-process.ts';
import { hasChromium, openBrowser } from '../../support/browser.ts';
import { noRedisServer, type RedisServer, startRedis } from '../../support/redis.ts';

/** Commits of the demo. */
export const DEMO_COMMITS = 1277;

export interface Site {
  readonly url: string;
  /** A page at the daemon's address with this query (`?m=demo&at=812`), in a context of its own: nothing is remembered. */
  open(search?: string, options?: BrowserContextOptions): Promise<Page>;
  /** Ends the daemon by a signal; the page goes on. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
  /** What a browser may say of pages whose daemon goes away. */
  forgive(pattern: RegExp): void;
}

interface Store {
  readonly args: readonly string[];
  close(): Promise<void>;
}

const STORES: readonly (readonly [name: string, missing: string | undefined, open: () => Promise<Store>])[] = [
  [
    'LMDB',
    undefined,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'veneerd-page-'));
      return { args: ['--data', folder], close: async () => rmSync(folder, { recursive: true, force: true }) };
    },
  ],
  [
    'Redis',
    noRedisServer(),
    async () => {
      const redis: RedisServer = await startRedis({ appendonly: 'yes' });
      return { args: ['--redis', redis.url], close: redis.close };
    },
  ],
];

export const BOTH = STORES.map(([store]) => store);
/** `npm run test:e2e` says so; in the whole suite most of what the page does is tried on one store: it does not depend on it. */
const EVERY = import.meta.env.MODE === 'every-store';

/** Describes what the page does, once on each of the stores. `site` is there from the first test on. */
export function describePage(
  name: string,
  suite: (site: () => Site) => void,
  only: readonly string[] = EVERY ? BOTH : ['LMDB'],
): void {
  for (const [store, missing, openStore] of STORES.filter(([store]) => only.includes(store))) {
    const skipped = missing ?? (hasChromium ? undefined : 'SKIPPED: there is no Chromium on this machine');
    describe.skipIf(skipped !== undefined)(`${name}, ${store}${skipped === undefined ? '' : `, ${skipped}`}`, () => {
      let browser: Browser;
      let kept: Store;
      let daemon: DaemonProcess;
      let faults: string[] = [];
      let forgiven: RegExp[] = [];
      let site: Site;
      let stopped = false;

      beforeAll(async () => {
        kept = await openStore();
        daemon = await startProcess([...kept.args, '--demo', 'instant']);
        browser = await openBrowser();
        const { url } = daemon;
        await demoPlayed(url);
        site = {
          url,
          async open(search = '', options = {}) {
            const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
            const page = await context.newPage();
            watch(page, url);
            await page.goto(`${url}/${search}`);
            return page;
          },
          async stop(signal) {
            stopped = true;
            await daemon.end(signal);
          },
          async start() {
            stopped = false;
            daemon = await startProcess(['--port', new URL(url).port, ...kept.args, '--demo', 'off']);
          },
          forgive: (pattern) => void forgiven.push(pattern),
        };
      });
      afterEach(async () => {
        // A test that failed before it had started the daemon again fails alone.
        if (stopped) await site.start();
        await Promise.all(browser.contexts().map((context) => context.close()));
        const met = faults.filter((fault) => !forgiven.some((pattern) => pattern.test(fault)));
        faults = [];
        forgiven = [];
        expect(met).toEqual([]);
      });
      afterAll(async () => {
        await browser?.close();
        daemon?.child.kill('SIGKILL');
        await kept?.close();
      });

      function watch(page: Page, url: string): void {
        page.on('console', (message) => {
          if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
        });
        page.on('pageerror', (error) => faults.push(`error: ${error.stack ?? error.message}`));
        page.on('request', (request) => {
          const to = new URL(request.url());
          if (to.origin !== url && to.protocol !== 'data:' && to.protocol !== 'blob:') {
            faults.push(`talks to ${to.origin}`);
          }
        });
      }

      suite(() => site);
    });
  }
}

async function demoPlayed(url: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const answer = await fetch(`${url}/machines/demo`);
      const { position } = (await answer.json()) as { position: { commit: number } };
      expect(position.commit).toBe(DEMO_COMMITS);
    },
    { timeout: 60_000, interval: 100 },
  );
}
