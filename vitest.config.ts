import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/faults/**',
      'test/attacks/**',
      'test/system/**',
      'test/screenshots/**',
      'test/console/pages/**',
      'node_modules/**',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // What a test waits for happens; how soon is not asserted.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
