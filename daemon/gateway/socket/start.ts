/** Where a subscription begins, and the view there where it is wanted. */
import type { Position } from '../../../protocol/commit.ts';
import type { From } from '../../../protocol/frames.ts';
import { done, type Outcome, refusedGone } from '../../pipelines/outcome.ts';
import { historyLost } from '../../pipelines/resume.ts';
import type { Runtime } from '../../pipelines/runtime.ts';
import type { ViewText } from '../../pipelines/views.ts';

export interface Start {
  readonly at: Position;
  /** Of the commit there, where the client knows it. */
  readonly id: string | undefined;
  readonly view: Uint8Array | undefined;
}

export async function startOf(
  runtime: Runtime,
  machine: string,
  from: From,
  wantsView: boolean,
): Promise<Outcome<Start>> {
  if (wantsView && from === 'now') {
    const view = await runtime.view(machine);
    return view.ok ? done({ at: view.value.position, id: undefined, view: restOf(view.value) }) : view;
  }
  const at = await runtime.locate(machine, from);
  if (!at.ok) return at;
  const id = typeof from === 'string' ? undefined : from.id;
  const lost = id === undefined ? undefined : await historyLost(runtime.world.log, machine, at.value, id);
  if (lost !== undefined) return lost;
  if (!wantsView) return done({ at: at.value, id, view: undefined });
  const view = await viewAt(runtime, machine, at.value);
  return view.ok ? done({ at: at.value, id, view: view.value }) : view;
}

export async function viewAt(runtime: Runtime, machine: string, at: Position): Promise<Outcome<Uint8Array>> {
  const view = await runtime.view(machine, at.commit);
  if (!view.ok) return view;
  const { position } = view.value;
  if (position.epoch === at.epoch) return done(restOf(view.value));
  return refusedGone(machine, { status: 'epoch-changed', epoch: position.epoch });
}

/** Of the newest view there is one text for all who ask for it, and so there is of its bytes. */
const rests = new WeakMap<ViewText, Uint8Array>();

/** What a frame that holds the view ends with. */
function restOf(view: ViewText): Uint8Array {
  const known = rests.get(view);
  if (known !== undefined) return known;
  const made = Buffer.from(`"view":${view.text}}`);
  rests.set(view, made);
  return made;
}

/** A frame that holds a view, up to that. */
export function headOf(subscription: number, position: Position): string {
  return `${JSON.stringify({ type: 'view', subscription, position }).slice(0, -1)},`;
}
