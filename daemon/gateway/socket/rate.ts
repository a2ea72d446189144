/** How fast frames are read of one connection. What comes faster is not refused: it waits in the network. */
import { FRAMES_AT_ONCE, FRAMES_PER_SECOND } from '../../limits.ts';
import type { Intake } from './intake.ts';

/** To be called for each frame; stops to read when too many came, until there is room for some again. */
export function frameRate(intake: Intake): () => void {
  let room = FRAMES_AT_ONCE;
  let at = performance.now();
  return () => {
    if (--room > 0) return;
    const now = performance.now();
    room = Math.min(FRAMES_AT_ONCE, room + ((now - at) * FRAMES_PER_SECOND) / 1000);
    at = now;
    if (room > 0) return;
    intake.hold('rate');
    setTimeout(() => intake.release('rate'), PAUSE_MS).unref();
  };
}

const PAUSE_MS = 50;
