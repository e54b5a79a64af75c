import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { AuditLine } from '../../../daemon/core/audit/entry.ts';
import type { Home } from '../../support/daemon.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { openTestServer } from '../../support/test-server.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';

const TOKENS =
  '  tokens: [{ name: phone, token: phone-token-0123456, scopes: [ack] }, { name: root, token: root-token-0123456, scopes: [admin] }]\n';

const RULES = (channel: string, title = 'firing'): string => `${channel}rules:
  - name: disk-full
    match: { type: disk }
    key: "{{ data.host }}"
    resolve: { match: { type: disk.ok } }
    notify: ops
    message: { title: "{{ key }} ${title}" }
`;

/** Lines of the audit log as `belfry audit --log --json` prints them, the oldest first. */
async function logOf(home: Home, ...args: string[]): Promise<readonly AuditLine[]> {
  const { stdout } = await home.belfry(['audit', '--log', '--all', '--json', ...args]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine)
    .toReversed();
}

const shown = ({ actor, via, action, target, result }: AuditLine): string =>
  [actor, via, action, target ?? '-', result].join(' ');

test('the audit log says who did what, over every way in, and keeps it over a kill', async () => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  await home.rules(RULES(channel), 'rules.yaml', TOKENS);
  await home.start();
  const url = `http://${home.address}`;
  const as = (token: string, ...args: string[]) => home.belfry([...args, '--url', url, '--token', token]);
  const call = (path: string, token: string, method = 'POST') =>
    fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });

  await post({ type: 'disk', data: { host: 'db1' } });
  await receiver.until(({ title }) => title === 'db1 firing');
  expect((await as('phone-token-0123456', 'ack', 'db1', '--by', 'ann')).code).toBe(0);
  expect((await home.belfry(['hold', 'ops', '--by', 'bob', '--reason', 'works'])).code).toBe(0);
  expect((await home.belfry(['release', 'ops', '--by', 'bob'])).code).toBe(0);
  expect((await call('/v1/reload', 'phone-token-0123456')).status).toBe(403);
  for (let count = 0; count < 20; count += 1) await call('/v1/reload', 'guess-guess-guess');
  const ticket = new URL((await as('root-token-0123456', 'console', '--scope', 'admin')).stdout.trim()).hash.split(
    '=',
  )[1];
  const login = await fetch(`${url}/v1/console/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ticket }),
  });
  const { token } = (await login.json()) as { token: string };
  expect((await call('/v1/reload', token)).status).toBe(200);
  await home.rules(RULES(channel, 'down'), 'rules.yaml', TOKENS);
  await home.logged(({ msg, generation }) => msg === 'reload: applied' && generation === 2);
  // The line of an answered action is on disk.
  await home.kill();

  const lines = await logOf(home);
  expect(lines.map(shown)).toEqual([
    'ann (token phone) token alert.ack db1 done',
    'bob socket channel.hold ops done',
    'bob socket channel.release ops done',
    'phone token token.refused token refused',
    'unknown token token.refused token refused',
    'root token console.ticket admin done',
    expect.stringMatching(/^console of root session console\.login \S+ done$/),
    'console of root session rules.reload 1 done',
    'files file rules.reload 2 done',
  ]);
  expect(lines[0]).toMatchObject({ address: '127.0.0.1', details: { rules: ['disk-full'] } });
  expect(lines[1]).not.toHaveProperty('address');
  const text = await readFile(home.path('state', 'audit.jsonl'), 'utf8');
  for (const secret of ['phone-token', 'root-token', 'guess-guess', ticket!, token]) expect(text).not.toContain(secret);

  await home.start();
  expect((await logOf(home, '--actor', 'phone')).map(({ action }) => action)).toEqual(['alert.ack', 'token.refused']);
  const page = await home.belfry(['audit', '--log', '--action', 'channel.hold', '--since', '1h']);
  expect(page.stdout).toMatch(/bob +socket +channel\.hold +ops +done +.*works/);
  expect(page.stdout).toContain('9 lines, none changed or removed');
  expect((await home.belfry(['audit', '--log', '--actor', 'nobody'])).code).toBe(3);
  expect(await home.belfry(['audit', '--actor', 'ann'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('add --log'),
  });
  await writeFile(home.path('state', 'audit.jsonl'), text.replace('bob', 'eve'));
  const broken = await home.belfry(['audit', '--log']);
  expect(broken).toMatchObject({ code: 1 });
  expect(broken.stdout).toContain('audit.jsonl:3: the audit log was changed: the line before it was changed');
});

test('a link of a button, SIGHUP, and commands on a stopped daemon have their lines', async () => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  const phone = await openTestServer();
  onTestFinished(() => phone.close());
  phone.answer({ body: { id: 7 } });
  const rules = (
    priority: string,
  ): string => `${channel}  echo: { type: gotify, api: "${phone.origin}", token: gotify-token-0123 }
rules:
  - name: disk-full
    match: { type: disk }
    key: "{{ data.host }}"
    resolve: { match: { type: disk.ok } }
    notify: [ops, echo]
    message: { title: t, actions: [ack], priority: ${priority} }
`;
  const daemon = '  public_url: http://belfry.example.com\n  reload: { watch: false }\n';
  await home.rules(rules('high'), 'rules.yaml', daemon);
  await home.start();
  await home.call('POST', '/v1/events?wait=10s', { type: 'disk', data: { host: 'db1' } });
  const [, link = ''] = /\/actions\/([\w-]+)/.exec(phone.requests[0]!.text) ?? [];
  const body = new URLSearchParams({ token: link });
  const pressed = await fetch(`http://${home.address}/actions/${link}`, { method: 'POST', body });
  expect(pressed.status).toBe(200);
  await home.rules(rules('low'), 'rules.yaml', daemon);
  home.signal('SIGHUP');
  await home.logged(({ msg }) => msg === 'reload: applied');
  receiver.statuses.set('ops', 422);
  await post({ type: 'disk', data: { host: 'db2' } });
  await home.logged(({ msg, level }) => level === 'error' && msg.includes('dead'));
  const [dead] = await home.deadLetters();
  await home.stop();
  const env = { USER: 'ann' };
  expect((await home.belfry(['dead', 'resend', '--all', '--yes'], { env })).code).toBe(1);
  expect((await home.belfry(['dead', 'drop', String(dead!.id), '--yes'], { env })).code).toBe(0);
  const lines = await logOf(home);
  expect(lines.map(shown)).toEqual([
    'link of echo button alert.ack db1 done',
    'signal signal rules.reload 2 done',
    'ann cli-offline dead.resend - done',
    `ann cli-offline dead.drop ${String(dead!.id)} done`,
  ]);
  expect(lines[0]).toMatchObject({ address: '127.0.0.1', details: { rule: 'disk-full', change: 'ack' } });
  expect(lines[2]).toMatchObject({ details: { total: 1, channels: { ops: 1 } } });
});

