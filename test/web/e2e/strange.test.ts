/** Links and sessions that make little sense, and places that a browser trusts less: the page stays the page. */

import { expect, it } from 'vitest';
import { connect } from '../../../clients/sdk/node.ts';
import { describePage } from './harness.ts';

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
  },
  ['LMDB'],
);

async function last(client: ReturnType<typeof connect>): Promise<{ readonly head: number }> {
  const { position } = await client.machine('demo').summary();
  return { head: position.commit };
}
