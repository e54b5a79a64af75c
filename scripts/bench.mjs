// Builds the daemon and the bench, and runs the bench. `npm run bench -- help` lists its arguments.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { build } from '../build/build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

await build();
rmSync(path.join(root, '.bench'), { recursive: true, force: true });
run(tsc, '-p', path.join(root, 'tsconfig.bench.json'));
run(path.join(root, '.bench', 'bench', 'run.js'), ...process.argv.slice(2));
