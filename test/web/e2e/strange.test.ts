/** Links and sessions that make little sense, and places that a browser trusts less: the page stays the page. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { connect } from '../../../clients/sdk/node.ts';
import type { Commit } from '../../../protocol/commit.ts';
import { emptyView, fold } from '../../../protocol/view/fold.ts';
import { viewDigest } from '../../../protocol/view/json.ts';
import { describePage } from './harness.ts';

/** What a module is called here. */
const NAME = 'a b:c% <img src=x onerror=alert(1)>';
/** Milliseconds: one more than a date can have. */
const NEVER = 8_640_000_000_000_001;

/** A session of the tour, whose module `compiled` has another name, and whose last commit was taken when no calendar has a day. */
function strangeSession(): Uint8Array {
  const file = new URL('../../../sessions/tour-near.veneer.jsonl.gz', import.meta.url);
  const [head = '', ...lines] = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  const commits = lines.slice(0, -1).map((line, index, all): Commit => {
    const commit = JSON.parse(line.replaceAll(/"compiled"(?!:)/g, JSON.stringify(NAME))) as Commit;
    return index === all.length - 1 ? { ...commit, time: NEVER } : commit;
  });
  const view = emptyView();
  for (const commit of commits) fold(view, commit);
  const end = { end: true, commits: commits.length, digest: viewDigest(view) };
  return new TextEncoder().encode([head, ...[...commits, end].map((line) => JSON.stringify(line)), ''].join('\n'));
}

const PATIENT = { timeout: 20_000 };

describePage(
  'strange',
  (site) => {
    it('PAGE-55: a patch that is not there is asked for by each part once, however much the machine does', async () => {
      const page = await site().open('?m=demo');
      await page.getByTestId('position').waitFor();
      let asked = 0;
      page.on('websocket', (socket) =>
        socket.on('framesent', ({ payload }) => {
          if (String(payload).includes('"commit":99998')) asked++;
        }),
      );
      await page.goto(`${site().url}/?m=demo&sel=patch:99999.0`);
      const demo = connect(site().url);
      const { head } = await last(demo);
      for (let turn = 0; turn < 20; turn++) {
        await demo.machine('demo').command({ type: 'bookmark', name: 'here', at: turn });
        await page.getByText(`of ${(head + turn + 1).toLocaleString('en')}`).waitFor();
      }
      demo.close();
      expect(asked).toBeGreaterThan(0);
      expect(asked).toBeLessThanOrEqual(2);
    });

    it('PAGE-143: a machine is not held beside itself', async () => {
      const page = await site().open('?m=demo&with=demo');
      await page.getByTestId('position').waitFor();
      await expect.poll(() => page.url(), PATIENT).not.toContain('with=');
      expect(await page.locator('.space-view').count()).toBe(1);
    });

    it('PAGE-50: what was chosen in one machine is nothing to go back to in another', async () => {
      const other = connect(site().url);
      await other.boot('other', { preset: 'arm64-6.1' });
      other.close();
      const page = await site().open('?m=demo&sel=key:schedule');
      const inspector = page.getByRole('region', { name: 'Inspector' });
      const back = inspector.getByRole('button', { name: 'Back', exact: true });
      await inspector.getByRole('button', { name: 'Choose nothing' }).click();
      await page.locator('.key-row .row-name').first().click();
      await expect.poll(() => back.isEnabled(), PATIENT).toBe(true);
      await page.keyboard.press('m');
      await page.getByRole('menuitemradio', { name: /^other,/ }).click();
      await page.getByRole('button', { name: 'Machine other' }).waitFor();
      await expect.poll(() => back.isDisabled(), PATIENT).toBe(true);
    });

    it('PAGE-142, PAGE-143: a session with strange names and times is a machine like any other', async () => {
      // A session brings no module files.
      site().forgive(/404/);
      const strange = connect(site().url);
      await strange.importSession('strange', strangeSession());
      const page = await site().open(`?m=strange&sel=${encodeURIComponent(`module:${NAME}`)}`);
      await page.getByTestId('position').waitFor();
      await page.getByText(String(NEVER)).first().waitFor();
      const feed = page.getByRole('region', { name: 'Patches' });
      await feed.getByText(NAME, { exact: true }).first().waitFor();
      const inspector = page.getByRole('region', { name: 'Inspector' });
      await inspector.locator('.subject-name').getByText(NAME, { exact: true }).waitFor();
      await inspector.getByRole('button', { name: '.text', exact: true }).first().click();
      await inspector.locator('.subject-name').getByText('.text', { exact: true }).waitFor();
      await expect.poll(() => page.url(), PATIENT).toContain('sel=section:');
      await page.reload();
      await inspector.locator('.subject-name').getByText('.text', { exact: true }).waitFor();
      await inspector.getByRole('button', { name: NAME, exact: true }).waitFor();
      await inspector.getByText('At this position').waitFor({ state: 'hidden' });
      expect(await page.locator('img').count()).toBe(0);
      strange.close();
    });
  },
  ['LMDB'],
);

async function last(client: ReturnType<typeof connect>): Promise<{ readonly head: number }> {
  const { position } = await client.machine('demo').summary();
  return { head: position.commit };
}
