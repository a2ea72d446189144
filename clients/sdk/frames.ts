/** Frames between text and what they say. */
import type { From, ServerFrame } from '../../protocol/frames.ts';
import { SERVER_FRAME_TYPES } from '../../protocol/wire.ts';

const TYPES: ReadonlySet<string> = new Set(SERVER_FRAME_TYPES);

/** Undefined for what no daemon of veneerd.v1 says. */
export function readFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const frame = JSON.parse(data) as ServerFrame;
    return TYPES.has(frame.type) ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** For a daemon that does not know the feature `commit-ids`. */
export const withoutId = (from: From): From =>
  typeof from === 'string' ? from : { epoch: from.epoch, commit: from.commit };
