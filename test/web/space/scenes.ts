/** Scenes of recorded sessions, made as the page's worker makes them. */
import { fileURLToPath } from 'node:url';
import { readSession } from '../../../clients/cli/session-file.ts';
import { openPicture } from '../../../clients/web/model/picture.ts';
import { applyUpdate, type Scene } from '../../../clients/web/model/scene.ts';
import { type World, worldOf } from '../../../clients/web/space/world.ts';
import type { View } from '../../../protocol/view/types.ts';

export interface Shown {
  readonly scene: Scene;
  readonly view: View;
  readonly world: World;
}

/** The session in `sessions/` as it is after `commit`. */
export async function shownAt(session: string, commit: number): Promise<Shown> {
  const picture = openPicture(session, { jump: () => {}, fold: () => {} });
  const file = fileURLToPath(new URL(`../../../sessions/${session}.veneer.jsonl.gz`, import.meta.url));
  for await (const item of readSession(file)) {
    if (item.kind === 'commit' && item.commit.number <= commit) picture.fold(item.commit);
  }
  const scene = applyUpdate(null, picture.take().update);
  if (scene.summary.machine === null) throw new Error('the session boots no machine');
  return { scene, view: picture.view, world: worldOf(scene.summary.machine) };
}
