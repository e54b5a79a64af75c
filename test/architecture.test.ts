import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../daemon');

/** Imports that are allowed, by importing room: a room, or one file of it. Arrows run one way. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: [
    'lib/time/duration.ts',
    'lib/time/rfc3339.ts',
    'lib/secrets/secret.ts',
    'lib/memoize.ts',
    'lib/on-demand.ts',
    'lib/sha256.ts',
  ],
  channels: ['core', 'lib'],
  sources: ['core', 'lib'],
  store: ['core', 'lib'],
  reload: ['core', 'lib'],
  service: ['lib', 'core/problems/failure.ts'],
  simulation: ['core', 'lib', 'reload', 'sources/source.ts', 'store/states.ts'],
  delivery: ['core', 'lib', 'channels/channel.ts', 'channels/kit/http/exchange', 'store/store.ts'],
  http: ['core', 'lib', 'channels/channel.ts', 'sources/source.ts', 'store/store.ts'],
  doctor: ['core', 'lib', 'channels/channel.ts', 'sources/source.ts', 'http/daemon-api.ts', 'store/database-facts.ts'],
  app: ['core', 'lib', 'channels', 'sources', 'store', 'reload', 'simulation', 'service', 'delivery', 'http', 'doctor'],
  cli: [
    'core',
    'lib',
    'app',
    'reload',
    'simulation',
    'service',
    'channels/index.ts',
    'channels/channel.ts',
    'channels/plugins/host.ts',
    'sources/index.ts',
    'sources/source.ts',
    'http/daemon-api.ts',
    'doctor/page.ts',
    'store/store.ts',
    'store/postgres/schema/migrate.ts',
  ],
  'main.ts': ['cli'],
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(path.sep).join('/'));
const text = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const code = (file: string): string =>
  text(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
const roomOf = (file: string): string => file.split('/')[0]!;

function importsOf(file: string): string[] {
  const found = [...code(file).matchAll(/(?:from\s+|import\s*\(\s*|import\s+|new URL\(\s*)'(\.[^']+)'/g)].map(
    (match) => match[1]!,
  );
  return found
    .map((target) => path.posix.join(path.posix.dirname(file), target))
    .filter((target) => target.endsWith('.ts'));
}

test('arrows between rooms run one way', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) !== roomOf(file))
      .filter(
        (target) =>
          !MAY_IMPORT[roomOf(file)]?.some((allowed) => target === allowed || target.startsWith(`${allowed}/`)),
      )
      .map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

test('every room is in the table', () => {
  expect(files.map(roomOf).filter((room) => MAY_IMPORT[room] === undefined)).toEqual([]);
});

test('the core is pure: no node modules, no clock, no chance, no process', () => {
  const impure = files
    .filter((file) => roomOf(file) === 'core')
    .filter((file) => /'node:|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bprocess\.|\bBuffer\./.test(code(file)));
  expect(impure).toEqual([]);
});

/** Files that read the system's clock or set its timers, and why they do not take a `Clock`. */
const SYSTEM_CLOCK: Readonly<Record<string, string>> = {
  'lib/time/clock.ts': 'wraps it',
  'channels/kit/net/certificates.ts': 'reports an expired client certificate when rules load',
  'main.ts': 'ends the process',
  'cli/program.ts': 'passes it to every part',
  'reload/yaml/parse-in-worker.ts': 'bounds the running time of a worker',
  'reload/yaml/time-slice.ts': 'bounds the time for which a task blocks the event loop',
  'channels/plugins/host.ts': 'bounds the loading of a plugin by a command',
  'channels/plugins/worker-channels.ts': 'runs in the thread of a plugin, which gets it as a tool',
  'store/sqlite/disk/files.ts': 'bounds how often the files of the store are checked',
  'store/shared/pushes/user-cursors.ts': 'delays a write, so that several become one',
};

test('the databases of the store share code, and use nothing of each other', () => {
  const uses = (part: string, other: string): string[] =>
    files.filter((file) => file.startsWith(`store/${part}/`) && code(file).includes(`/${other}/`));
  for (const [part, other] of [
    ['shared', 'sqlite'],
    ['shared', 'postgres'],
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ] as const)
    expect(uses(part, other)).toEqual([]);
});

