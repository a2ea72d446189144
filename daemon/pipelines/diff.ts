/** What differs between two positions. Each diff holds two views: they are made one after the other, and only so many wait. */
import type { Place } from '../../protocol/position.ts';
import { diffViews } from '../../protocol/view/diff.ts';
import type { ViewDiff } from '../../protocol/view/diff-form.ts';
import { viewJson } from '../../protocol/view/json.ts';
import { INSPECTIONS } from '../limits.ts';
import { openMailbox } from './mailbox.ts';
import { done, type Outcome } from './outcome.ts';
import { epochChanged } from './position.ts';
import type { Views } from './views.ts';

export type Differ = (from: Place, to: Place) => Promise<Outcome<ViewDiff>>;

export function openDiffer(viewsOf: (machine: string) => Views, mistake: (error: unknown) => void): Differ {
  const turns = openMailbox(INSPECTIONS, mistake);
  const viewAt = async ({ machine, commit, ...wanted }: Place) => {
    const found = await viewsOf(machine).owned(commit);
    if (!found.ok) return found;
    const { epoch } = found.value.position;
    return epoch === wanted.epoch ? found : epochChanged({ name: machine, epoch }, wanted.epoch);
  };
  return (from, to) =>
    turns.post(async () => {
      const before = await viewAt(from);
      if (!before.ok) return before;
      const after = await viewAt(to);
      if (!after.ok) return after;
      const oneLog = from.machine === to.machine && from.epoch === to.epoch;
      return done(diffViews(viewJson(before.value.view), viewJson(after.value.view), oneLog));
    });
}
