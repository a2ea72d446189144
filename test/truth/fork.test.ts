import { describe, expect, it } from 'vitest';
import { moduleReader } from '../../daemon/headless/modules.ts';
import { openRecorded } from '../../daemon/headless/recorded.ts';
import type { Commit } from '../../protocol/commit.ts';
import { forked, withoutOrigin } from '../kernel/fork/support.ts';
import { hasTruth, modulesOf, recordings } from '../support/truth.ts';

describe.runIf(hasTruth('forks of what real kernels did'))('forks of what real kernels did', () => {
  for (const recording of recordings()) {
    it(`FORK-4, FORK-8: ${recording.name}, decided again, gives the same events`, { timeout: 300_000 }, async () => {
      const modules = moduleReader(await modulesOf(recording));
      const recorded = await openRecorded(recording.scenario, modules);
      const commits: Commit[] = [];
      for await (const commit of recorded.commits()) commits.push(commit);
      const same = forked(commits, { profile: { layout: recording.machine.layout } }, modules.blobs);
      expect(same.counts).toMatchObject({ decided: commits.length, refused: 0, translated: 0 });
      expect(withoutOrigin(same.commits)).toEqual(commits);
    });
  }
});
