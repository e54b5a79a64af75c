import { existsSync } from 'node:fs';

/** The folder of the package: the nearest folder above this code that contains `assets`. */
export function packageRoot(): URL {
  let folder = new URL('..', import.meta.url);
  while (!existsSync(new URL('assets', folder))) {
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error('no folder above this file contains `assets`');
    folder = above;
  }
  return folder;
}
