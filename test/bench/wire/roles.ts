/** Processes of the wire's benches: server and clients must not share one, or they would measure each other. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process that answers questions, one after the other. */
export interface Role {
  ask<T>(question: unknown): Promise<T>;
  end(): Promise<void>;
}

/** Starts this program again as `role` (main.ts knows them). */
export function startRole(role: string): Role {
  const child = fork(process.argv[1] as string, ['--role', role], { execArgv: ['--expose-gc', ...process.execArgv] });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the ${role} ended with ${String(code)}`);
  });
  failed.catch(() => undefined);
  return {
    async ask(question) {
      const answer = once(child, 'message');
      child.send(question as object);
      const [value] = (await Promise.race([answer, failed])) as [{ readonly answer: never }];
      return value.answer;
    },
    async end() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

/** Answers the questions of whoever started this process, until they let go of it. */
export function playRole(answer: (question: never) => Promise<unknown>): void {
  process.on('message', (question) => {
    answer(question as never).then(
      (value) => process.send?.({ answer: value ?? null }),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
