// Collects the licences of the libraries that are part of the program.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { librariesOf, readPackage } from './dependencies.mjs';

/** Libraries that are part of the built web console, and not of an installed package otherwise. */
export const CONSOLE_LIBRARIES = ['preact', '@preact/signals'];
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/** Text with the name, version and licence of each library, as the licences demand of a copy. */
export function licensesText(root) {
  const libraries = librariesOf([...Object.keys(readPackage(root).dependencies), ...CONSOLE_LIBRARIES], root);
  const texts = libraries.map((folder) => {
    const { name, version, license } = readPackage(folder);
    const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
    const body = files.map((file) => readFileSync(path.join(folder, file), 'utf8').trim()).join('\n\n');
    return `${'='.repeat(80)}\n${name} ${version} (${license ?? 'see below'})\n\n${body}\n`;
  });
  return `Belfry contains these libraries.\n\n${texts.join('\n')}`;
}
