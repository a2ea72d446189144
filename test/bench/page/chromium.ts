/** A Chromium that writes down what it does: the page beside an empty one, which shows what the machine leaves to anybody. */
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { openBrowser } from '../../support/browser.ts';
import { TRACED, type TraceEvent } from './trace.ts';

const RECORDER = fileURLToPath(new URL('recorder.js', import.meta.url));

/** What recorder.js writes down; milliseconds since `origin`, which is in milliseconds since 1970. */
export interface Record {
  readonly origin: number;
  readonly frames: readonly number[];
  /** By frame: the commit that stood on the page when it began; -1: none. */
  readonly shown: readonly number[];
  readonly scenes: readonly number[];
  readonly wishes: readonly (readonly [time: number, wish: number | string])[];
  /** Milliseconds that each took. */
  readonly longTasks: readonly number[];
}

export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  take(): Promise<Record>;
}

export interface Chromium {
  readonly browser: Browser;
  /** A fresh context with one page in it, which has not gone anywhere yet. */
  open(): Promise<Watched>;
  /** Traces everything until the returned function is called. */
  trace(): Promise<() => Promise<readonly TraceEvent[]>>;
  close(): Promise<void>;
}

export async function openChromium(): Promise<Chromium> {
  const browser = await openBrowser();
  const session = await browser.newBrowserCDPSession();
  return {
    browser,
    async open() {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      await page.addInitScript({ path: RECORDER });
      return { page, context, take: () => page.evaluate('bench.take()') as Promise<Record> };
    },
    trace: () => trace(session),
    close: () => browser.close(),
  };
}

/** Nothing but the recorder, which asks for every frame. */
export async function openEmpty(chromium: Chromium): Promise<Watched> {
  const watched = await chromium.open();
  await watched.page.goto('data:text/html,<!doctype html><title>empty</title>');
  return watched;
}

async function trace(session: CDPSession): Promise<() => Promise<readonly TraceEvent[]>> {
  const kept: TraceEvent[] = [];
  const keep = ({ value }: { readonly value: readonly object[] }): void => {
    for (const event of value as readonly TraceEvent[]) if (TRACED.has(event.name)) kept.push(event);
  };
  session.on('Tracing.dataCollected', keep);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      recordMode: 'recordAsMuchAsPossible',
      excludedCategories: ['*'],
      includedCategories: ['__metadata', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
    },
  });
  return async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    session.off('Tracing.dataCollected', keep);
    return kept;
  };
}
