import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openMailServer } from '../../support/mail-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('a library outside the bundle is found when a channel needs it', async () => {
  const home = await Home.make();
  const server = await openMailServer();
  try {
    await home.rules(`
channels:
  post: { type: email, host: 127.0.0.1, port: ${server.port}, tls: none, from: a@example.org, to: [b@example.org] }
rules:
  - { name: all, on: api, notify: [post] }
`);
    await home.start();
    expect(await home.belfry(['channel', 'test', 'post'])).toMatchObject({ code: 0 });
    expect(server.mails).toHaveLength(1);
  } finally {
    await home.close();
    await server.close();
  }
});

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Copy of the installed files in its own folder. */
function installed(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'belfry-installed-'));
  for (const name of ['bin', 'bundle', 'assets', 'package.json'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

test('a copy of what is installed runs, and finds its worker beside it', () => {
  const folder = installed();
  try {
    const rules = path.join(folder, 'rules.yaml');
    // A text of this size is parsed in the worker.
    const entries = Array.from(
      { length: 2 },
      (_, n) => `  - { name: r${n}, notify: ops, match: { data.note: "${'x'.repeat(20_000)}" } }\n`,
    );
    writeFileSync(rules, `channels: { ops: { type: log } }\nrules:\n${entries.join('')}`);
    const belfry = (...args: string[]): string =>
      execFileSync(process.execPath, [path.join(folder, 'bin', 'belfry.js'), ...args], { encoding: 'utf8' });
    expect(belfry('check', rules)).toContain('valid: 2 rules');
    expect(belfry('version')).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a command loads few files, so that it needs little time before its work', () => {
  const hook = `const { prototype } = require('node:module'); const { _compile } = prototype; let files = 0;
    prototype._compile = function (...given) { files += 1; return _compile.apply(this, given); };
    process.on('exit', () => process.stderr.write('files: ' + files));`;
  const folder = mkdtempSync(path.join(tmpdir(), 'belfry-hook-'));
  try {
    writeFileSync(path.join(folder, 'hook.cjs'), hook);
    const args = ['--require', path.join(folder, 'hook.cjs'), path.join(ROOT, 'bin/belfry.js'), 'emit', '--help'];
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(Number(/files: (\d+)/.exec(stderr)![1])).toBeLessThan(14);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Source files in the chunks that a daemon on these rules has loaded, from the source maps. */
async function loadedByDaemon(rules: string): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  const [hook, list] = [path.join(folder, 'hook.cjs'), path.join(folder, 'list')];
  writeFileSync(
    hook,
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(list)}, Object.keys(require.cache).join('\\n')));`,
  );
  const file = path.join(folder, 'rules.yaml');
  writeFileSync(file, `daemon: { listen: 127.0.0.1:0, state: ${path.join(folder, 'state')} }\n${rules}`);
  const args = ['--require', hook, path.join(ROOT, 'bin/belfry.js'), 'run', '--config', file];
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(daemon, 'exit');
  for await (const line of createInterface({ input: daemon.stdout }))
    if (/\bready\b/.test(line)) daemon.kill('SIGTERM');
  await ended;
  const maps = readFileSync(list, 'utf8')
    .split('\n')
    .map((chunk) => `${chunk}.map`)
    .filter((map) => existsSync(map));
  return maps.flatMap((map) => (JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] }).sources);
}

test('a daemon loads only the channel types that its rules name', async () => {
  const loaded = await loadedByDaemon(
    'channels: { ops: { type: log } }\nrules: [{ name: all, on: api, notify: ops }]\n',
  );
  const ofTypes = loaded.filter((source) => /daemon\/channels\/(?!kit\/|plugins\/)[\w-]+\//.test(source));
  expect(ofTypes.map((source) => path.basename(source))).toEqual(['log.ts']);
});

test('errors name the lines of the sources where source maps are enabled', () => {
  const script = `require(${JSON.stringify(path.join(ROOT, 'bundle/sqlite-worker.js'))})`;
  const { stderr } = spawnSync(process.execPath, ['--enable-source-maps', '--eval', script], { encoding: 'utf8' });
  expect(stderr).toContain('daemon/store/sqlite/engine/sqlite-worker.ts:');
});

test.skipIf(!('enableCompileCache' in module))('compiled code is kept in a folder of the user', () => {
  const home = mkdtempSync(path.join(tmpdir(), 'belfry-home-'));
  try {
    const run = (env: Record<string, string>): string =>
      execFileSync(process.execPath, ['bin/belfry.js', 'version'], {
        cwd: ROOT,
        env: { PATH: process.env.PATH, ...env },
        encoding: 'utf8',
      });
    run({ HOME: home });
    expect(readdirSync(path.join(home, '.cache/belfry'))).toHaveLength(1);
    expect(run({ HOME: '/nowhere', XDG_CACHE_HOME: '/dev/null' })).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test.skipIf(process.getuid?.() !== 0)('a user without a home, or with a useless one, can run it (as root)', () => {
  for (const home of [{}, { HOME: '/proc' }]) {
    const { status, stderr } = spawnSync(process.execPath, ['bin/belfry.js', 'version'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, ...home },
      uid: 54_321,
      encoding: 'utf8',
      timeout: 10_000,
    });
    expect([status, stderr]).toEqual([0, '']);
  }
});
