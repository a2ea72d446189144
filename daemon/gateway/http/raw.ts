/** An answer on a socket that no HTTP server looks after: the last thing that it says. */
import type { Duplex } from 'node:stream';
import { ERRORS, type WireError } from '../../../protocol/errors.ts';

export function refuseRaw(socket: Duplex, error: WireError): void {
  const body = JSON.stringify(error);
  const challenge = error.code === 'unauthorized' ? 'WWW-Authenticate: Bearer\r\n' : '';
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${ERRORS[error.code].status} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `${challenge}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
