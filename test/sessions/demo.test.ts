import { describe, expect, it } from 'vitest';
import { readSession } from '../../clients/cli/session-file.ts';
import { DEMO_SESSION } from '../../daemon/pipelines/demo.ts';
import { emptyView, fold } from '../../protocol/view/fold.ts';
import { viewDigest } from '../../protocol/view/json.ts';

describe('the session that ships', () => {
  it('SES-6: it folds to the digest that it promises, with a window that fills, veneers, updates and refusals in it', async () => {
    const view = emptyView();
    let veneers = 0;
    let promised: string | undefined;
    for await (const item of readSession(DEMO_SESSION)) {
      if (item.kind === 'commit') fold(view, item.commit);
      veneers = Math.max(veneers, view.now.veneers);
      if (item.kind === 'footer') promised = item.footer.digest;
    }
    expect(viewDigest(view)).toBe(promised);
    expect(view.modules.size).toBeGreaterThan(1000);
    expect(veneers).toBeGreaterThan(1000);
    expect(view.staticCalls.ever.updates).toBeGreaterThan(0);
    expect(view.failures.map(({ errno }) => errno)).toEqual(['EEXIST', 'EAGAIN', 'ENODEV']);
  });

  it('SES-13: nothing in it names a commit by its number, so that its commits can be numbered anew', async () => {
    const types = new Set<string>();
    for await (const item of readSession(DEMO_SESSION)) {
      if (item.kind === 'commit') for (const { type } of item.commit.events) types.add(type);
    }
    expect(types).toContain('MachineBooted');
    for (const type of ['BookmarkSet', 'MachineForked']) expect(types).not.toContain(type);
  });
});
