/** The names and numbers of `veneerd.v1` that a client needs: without its schemas, which need a library. */

export const SUBPROTOCOL = 'veneerd.v1';
export const SOCKET_PATH = '/ws';

/** Types of the frames that a daemon sends; frames.ts has their schemas. */
export const SERVER_FRAME_TYPES = [
  'hello',
  'subscribed',
  'view',
  'commits',
  'state',
  'live',
  'end',
  'result',
  'error',
  'beat',
] as const;
export type ServerFrameType = (typeof SERVER_FRAME_TYPES)[number];

/** What came to `veneerd.v1` after its first release: a client uses it where `hello` names it. */
export const FEATURES = ['beat', 'commit-ids'] as const;
export type Feature = (typeof FEATURES)[number];

/** WebSocket close codes: 4000-4499 mean come back and resume, 4500-4999 mean don't. */
export const CLOSE = { shuttingDown: 4000, tooSlow: 4001, badFrames: 4500 } as const;

/** RFC 6455: the frame is longer than the daemon takes. The same frame would meet the same end. */
const MESSAGE_TOO_BIG = 1009;

/** Whether a client whose socket was closed with `code` should connect again. */
export const mayReconnect = (code: number): boolean => code !== MESSAGE_TOO_BIG && (code < 4500 || code > 4999);