test('the system clock is injected', () => {
  const reading =
    /\bsystemClock\b|\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|(?<![.\w])set(?:Timeout|Interval)\(/;
  const found = files.filter((file) => reading.test(code(file)));
  expect(found.filter((file) => SYSTEM_CLOCK[file] === undefined)).toEqual([]);
  expect(Object.keys(SYSTEM_CLOCK).filter((file) => !found.includes(file))).toEqual([]);
});

test('the core keeps no state in its modules, besides memoized pure functions', () => {
  const keeping = files
    .filter((file) => roomOf(file) === 'core')
    .filter((file) =>
      /^(?:export )?(?:let\b|const \w+(?:: (?!Readonly)[^=]+)? = new (?:Map|WeakMap)\b)/m.test(code(file)),
    )
    .filter((file) => !/^const NO_\w+ = new Map/m.test(code(file)));
  expect(keeping).toEqual([]);
});

test('only main.ts touches the process', () => {
  const touching = files.filter(
    (file) => file !== 'main.ts' && /(?<![.\w])process\.(?!execPath\b|platform\b)/.test(code(file)),
  );
  expect(touching).toEqual([]);
});

test('folders are made by one helper: the recursive mkdir of Node never returns below a folder that has vanished', () => {
  const making = files.filter((file) => file !== 'lib/files/make-folder.ts' && /\bmkdir(?:Sync)?\b/.test(code(file)));
  expect(making).toEqual([]);
  expect(code('lib/files/make-folder.ts')).not.toContain('recursive');
});

/** A folder below which the files of one type live, or the one file of a type; `kit`, `watching` and the like are shared. */
function typesOf(room: string): readonly string[] {
  return [...text(`${room}/index.ts`).matchAll(/(?:from |import\()'\.\/([\w/-]+)\.ts'/g)]
    .map((match) => match[1]!)
    .filter((name) => name !== 'channel' && name !== 'source')
    .map((name) => {
      const [folder, own] = [path.posix.dirname(name), path.posix.basename(name)];
      return path.posix.basename(folder) === own ? `${room}/${folder}/` : `${room}/${name}.ts`;
    });
}

test('a channel or source type is imported in its own folder and by the list only', () => {
  for (const room of ['channels', 'sources'] as const) {
    const types = typesOf(room);
    expect(types.length).toBeGreaterThan(2);
    const importing = files
      .filter((file) => file !== `${room}/index.ts`)
      .flatMap((file) =>
        importsOf(file)
          .filter((target) => types.some((type) => target.startsWith(type) && !file.startsWith(type)))
          .map((target) => `${file} -> ${target}`),
      );
    expect(importing).toEqual([]);
  }
});

test('no two files import each other, directly or through others', () => {
  const open: string[] = [];
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string): void => {
    const at = open.indexOf(file);
    if (at >= 0) circles.push([...open.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    open.push(file);
    for (const target of importsOf(file)) visit(target);
    open.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  expect(circles).toEqual([]);
});

test('no folder holds more than 14 entries', () => {
  const folders = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  expect([root, ...folders].filter((folder) => readdirSync(folder).length > 14)).toEqual([]);
});

test('a secret is revealed only where it is used: in channels, in sources that verify, in the heartbeat, for the database, and while settings are checked', () => {
  const revealing = files.filter(
    (file) => !['channels', 'sources'].includes(roomOf(file)) && code(file).includes('.reveal()'),
  );
  expect(revealing.filter((file) => !file.startsWith('core/compile') && !file.startsWith('core/schema'))).toEqual([
    'app/doctor/database.ts',
    'app/state/open-store.ts',
    'app/runtime/self-check/heartbeat.ts',
    'cli/commands/state/store-migrate.ts',
  ]);
});

test('files stay short', () => {
  expect(
    files.map((file) => [file, text(file).split('\n').length] as const).filter(([, lines]) => lines > 321),
  ).toEqual([]);
});

test('nothing is exported by default', () => {
  expect(files.filter((file) => /^export default/m.test(text(file)))).toEqual([]);
});

test('channels connect by the dialer only, so that `daemon.egress` holds for all of them', () => {
  const connecting = files.filter(
    (file) =>
      roomOf(file) === 'channels' &&
      !file.startsWith('channels/testing/') &&
      /import\s*\{[^}]*\b(?:connect|createConnection|lookup)\b[^}]*\}\s*from 'node:(?:net|dns|http|https)/.test(
        code(file),
      ),
  );
  expect(connecting).toEqual(['channels/kit/net/dialer.ts']);
});
