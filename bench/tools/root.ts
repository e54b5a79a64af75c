import { existsSync } from 'node:fs';
import path from 'node:path';

/** The project's folder: the bench runs from where it was compiled to, which lies inside. */
export const ROOT = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
})();
