import { cp, readdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Home } from '../../support/daemon.ts';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { openMailServer } from '../../support/mail-server.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');

let fixture: DaemonFixture;
let home: Home;
beforeEach(async () => {
  fixture = await openFixture(onTestFinished);
  ({ home } = fixture);
});

/** Copies the program; its libraries are a link that can be taken away. */
async function ownProgram(): Promise<{ readonly libraries: string }> {
  for (const part of ['bin', 'bundle', 'assets', 'package.json'])
    await cp(path.join(ROOT, part), home.path('program', part), { recursive: true });
  const libraries = home.path('program', 'node_modules');
  await symlink(path.join(ROOT, 'node_modules'), libraries);
  home.program = home.path('program', 'bin', 'belfry.js');
  return { libraries };
}

test('a message waits while an update replaces the libraries of the program, and then arrives without a restart', async () => {
  const { libraries } = await ownProgram();
  const mails = await openMailServer();
  onTestFinished(() => mails.close());
  await home.rules(`${fixture.channel.replace(' }', ', delivery: { retry: [100ms, 100ms, 1s, 1s, 1s] } }')}
  mail:
    type: email
    url: smtp://127.0.0.1:${mails.port}
    from: belfry@example.com
    to: ann@example.com
    delivery: { retry: [100ms, 100ms, 1s, 1s, 1s] }
rules:
  - { name: all, on: api, notify: [ops, mail], message: { body: "**now**", format: markdown } }
`);
  await home.start();
  await rename(libraries, `${libraries}.old`);
  await fixture.post({ type: 'a' });
  for (const channel of ['ops', 'mail'])
    await home.logged(({ msg, code }) => msg.startsWith(channel) && code === 'program.missing');
  await rename(`${libraries}.old`, libraries);
  await home.logged(({ msg }) => msg === 'ops: delivered');
  await home.logged(({ msg }) => msg === 'mail: delivered');
  expect(fixture.delivered(({ rule }) => rule)).toEqual(['all']);
  expect(mails.mails).toHaveLength(1);
});

test('a reload that names a channel type whose file an update has removed is refused, and the live rules stay', async () => {
  await ownProgram();
  const rules = `${fixture.channel}\nrules:\n  - { name: all, on: api, notify: ops }\n`;
  await home.rules(rules);
  await home.start();
  const bundle = home.path('program', 'bundle');
  for (const file of await readdir(bundle)) if (file.startsWith('gotify-')) await rm(path.join(bundle, file));
  await home.rules(
    rules.replace('\nrules:', '\n  spare: { type: gotify, api: https://push.example, token: abc }\nrules:'),
  );
  const { code, stdout, stderr } = await home.belfry(['reload']);
  expect([code, stdout + stderr]).toEqual([
    78,
    expect.stringContaining('the part of the program for `gotify` cannot be loaded'),
  ]);
  await fixture.post({ type: 'a' });
  await home.logged(({ msg }) => msg === 'ops: delivered');
});
