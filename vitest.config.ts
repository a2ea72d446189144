import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    // Much of a test's time is waiting for what it started: two of them at a time, also on two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Tests start daemons, servers and compilers on machines that may be busy: time is no verdict here.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
