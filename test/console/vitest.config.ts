import { defineConfig } from 'vitest/config';

/** Every test of the web console, also those of its single pages, which take too long for each run of `npm test`. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/console/**/*.test.ts'],
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
