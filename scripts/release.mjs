// `npm run release`: builds the packages of the last commit twice, in two new folders, and keeps them in packages/ only if both builds
// are equal byte for byte.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../packaging/run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(path.join(tmpdir(), 'belfry-release-'));
try {
  const changed = run('git', ['status', '--porcelain'], { cwd: root });
  if (changed !== '') stop(`the checkout has changes that no commit has; commit them first:\n${changed}`);
  const [first, second] = ['first', 'a-second-longer'].map(buildIn);
  const sums = [first, second].map((folder) => readFileSync(path.join(folder, 'packages/SHA256SUMS'), 'utf8'));
  if (sums[0] !== sums[1]) stop(`two builds of one commit differ:\n${sums[0]}\n${sums[1]}`);
  rmSync(path.join(root, 'packages'), { recursive: true, force: true });
  cpSync(path.join(first, 'packages'), path.join(root, 'packages'), { recursive: true });
  process.stdout.write(
    `two builds of ${run('git', ['rev-parse', 'HEAD'], { cwd: root }).trim()} are equal:\n${sums[0]}`,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Builds the packages in a new clone; returns its folder. */
function buildIn(name) {
  const folder = path.join(work, name);
  run('git', ['clone', '--quiet', root, folder]);
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  run('npm', ['run', 'package'], { cwd: folder });
  return folder;
}

function stop(message) {
  rmSync(work, { recursive: true, force: true });
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
