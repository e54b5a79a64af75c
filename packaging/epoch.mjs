// Tells the time that packages carry, so that two builds of one commit are equal.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';

/**
 * Seconds since 1970: $SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/), else the time of the commit
 * of the checkout, else that of package.json.
 */
export function sourceEpoch(root, env = process.env) {
  if (/^\d+$/.test(env.SOURCE_DATE_EPOCH ?? '')) return Number(env.SOURCE_DATE_EPOCH);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (status === 0 && stdout.trim() !== '') return Number(stdout);
  return Math.floor(statSync(path.join(root, 'package.json')).mtimeMs / 1000);
}
