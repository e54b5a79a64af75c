import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder of the project, which contains the folder of the compiled bench. */
export const ROOT = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
})();
