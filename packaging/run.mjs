import { spawnSync } from 'node:child_process';

/** Runs a program and returns its output; throws with its error output when it fails. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.error) throw new Error(`${program} could not be started: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${result.stderr}${result.stdout}`);
  return result.stdout;
}
