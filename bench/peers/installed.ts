import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder with a `node_modules` that contains the programs from npm. */
export const npmFolder = (): string | undefined => process.env['BELFRY_BENCH_NPM'];

/** First of these programs on the PATH. */
export function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file));
}

/** A path below the npm folder's `node_modules`, if it is there. */
export function inNpmFolder(name: string): string | undefined {
  const folder = npmFolder();
  if (folder === undefined) return undefined;
  const file = path.join(path.resolve(folder), 'node_modules', name);
  return existsSync(file) ? file : undefined;
}

export const canImportInPython = (module: string): boolean =>
  spawnSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
