// Builds the daemon when it is missing or older than its sources; `--force` builds always. TypeScript becomes dist/, a file for
// each, and dist/ becomes bundle/, the few files that run: three hundred small ones take longer to find and to link than to run.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const bundle = path.join(root, 'bundle');
const stamp = path.join(bundle, '.built');

/** The threads are files of their own, found beside the main one. */
const ENTRIES = {
  main: 'main.js',
  'sqlite-worker': 'store/sqlite/engine/sqlite-worker.js',
  'parse-worker': 'reload/yaml/parse-worker.js',
};
/** What has native code or programs beside its own files, or is loaded only by who needs it. */
const APART = [/^node:/, 'libsql', 'nodemailer', 'node-notifier', 'bufferutil', 'utf-8-validate'];

/** Of undici only what is used: the rest is a fetch, a WebSocket, caches and mocks. */
const ALIAS = {
  undici$: path.join(root, 'scripts', 'undici.cjs'),
  liquidjs$: path.join(root, 'node_modules', 'liquidjs', 'dist', 'liquid.node.mjs'),
};

/** Loaded when first something of it is asked for (`load.cjs`): what most daemons never do, in chunks of their own. Nothing of it acts by being loaded. */
const LATER = {
  expressions: /\/@marcbachmann\/cel-js\//,
  templates: /\/liquidjs\//,
  patterns: /\/re2js\//,
  cron: /\/croner\//,
  simulation: /\/dist\/rehearsal\//,
  explain: /\/dist\/core\/explain\//,
};
const LATER_GROUPS = Object.entries(LATER).map(([name, test]) => ({ name: `later-${name}`, test }));

/** V8 keeps a source for as long as the program runs, and in two bytes a character when a single one of them is not ASCII. Lines and names stay: stack traces are read. */
const FORM = {
  comments: false,
  minify: { compress: false, mangle: false, codegen: { asciiOnly: true, removeWhitespace: false } },
};

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(full) : statSync(full).mtimeMs);
  }
  return latest;
}

function compile() {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

async function join() {
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, path.join(dist, file)]));
  const joined = await rolldown({
    input,
    platform: 'node',
    external: APART,
    // What is in the entries is asked for by nobody else.
    preserveEntrySignatures: false,
    resolve: { alias: ALIAS },
    logLevel: 'warn',
  });
  const { output } = await joined.write({
    ...FORM,
    dir: bundle,
    format: 'cjs',
    strict: true,
    // What was compiled before knows no way to import.
    dynamicImportInCjs: false,
    codeSplitting: { includeDependenciesRecursively: false, groups: LATER_GROUPS },
    sourcemap: true,
    entryFileNames: '[name]-[hash].js',
    chunkFileNames: '[name]-[hash].js',
  });
  await joined.close();
  return output.filter((chunk) => chunk.isEntry);
}

/** Each program is begun by one line that has its compiled form loaded. */
function begin(entries) {
  writeFileSync(path.join(bundle, 'package.json'), '{ "type": "commonjs" }\n');
  copyFileSync(path.join(root, 'scripts', 'load.cjs'), path.join(bundle, 'load.js'));
  for (const { name, fileName } of entries)
    writeFileSync(path.join(bundle, `${name}.js`), `require('./load.js').load('${fileName}');\n`);
}

/** Without it everything runs too, only later. Whatever is set around the build is no concern of a daemon that is only looked at. */
function warm() {
  const env = { PATH: process.env.PATH, TMPDIR: tmpdir() };
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts', 'warm.cjs')], { env, timeout: 30_000 });
  if (status !== 0) process.stderr.write('the bundle starts uncompiled: the daemon did not run\n');
}

export async function build({ force = false } = {}) {
  const sources = Math.max(
    newest(path.join(root, 'daemon')),
    newest(path.join(root, 'build')),
    ...['tsconfig.build.json', 'scripts/undici.cjs', 'scripts/load.cjs', 'scripts/warm.cjs'].map(
      (file) => statSync(path.join(root, file)).mtimeMs,
    ),
  );
  if (!force && existsSync(stamp) && statSync(stamp).mtimeMs >= sources) return;
  for (const folder of [dist, bundle]) rmSync(folder, { recursive: true, force: true });
  compile();
  const { writeValidators } = await import('./validators.mjs');
  begin(await join());
  writeValidators(bundle);
  warm();
  writeFileSync(stamp, '');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build({ force: process.argv.includes('--force') });
