/**
 * Whether the commits of a session fit each other: no command id twice, the kernel's state and the view can take each one,
 * and the view at the end has the digest that the footer names. Of a segment whose base nobody has only the ids are checked.
 */
import type { Commit } from '../../../protocol/commit.ts';
import { fold } from '../../../protocol/view/fold.ts';
import type { View } from '../../../protocol/view/types.ts';
import { evolve, initialState, type State } from '../../kernel/kernel.ts';
import { digestOf } from './digest.ts';
import { openIdSet } from './ids.ts';
import { SessionFault, type SessionItem } from './read.ts';

/** What is wrong with a log's first commit: it boots a machine, or shows a host that shows too little of itself to be one. */
export function badBeginning({ events: [first] }: Commit): string | undefined {
  if (first?.type === 'MachineBooted' || first?.type === 'HostObserved') return undefined;
  return 'expected MachineBooted or HostObserved first';
}

/** Gives the items on, each after it was checked, and folds `view`, which stands before the first commit if it can be had. */
export async function* checkSession(
  items: AsyncIterable<SessionItem>,
  view: View,
): AsyncGenerator<SessionItem, void, undefined> {
  const ids = openIdSet();
  let state: State | undefined;
  let folding = false;
  for await (const item of items) {
    switch (item.kind) {
      case 'header': {
        const { from = 1 } = item.header;
        folding = from === view.commit + 1;
        if (from === 1) state = initialState();
        break;
      }
      case 'commit': {
        const { line, commit } = item;
        const bad = commit.number === 1 ? badBeginning(commit) : undefined;
        if (bad !== undefined) throw new SessionFault(line, bad);
        if (!ids.add(commit.id)) throw new SessionFault(line, `the command id ${commit.id} is there twice`);
        try {
          if (state !== undefined) for (const event of commit.events) state = evolve(state, event);
          if (folding) fold(view, commit);
        } catch (error) {
          throw new SessionFault(line, `commit ${commit.number}: ${error instanceof Error ? error.message : error}`);
        }
        break;
      }
      case 'footer': {
        const digest = folding ? await digestOf(view) : item.footer.digest;
        if (digest !== item.footer.digest) {
          throw new SessionFault(item.line, `digest: found ${item.footer.digest}, the commits give ${digest}`);
        }
      }
    }
    yield item;
  }
}
