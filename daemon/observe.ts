/** The runtime as an operator sees it: each command is counted, and logged at level debug. */
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import type { Runtime } from './pipelines/runtime.ts';

export function observed(runtime: Runtime, metrics: Metrics, logger: Logger): Runtime {
  return {
    ...runtime,
    async command(name, request) {
      const { id, command } = request;
      const start = performance.now();
      const outcome = await runtime.command(name, request);
      const ms = performance.now() - start;
      const what = outcome.ok ? (outcome.value.repeated ? 'repeated' : 'done') : outcome.error.code;
      metrics.command(command.type, what, ms / 1000);
      logger.debug(
        {
          machine: name,
          id,
          command: command.type,
          outcome: what,
          commit: outcome.ok ? outcome.value.number : undefined,
          ms,
        },
        'command',
      );
      return outcome;
    },
  };
}
