/**
 * Answers under way on each connection: one that nobody takes off is given up, and when a connection ends all of them
 * hear of it. Node tells only the one whose turn it is; those that wait behind it would never end, and hold what they hold.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export function boundAnswers(server: Server, idleMs: number): void {
  const underWay = new WeakMap<Socket, Set<ServerResponse>>();

  function answersOf(socket: Socket): Set<ServerResponse> {
    const known = underWay.get(socket);
    if (known !== undefined) return known;
    const answers = new Set<ServerResponse>();
    underWay.set(socket, answers);
    socket.once('close', () => {
      for (const answer of answers) {
        if (answer.socket !== null) continue;
        answer.destroy();
        answer.emit('close');
      }
    });
    return answers;
  }

  // Before anybody else hears of the request.
  server.prependListener('request', ({ socket }, answer) => {
    const answers = answersOf(socket);
    answers.add(answer);
    answer.once('close', () => answers.delete(answer));
  });
  server.setTimeout(idleMs, (socket) => {
    // An answer that the daemon works at, a fork say, may take its time.
    const works = socket.writableLength === 0 && (underWay.get(socket)?.size ?? 0) > 0;
    if (!works) socket.destroy();
  });
}
