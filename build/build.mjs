// Builds the program when it is missing or older than its sources; `--force` always builds. See README.md.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { buildConsole } from './console.mjs';
import { licensesText } from './licenses.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const bundle = path.join(root, 'bundle');
const stamp = path.join(bundle, '.built');

/** Entry points: the program, and the worker threads, which are started by the path of their file beside it. */
const ENTRIES = {
  main: 'daemon/main.ts',
  'sqlite-worker': 'daemon/store/sqlite/engine/sqlite-worker.ts',
  'parse-worker': 'daemon/reload/yaml/parse-worker.ts',
  'unsaved-worker': 'daemon/app/api/unsaved/unsaved-worker.ts',
  'rule-tests-worker': 'daemon/app/reload/rule-tests-worker.ts',
  'plugin-worker': 'daemon/channels/plugins/plugin-worker.ts',
  // Modules for plugins: `belfry/channel` and `belfry/testing`.
  channel: 'daemon/channels/plugins/channel.ts',
  testing: 'daemon/channels/plugins/testing.ts',
};
/** Libraries that stay outside the bundle: they have native code or programs beside their files, or are loaded on first use. */
export const EXTERNAL = [
  /^node:/,
  '@marcbachmann/cel-js',
  'ajv',
  'amqplib',
  'bufferutil',
  'croner',
  'libsql',
  'liquidjs',
  'markdown-it',
  'mqtt-packet',
  'node-notifier',
  'nodemailer',
  're2js',
  'undici',
  'utf-8-validate',
];

/** The module that every command loads. It is bundled with its static imports, because one file is read sooner than fifteen. */
const COMMAND = /daemon[/]cli[/]program\.ts$/;

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
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, path.join(root, file)]));
  const joined = await rolldown({ input, platform: 'node', external: EXTERNAL, logLevel: 'warn' });
  await joined.write({
    dir: bundle,
    format: 'cjs',
    comments: false,
    // V8 keeps the source in memory, with two bytes per character if it is not all ASCII. Names and lines stay readable.
    minify: { compress: false, mangle: false, codegen: { asciiOnly: true, removeWhitespace: false } },
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: [{ name: 'program', test: COMMAND }] },
  });
  writeFileSync(path.join(bundle, 'package.json'), '{ "type": "commonjs" }\n');
  await joined.close();
}

export async function build({ force = false } = {}) {
  const sources = Math.max(
    newest(path.join(root, 'daemon')),
    newest(path.join(root, 'console')),
    newest(path.join(root, 'build')),
    statSync(path.join(root, 'tsconfig.build.json')).mtimeMs,
  );
  if (!force && existsSync(stamp) && statSync(stamp).mtimeMs >= sources) return;
  for (const folder of [dist, bundle]) rmSync(folder, { recursive: true, force: true });
  compile();
  await join();
  await buildConsole(root, bundle);
  const { writeValidators } = await import('./validators.mjs');
  await writeValidators(bundle);
  const { writeManPage } = await import('./man-page.mjs');
  await writeManPage(path.join(bundle, 'man'), root);
  writeFileSync(path.join(bundle, 'LICENSES.txt'), licensesText(root));
  writeFileSync(stamp, '');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await build({ force: process.argv.includes('--force') });
