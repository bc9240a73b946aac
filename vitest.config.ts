import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/kit/global-setup.ts'],
    // A process per file: a test that loses its process takes no other with it, and the watchdogs of
    // its servers notice (they watch a process, not a thread).
    pool: 'forks',
    // Each file has its own servers: three files keep two cores busy, more only wait for one another.
    maxWorkers: 3,
    // A test that passes on the second try is a failing test.
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
