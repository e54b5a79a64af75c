// Builds, runs vitest, and prints a last line that a machine can read. `--faults` runs the suite of kills, power cuts and other faults
// (`--rounds N`: of each), `--attacks` the catalogue of attacks, `--system` the tests on a Debian that runs in a container, `--console`
// those of all pages of the web console.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../build/build.mjs';
import { testResult } from './test-result.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const suite = ['faults', 'attacks', 'system', 'console'].find((name) => process.argv.includes(`--${name}`));
const more = process.argv.slice(2).filter((argument) => argument !== `--${suite}`);
const rounds = more.indexOf('--rounds');
if (rounds !== -1) process.env.BELFRY_ROUNDS = more.splice(rounds, 2)[1];
const folder = mkdtempSync(path.join(tmpdir(), 'belfry-test-'));
const report = path.join(folder, 'report.json');

await build();
const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const config = suite === undefined ? [] : ['--config', `test/${suite}/vitest.config.ts`];
const run = spawnSync(
  process.execPath,
  [vitest, 'run', ...config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...more],
  { cwd: root, stdio: 'inherit' },
);
const result = JSON.parse(readFileSync(report, 'utf8'));
rmSync(folder, { recursive: true, force: true });
const { failed, lines } = testResult(result, run, root);
process.stdout.write(`${lines.join('\n')}\n`);
process.exitCode = failed === 0 ? 0 : 1;
