import { existsSync } from 'node:fs';

/** The folder of the package, where its assets are, wherever in it the code was built to. */
export function packageRoot(): URL {
  let folder = new URL('..', import.meta.url);
  while (!existsSync(new URL('assets', folder))) {
    const above = new URL('..', folder);
    if (above.href === folder.href) throw new Error('there are no assets above this file');
    folder = above;
  }
  return folder;
}
