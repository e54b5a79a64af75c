import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { openMailServer } from '../support/mail-server.ts';

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

test('V8 knows every flag that it is given', async () => {
  const home = await Home.make();
  try {
    await home.rules('rules: []');
    await home.start();
    await home.call('GET', '/healthz');
    expect(home.output).not.toMatch(/unrecognized flag|illegal value/);
  } finally {
    await home.close();
  }
});

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Copy of the installed files in its own folder. */
function installed(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'belfry-installed-'));
  for (const name of ['bin', 'bundle', 'assets', 'package.json'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

const DAMAGES: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['cut in half', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ['changed in the middle', (bytes) => Buffer.from(bytes.map((byte, at) => (at === bytes.length >> 1 ? ~byte : byte)))],
  ['empty', () => Buffer.alloc(0)],
];

test.each(DAMAGES)('the program runs when what was compiled of it is %s', (_, damage) => {
  const folder = installed();
  try {
    const bundle = path.join(folder, 'bundle');
    const compiled = readdirSync(bundle).filter((name) => name.endsWith('.compiled'));
    expect(compiled).not.toEqual([]);
    for (const name of compiled) {
      const file = path.join(bundle, name);
      writeFileSync(file, damage(readFileSync(file)));
    }
    const said = execFileSync(process.execPath, [path.join(folder, 'bin', 'belfry.js'), 'version'], {
      encoding: 'utf8',
    });
    expect(said).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
