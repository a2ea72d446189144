/**
 * What a daemon counts about itself, as Prometheus reads it (GET /metrics). Names and labels are a contract with people's
 * dashboards: docs/operations.md lists them. Labels have few values, none of them chosen by a client.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../protocol/errors.ts';
import type { Conflicts } from './pipelines/machine.ts';
import { VERSION } from './version.ts';

/** What came of a command: its commit, the commit that it had before, or a refusal. */
export type CommandOutcome = 'done' | 'repeated' | ErrorCode;

export interface Metrics {
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  readonly contentType: string;
  /** Counts that the pipelines keep: read when somebody scrapes. */
  conflicts(counts: Conflicts): void;
  command(type: string, outcome: CommandOutcome, seconds: number): void;
  request(method: string, route: string, status: number, seconds: number): void;
  connection(change: 1 | -1): void;
  subscription(change: 1 | -1): void;
  /** Whether the log takes writes, and how long the answer to that took. */
  store(up: boolean, seconds: number): void;
}

/** From a command in memory (0.1 ms) to the patience of a client. */
const SECONDS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function openMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'veneerd_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version: VERSION },
    1,
  );
  const commands = new Counter({
    name: 'veneerd_commands_total',
    help: 'Commands, by type and by what came of them: done, repeated, or the code of the refusal.',
    labelNames: ['type', 'outcome'],
    registers,
  });
  const commandSeconds = new Histogram({
    name: 'veneerd_command_duration_seconds',
    help: 'From a command that was read to its answer.',
    labelNames: ['type'],
    buckets: SECONDS,
    registers,
  });
  const requests = new Histogram({
    name: 'veneerd_http_request_duration_seconds',
    help: 'HTTP requests, by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const connections = new Gauge({ name: 'veneerd_connections', help: 'Open WebSockets.', registers });
  const subscriptions = new Gauge({ name: 'veneerd_subscriptions', help: 'Open subscriptions.', registers });
  const storeUp = new Gauge({
    name: 'veneerd_store_up',
    help: 'Whether the log took the last trial write: 1 or 0.',
    registers,
  });
  const storeSeconds = new Gauge({
    name: 'veneerd_store_check_seconds',
    help: 'How long the last trial write took.',
    registers,
  });

  return {
    conflicts(counts) {
      new Counter({
        name: 'veneerd_conflicts_total',
        help: 'Commits that another daemon was first to, by what came of them: decided again, or given up.',
        labelNames: ['outcome'],
        registers,
        collect() {
          this.reset();
          this.inc({ outcome: 'retried' }, counts.retried);
          this.inc({ outcome: 'given-up' }, counts.givenUp);
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    command(type, outcome, seconds) {
      commands.inc({ type, outcome });
      commandSeconds.observe({ type }, seconds);
    },
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    connection: (change) => connections.inc(change),
    subscription: (change) => subscriptions.inc(change),
    store(up, seconds) {
      storeUp.set(up ? 1 : 0);
      storeSeconds.set(seconds);
    },
  };
}
