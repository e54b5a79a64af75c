import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Home } from './daemon.ts';

const BELFRY = path.resolve(import.meta.dirname, '../../bin/belfry.js');

/** Code blocks of a page in one language, in order. */
export function blocksOf(page: string, language = 'sh'): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);
}

/** Programs of the system that blocks call and this machine does not have. */
export const missingPrograms = ['bash', 'curl', 'openssl'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);

/** Writes the commands `belfry` and `npx` for a shell; returns the folder for its `PATH`. */
async function commandsFor(home: Home): Promise<string> {
  const folder = home.path('bin');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'belfry'), `#!/bin/sh\nexec '${process.execPath}' '${BELFRY}' "$@"\n`);
  await writeFile(path.join(folder, 'npx'), '#!/bin/sh\nexec "$@"\n');
  await Promise.all(['belfry', 'npx'].map((name) => chmod(path.join(folder, name), 0o755)));
  return folder;
}

export interface ShellResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a code block of a page as a user types it: `belfry` is the built program, and port 8765 that of the daemon. */
export async function runBlock(home: Home, block: string, cwd = home.folder): Promise<ShellResult> {
  const address = home.lines.some(({ msg }) => msg === 'ready') ? home.address : '127.0.0.1:8765';
  const env = {
    PATH: `${await commandsFor(home)}:${process.env.PATH}`,
    HOME: home.folder,
    RUNTIME_DIRECTORY: home.path('run'),
    ...home.env,
  };
  const script = `set -e\n${block.replaceAll('127.0.0.1:8765', address)}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', script], { cwd, env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, stdout, stderr }),
    );
  });
}
