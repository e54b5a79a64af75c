import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

const { sourceEpoch } = (await import(path.join(root, 'packaging/epoch.mjs'))) as {
  sourceEpoch: (root: string, env?: Record<string, string>) => number;
};
const { buildSbom } = (await import(path.join(root, 'packaging/sbom.mjs'))) as {
  buildSbom: (folders: { root: string; target: string }) => string;
};

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}
const lockFile = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
const { packages } = JSON.parse(lockFile) as { packages: Record<string, Locked> };
const locked = Object.entries(packages)
  .filter(([folder]) => folder !== '')
  .map(([folder, one]) => ({ ...one, name: folder.replace(/^.*node_modules\//, '') }));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belfry-supply-'));
});
afterAll(() => rm(folder, { recursive: true }));

function lint(file: string): number | null {
  const program = path.join(root, 'node_modules/.bin/lockfile-lint');
  const options = ['--validate-https', '--validate-integrity', '--validate-package-names', '--allowed-hosts', 'npm'];
  return spawnSync(program, ['--type', 'npm', '--path', file, ...options]).status;
}

test('lockfile-lint accepts the lock file, and refuses one with a library from another host', () => {
  expect(lint(path.join(root, 'package-lock.json'))).toBe(0);
  const changed = JSON.parse(lockFile) as { packages: Record<string, { resolved?: string }> };
  changed.packages['node_modules/ws']!.resolved = 'https://packages.example/ws/-/ws-8.23.0.tgz';
  const file = path.join(folder, 'package-lock.json');
  writeFileSync(file, JSON.stringify(changed));
  expect(lint(file)).not.toBe(0);
});

test('each library of the lock file has a SHA-512 digest, no address of its own, and no script that runs at its installation', () => {
  const wrong = locked.filter(
    ({ integrity, resolved, hasInstallScript }) =>
      integrity?.startsWith('sha512-') !== true || resolved !== undefined || hasInstallScript === true,
  );
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

/** First versions without the known faults of a library, with the newest of these faults. */
const SAFE_FROM: Readonly<Record<string, readonly [string, string]>> = {
  liquidjs: ['10.27.2', 'CVE-2026-69222: limits of memory and time could be avoided'],
  nodemailer: ['10.0.5', 'CVE-2026-90776: time of a comment in an address was quadratic'],
  undici: ['7.28.0', 'CVE-2026-6733: an answer was given to another request of the connection'],
  ws: ['8.21.1', 'CVE-2026-62389: memory was exhausted by tiny fragments'],
  yaml: ['2.8.3', 'CVE-2026-33532: the stack overflowed on nested text'],
};

function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((text) => text.split('.').map(Number));
  const differing = want!.findIndex((number, index) => number !== have![index]);
  return differing === -1 || have![differing]! > want![differing]!;
}

test('no library of the program has a version with a known fault', () => {
  const old = locked.filter(({ name, version }) => name in SAFE_FROM && !isAtLeast(version, SAFE_FROM[name]![0]));
  expect(old.map(({ name, version }) => `${name} ${version}: ${SAFE_FROM[name]![1]}`)).toEqual([]);
  expect(Object.keys(SAFE_FROM).filter((name) => !locked.some((one) => one.name === name))).toEqual([]);
  expect([isAtLeast('8.9.0', '8.21.1'), isAtLeast('8.21.1', '8.21.1'), isAtLeast('9.0.0', '8.21.1')]).toEqual([
    false,
    true,
    true,
  ]);
});

/** Licences that allow distribution with a program of the Apache License. */
const LICENSES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0', 'PSF-2.0', 'Python-2.0'];

test('each library of the program has a licence that allows its distribution', () => {
  const other = locked.filter(({ dev, license }) => dev !== true && !LICENSES.includes(license ?? ''));
  expect(other.map(({ name, license }) => `${name}: ${license}`)).toEqual([]);
});

test('the list of libraries has those of the program and of the console, of every system, and is equal each time', async () => {
  const build = (): string => readFileSync(buildSbom({ root, target: folder }), 'utf8');
  const text = build();
  const { components, metadata } = JSON.parse(text) as {
    components: { name: string; licenses: unknown[]; hashes: unknown[] }[];
    metadata: { timestamp: string; component: { name: string } };
  };
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['ws', 'preact', '@preact/signals', '@libsql/darwin-arm64']));
  for (const name of ['typescript', 'vitest', 'lockfile-lint']) expect(names).not.toContain(name);
  expect(components.filter(({ hashes, licenses }) => hashes.length === 0 || licenses.length === 0)).toEqual([]);
  expect(metadata.component.name).toBe('belfry');
  expect(Date.parse(metadata.timestamp)).toBe(sourceEpoch(root) * 1000);
  expect(build()).toBe(text);
});

test('packages carry the time of $SOURCE_DATE_EPOCH, else that of the commit', () => {
  expect(sourceEpoch(root, { SOURCE_DATE_EPOCH: '1700000000' })).toBe(1_700_000_000);
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  if (status === 0) expect(sourceEpoch(root, {})).toBe(Number(stdout));
});

/** Runs `npm run audit` against a registry that gives this answer. */
async function audit(status: number, body: unknown): Promise<{ code: number; output: string }> {
  const registry = createServer((request, response) => {
    request.resume();
    // npm asks for the versions of a library that an advisory names.
    const library = { name: 'ws', 'dist-tags': {}, versions: { '8.23.0': { name: 'ws', version: '8.23.0' } } };
    const answer = request.method === 'GET' ? library : body;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  await once(registry.listen(0, '127.0.0.1'), 'listening');
  const { port } = registry.address() as AddressInfo;
  const child = spawn(process.execPath, [path.join(root, 'scripts/audit.mjs')], {
    env: { ...process.env, npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  registry.close();
  return { code, output };
}

const ADVISORY = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-0000-0000-0000',
  title: 'a fault for this test',
  severity: 'high',
  vulnerable_versions: '<99.0.0',
};

test('the audit names an advisory that nobody has explained and fails, and says aloud when the registry does not answer', async () => {
  const found = await audit(200, { ws: [ADVISORY] });
  expect(found.output).toContain('ws <99.0.0: high: a fault for this test, https://github.com/advisories/GHSA-');
  expect(found.code).toBe(1);
  expect(await audit(200, {})).toEqual({ code: 0, output: '0 advisories, 0 explained\n' });
  const silent = await audit(500, {});
  expect([silent.code, silent.output]).toEqual([0, expect.stringContaining('NOT CHECKED for advisories')]);
});
