/** A machine under load: what is known of it, and who waits for news. */
import { type Answer, emptyHistory, type History } from './history.ts';

export interface Machine {
  readonly name: string;
  readonly history: History;
  /** A command with this id is about to be sent. */
  send(id: string): void;
  answered(answer: Answer): void;
  /** An attempt whose answer nobody waits for: `lates` resolves when all of them are over. */
  late(attempt: Promise<unknown>): void;
  lates(): Promise<unknown>;
  /** Resolves when a command is answered that was sent after this call. */
  progress(): Promise<void>;
}

export function openMachine(name: string): Machine {
  const history = emptyHistory(name);
  const lates = new Set<Promise<unknown>>();
  const waiting = new Set<(ordinal: number) => void>();
  return {
    name,
    history,
    send(id) {
      history.sent.set(id, history.sent.size + 1);
    },
    answered(answer) {
      history.answers.push(answer);
      for (const look of waiting) look(history.sent.get(answer.id) ?? 0);
    },
    late(attempt) {
      lates.add(attempt);
      void attempt.finally(() => lates.delete(attempt));
    },
    lates: () => Promise.all(lates),
    progress() {
      const mark = history.sent.size;
      return new Promise((resolve) => {
        const look = (ordinal: number): void => {
          if (ordinal <= mark) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
  };
}
