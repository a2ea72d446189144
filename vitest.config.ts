import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    // Tests start daemons, servers and compilers on machines that may be busy: time is no verdict here.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
