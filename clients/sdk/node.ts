/** The SDK in Node: 20 has no global WebSocket, `ws` is one. */
import { WebSocket } from 'ws';
import { connect as connectWith } from './client.ts';
import type { Client, ConnectOptions, SocketConstructor } from './types.ts';

export { ClientError, type ClientErrorCode } from './errors.ts';
export type * from './types.ts';

export function connect(url: string, options: ConnectOptions = {}): Client {
  return connectWith(url, { WebSocket: WebSocket as unknown as SocketConstructor, ...options });
}
