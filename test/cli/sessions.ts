/** A short real session for the tests: what the simulated kernel decided on a default machine. */
import { createHash } from 'node:crypto';
import { decide, initialState } from '../../daemon/kernel/kernel.ts';
import type { Command } from '../../protocol/commands.ts';
import type { Commit } from '../../protocol/commit.ts';
import { COMMIT_VERSION } from '../../protocol/commit-version.ts';
import { fixture } from '../fixtures/fixtures.ts';

const START = Date.UTC(2026, 0, 1);

/** Boots, loads `files` of the fixtures, one commit each, a second apart. */
export function session(...files: readonly string[]): readonly Commit[] {
  const blobs = new Map<string, Uint8Array>();
  const commands: Command[] = [{ type: 'boot' }];
  for (const file of files) {
    const bytes = fixture(file);
    const blob = createHash('sha256').update(bytes).digest('hex');
    blobs.set(blob, bytes);
    commands.push({ type: 'load', blob, file });
  }
  let state = initialState();
  return commands.map((command, index) => {
    const decision = decide(state, command, blobs);
    if (!decision.ok) throw new Error(decision.message);
    state = decision.state;
    const number = index + 1;
    return {
      v: COMMIT_VERSION,
      number,
      time: START + index * 1000,
      id: `c${number}`,
      command,
      events: [...decision.events],
    };
  });
}
