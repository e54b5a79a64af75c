import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const daemon = path.resolve(import.meta.dirname, '../../daemon');
const commands = readdirSync(path.join(daemon, 'cli/commands'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => path.join(daemon, 'cli/commands', file));

/** Modules that a file imports at load time: no types, no dynamic imports. */
function staticImports(file: string): readonly string[] {
  const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  return [...code.matchAll(/^(?:import|export) (?!type\b)([^;]*?)from '([^']+)'/gm)]
    .filter(([, names]) => !/^\{(?:\s*type [^,}]+,?)+\s*\}\s*$/.test(names!))
    .map(([, , target]) => (target!.startsWith('.') ? path.join(path.dirname(file), target!) : target!));
}

/** All files and packages that loading a file loads. */
function loadedBy(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  if (file.endsWith('.ts')) for (const target of staticImports(file)) loadedBy(target, found);
  return found;
}

const LIGHT_ROOMS = ['cli', 'core', 'lib'];
const LIGHT_FILES = ['app/state/paths.ts', 'app/environment.ts', 'app/state/daemon-record.ts'];
/** The matcher (re2js, ipaddr.js) comes with the list of flow steps, which names the outcomes of `--outcome`. */
const LIGHT_PACKAGES = ['commander', 'croner', 're2js', 'ipaddr.js'];

function isHeavy(file: string): boolean {
  if (!path.isAbsolute(file)) return !file.startsWith('node:') && !LIGHT_PACKAGES.includes(file);
  const name = path.relative(daemon, file);
  return !LIGHT_ROOMS.includes(name.split(path.sep)[0]!) && !LIGHT_FILES.includes(name);
}

test('cli/program.ts loads neither a verb nor the daemon', () => {
  const loaded = [...loadedBy(path.join(daemon, 'cli/program.ts'))];
  expect(loaded.filter((each) => isHeavy(each) || /cli\/commands\/(?!index\.ts)/.test(each))).toEqual([]);
});

test.each(commands.map((file) => [path.relative(daemon, file), file] as const))(
  '%s loads no part of the daemon before its action runs',
  (_, file) => {
    expect([...loadedBy(file)].filter(isHeavy)).toEqual([]);
  },
);

test('a daemon loads the client of PostgreSQL only for a store on it', () => {
  const loaded = loadedBy(path.join(daemon, 'app/app.ts'));
  expect([...loaded].some((each) => each.includes('/store/sqlite/'))).toBe(true);
  expect([...loaded].filter((each) => each === 'pg' || each.includes('/store/postgres/'))).toEqual([]);
});
