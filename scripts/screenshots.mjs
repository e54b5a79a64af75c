// `npm run screenshots [-- PAGE]`: pictures of the pages of the console, in .screenshots/; `-- --docs`: those of docs/console.md, in docs/console/.
// See console/README.md.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build/build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
await build();
const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const run = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/screenshots/vitest.config.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, BELFRY_PAGES: process.argv[2] ?? '' },
});
process.exitCode = run.status ?? 1;
