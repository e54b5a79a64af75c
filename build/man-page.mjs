// Writes the manual page belfry(1) from the command tree of the built program.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { manPage } from '../dist/cli/man-page.js';
import { commandTree } from '../dist/cli/program.js';

/** The tree is only read, so no verb uses this terminal. */
const NO_TERMINAL = { env: {}, cwd: '/' };

/** Writes `belfry.1` into a folder. The date of the page is that of the newest entry of the changelog with a date. */
export async function writeManPage(folder, root) {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const program = await commandTree(NO_TERMINAL, version, () => {});
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'belfry.1'), manPage(program, { version, date: releaseDate(root) }));
}

function releaseDate(root) {
  const changelog = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  return /^## .*?(\d{4}-\d{2}-\d{2})/m.exec(changelog)?.[1] ?? '';
}
