import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';

const DEFAULT_SEARCH = '/usr/local/bin:/usr/bin:/bin';

/** The reason why a program cannot be started, or undefined. A name without a slash is searched in `search`, the variable PATH. */
export async function programFault(
  program: string,
  search: string | undefined,
  cwd: string,
): Promise<'missing' | 'not executable' | undefined> {
  const places = program.includes('/')
    ? [path.resolve(cwd, program)]
    : (search ?? DEFAULT_SEARCH).split(path.delimiter).map((folder) => path.join(folder, program));
  let found = false;
  for (const place of places) {
    const isFile = await stat(place).then(
      (at) => at.isFile(),
      () => false,
    );
    found ||= isFile;
    if (isFile && (await mayExecute(place))) return undefined;
  }
  return found ? 'not executable' : 'missing';
}

async function mayExecute(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