test('on a full disk actions go on, and get their lines when there is room', async (context) => {
  const { home, channel } = await openFixture(onTestFinished);
  mkdirSync(home.path('state'));
  const disk = mountSmallDisk(home.path('state'), 24);
  if (disk === undefined) return context.skip('mounting a small tmpfs needs root and the right to mount');
  onTestFinished(async () => {
    await home.kill();
    disk.unmount();
  });
  await home.rules(RULES(channel));
  await home.start();
  const ticket = () => home.call('POST', '/v1/console/tickets', {});
  expect((await ticket()).status).toBe(201);
  disk.fill();
  // A block of the file may have room for some lines.
  for (let count = 0; count < 40; count += 1) expect((await ticket()).status).toBe(201);
  const line = await home.logged(({ msg }) => msg.includes('not in the audit log'));
  expect(line.audit).toMatchObject({ action: 'console.ticket' });
  const { body } = await home.call<{ reasons: string[] }>('GET', '/readyz');
  expect(body.reasons).toContainEqual(expect.stringContaining('the audit log cannot be written'));
  disk.empty();
  await home.logged(({ msg }) => msg === 'audit: the audit log can be written again');
  const lines = await logOf(home);
  expect(lines.filter(({ action }) => action === 'console.ticket')).toHaveLength(41);
  expect((await home.belfry(['audit', '--log'])).code).toBe(0);
});
