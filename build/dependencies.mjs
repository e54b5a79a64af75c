// Lists the installed libraries that a package needs at run time.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

export const readPackage = (folder) => JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** Folder of a library as Node finds it from another folder; undefined when it is not installed. */
function resolveLibrary(name, from) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'node_modules', name);
    if (existsSync(path.join(found, 'package.json'))) return realpathSync(found);
    if (folder === path.dirname(folder)) return undefined;
  }
}

/**
 * Folders of these libraries and of all that they depend on, sorted. A library that is not installed is an error, except an
 * optional one, such as native code for another system. `isWanted` leaves a library out, with what only it needs.
 */
export function librariesOf(names, root, isWanted = () => true) {
  const found = new Set();
  const add = (name, from, isOptional) => {
    const folder = resolveLibrary(name, from);
    if (folder === undefined && isOptional) return;
    if (folder === undefined) throw new Error(`${name} is not installed, but ${from} needs it: run \`npm ci\``);
    const manifest = readPackage(folder);
    if (found.has(folder) || !isWanted(manifest)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = manifest;
    for (const each of Object.keys(dependencies)) add(each, folder, each in optionalDependencies);
    for (const each of Object.keys(optionalDependencies)) add(each, folder, true);
  };
  for (const name of names) add(name, root, false);
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}
