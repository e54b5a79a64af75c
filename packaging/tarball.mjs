// Builds the tarball for `npm install -g`.
import path from 'node:path';
import { run } from './run.mjs';

/** Packs the files that package.json lists; returns the path of the tarball. */
export function buildTarball({ root, target }) {
  const output = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], { cwd: root });
  const [{ filename }] = JSON.parse(output);
  return path.join(target, filename);
}
