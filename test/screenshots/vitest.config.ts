import { defineConfig } from 'vitest/config';

/** Makes pictures of every page of the console in `.screenshots/`. They are for people to look at; nothing is checked. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/screenshots/**/*.test.ts'],
    testTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
