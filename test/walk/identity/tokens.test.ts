import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { IdentityView } from '../../../daemon/http/daemon-api.ts';
import type { Home } from '../../support/daemon.ts';
import { openFixture } from '../../support/daemon-fixture.ts';

const RULES = (channel: string): string =>
  `${channel}rules: [{ name: r, match: { type: t }, notify: ops, message: { title: t } }]\n`;

const list = async (home: Home): Promise<IdentityView> =>
  JSON.parse((await home.belfry(['token', 'list', '--json'])).stdout) as IdentityView;

test('a token that `belfry token new` makes works by its hash alone, and is in no file', async () => {
  const { home, channel } = await openFixture(onTestFinished);
  const made = await home.belfry([
    'token',
    'new',
    'phone "1"',
    '--scopes',
    'read,stream:ann',
    '--expires',
    '2099-12-31',
  ]);
  expect(made.code).toBe(0);
  const [token = ''] = made.stdout.split('\n');
  expect(token).toMatch(/^blf_[\w-]{32}$/);
  const entry = made.stdout.slice(made.stdout.indexOf('  tokens:'));
  await home.rules(RULES(channel), 'rules.yaml', entry);
  await home.start();
  const status = (given: string) =>
    fetch(`http://${home.address}/v1/status`, { headers: { authorization: `Bearer ${given}` } });
  expect([(await status(token)).status, (await status(`${token}x`)).status]).toEqual([200, 401]);
  const { tokens } = await list(home);
  expect(tokens).toMatchObject([
    {
      name: 'phone "1"',
      scopes: ['read', 'stream:ann'],
      state: 'valid',
      origin: 'rules',
      expires: '2100-01-01T00:00:00.000Z',
      last_used: { address: '127.0.0.1' },
    },
  ]);
  await home.stop();
  for (const name of await readdir(home.folder, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const content = await readFile(path.join(name.parentPath, name.name), 'latin1');
    expect([name.name, content.includes(token)]).toEqual([name.name, false]);
  }
  await home.start();
  expect((await list(home)).tokens[0]?.last_used).toEqual(tokens[0]!.last_used);
});

test('an expired token is refused like a wrong one; check, status and the audit log say why', async () => {
  const { home, channel } = await openFixture(onTestFinished);
  const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
  await home.rules(
    RULES(channel),
    'rules.yaml',
    `  tokens: [{ name: old, token: old-token-0123456789, scopes: [read], expires: 2020-01-01 }, { name: next, token: next-token-0123456789, scopes: [read], expires: "${soon}" }]\n`,
  );
  await home.start();
  const answer = await fetch(`http://${home.address}/v1/status`, {
    headers: { authorization: 'Bearer old-token-0123456789' },
  });
  expect([answer.status, await answer.text()]).toEqual([401, expect.stringContaining('a valid token is needed')]);
  const { stdout } = await home.belfry(['check', '--json']);
  const { valid, problems } = JSON.parse(stdout) as {
    valid: boolean;
    problems: { code: string; message: string; line: number }[];
  };
  expect(valid).toBe(true);
  expect(problems).toMatchObject([
    {
      code: 'daemon.token_expires',
      level: 'warning',
      line: 5,
      message: 'the token `old` has expired: requests with it are refused',
    },
    { code: 'daemon.token_expires', message: 'the token `next` expires within 14 days' },
  ]);
  const status = await home.belfry(['status']);
  expect(status.stdout).toContain('the token old expired at');
  expect((await list(home)).tokens.map(({ state }) => state)).toEqual(['expired', 'expiring']);
  const log = await home.belfry(['audit', '--log', '--json', '--actor', 'old']);
  expect(JSON.parse(log.stdout)).toMatchObject({ action: 'token.refused', details: { reason: 'expired' } });
});

test('a session of the console is listed and ended', async () => {
  const { home, channel } = await openFixture(onTestFinished);
  await home.rules(RULES(channel));
  await home.start();
  const { ticket } = JSON.parse((await home.belfry(['console', '--json'])).stdout) as { ticket: string };
  const { body } = await home.call<{ token: string }>('POST', '/v1/console/login', { ticket });
  const mine = () => home.call('GET', '/v1/token', undefined, { authorization: `Bearer ${body.token}` });
  expect((await mine()).status).toBe(200);
  const [session] = (await list(home)).sessions;
  expect(session).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    scopes: ['admin'],
    last_used: { at: expect.any(String) },
  });
  await home.kill();
  await home.start();
  expect((await mine()).status).toBe(200);
  expect((await home.belfry(['token', 'end', session!.id])).code).toBe(0);
  expect((await mine()).status).toBe(401);
  expect((await home.belfry(['token', 'end', session!.id])).code).toBe(3);
  expect((await list(home)).sessions).toEqual([]);
});

test.each([
  [['token', 'new', 'a']],
  [['token', 'new', 'a', '--scopes', 'everything']],
  [['token', 'new', 'a', '--scopes', 'read', '--expires', 'tomorrow']],
  [['token', 'new', 'a', '--scopes', 'read', '--expires', '2020-06-30']],
  [['token', 'new', '', '--scopes', 'read']],
])('%j is wrong usage', async (args) => {
  const { home } = await openFixture(onTestFinished);
  expect(await home.belfry(args)).toMatchObject({ code: 2, stdout: '' });
});
