import { defineConfig } from 'vitest/config';

/** Slow fault tests: kills, power cuts, failing disks. BELFRY_ROUNDS is the number of rounds of each. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/faults/**/*.test.ts'],
    globalSetup: 'test/faults/support/global-setup.ts',
    testTimeout: 24 * 3_600_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
