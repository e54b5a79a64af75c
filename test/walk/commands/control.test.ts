import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../../support/daemon-fixture.ts';

const DAEMON =
  '  tokens: [{ name: phone, token: phone-token-0123, scopes: [ack] }, { name: root, token: root-token-0123, scopes: [admin] }]\n';

const RULES = (channel: string): string => `${channel}sources:
  backup: { type: heartbeat, every: 1d, token: beat-token-0123 }
rules:
  - name: disk-full
    match: { type: disk }
    key: "{{ data.host }}"
    resolve: { match: { type: disk.ok } }
    notify_resolved: true
    notify: ops
    message: { title: "{{ key }} {{ status }}" }
  - { name: failed, on: backup, match: { type: heartbeat.failed }, notify: ops, message: { title: backup failed } }
`;

test('a person with a token of scope `ack` acknowledges, takes it back, ends and silences, and may do nothing else', async () => {
  const { home, receiver, channel, post, outcomes } = await openFixture(onTestFinished);
  await home.rules(RULES(channel), 'rules.yaml', DAEMON);
  await home.start();
  const as = (...args: string[]) =>
    home.belfry([...args, '--url', `http://${home.address}`, '--token', 'phone-token-0123']);
  const alerts = async () => JSON.parse((await home.belfry(['alerts', '--json'])).stdout) as Record<string, unknown>;
  const event = await post({ type: 'disk', data: { host: 'db1' } });
  await receiver.until(({ title }) => title === 'db1 firing');

  expect(await as('ack', 'db1', '--note', 'at work')).toMatchObject({ code: 0 });
  expect(await alerts()).toMatchObject({
    state: 'acknowledged',
    acknowledged_by: 'phone',
    acknowledged_note: 'at work',
  });
  expect(await home.belfry(['unack', 'db1', '--by', 'ann'])).toMatchObject({ code: 0 });
  expect(await alerts()).toMatchObject({ state: 'firing', unacknowledged_by: 'ann' });
  expect(await as('silence', 'add', 'rule=disk-ful', '--for', '1h', '--reason', 'r')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('did you mean `disk-full`?'),
  });
  expect((await as('silence', 'add', 'rule=disk-full', '--for', '1h', '--reason', 'r')).code).toBe(0);
  expect((await as('alerts', 'resolve', 'db1')).code).toBe(0);
  await receiver.until(({ title }) => title === 'db1 resolved');
  expect(await outcomes(event)).toMatchObject({ 'disk-full': 'resolved' });
  expect((await as('alerts')).stdout).toBe('nothing fires\n');
  for (const refused of [['hold', 'ops'], ['status'], ['reload'], ['emit', 'x'], ['events']])
    expect([refused, (await as(...refused)).stderr]).toEqual([refused, expect.stringContaining('403')]);
});

test('a hold with an end and a reason is shown with its person, and survives a kill', async () => {
  const { home, receiver, channel, post } = await openFixture(onTestFinished);
  await home.rules(RULES(channel));
  await home.start();
  const hold = ['hold', 'ops', '--for', '2h', '--reason', 'move of the server', '--by', 'ann'];
  expect((await home.belfry(hold)).stdout).toMatch(/^ops: held until .*; its deliveries wait\n$/);
  await post({ type: 'disk', data: { host: 'db1' } });
  await home.kill();
  await home.start();
  const ofState = async (state: string): Promise<string> =>
    (await home.belfry(['deliveries', '--state', state])).stdout;
  expect([await ofState('held'), await ofState('pending')]).toEqual([
    expect.stringContaining('disk-full'),
    'no deliveries\n',
  ]);
  const [shown] = (await home.belfry(['channel', 'list', '--json'])).stdout.split('\n');
  expect(JSON.parse(shown!)).toMatchObject({
    state: 'paused',
    held: 1,
    reason: expect.stringMatching(/^held since \S+ until \S+ by ann: move of the server$/),
    since: expect.any(String),
    until: expect.any(String),
  });
  expect((await home.belfry(['status'])).stdout).toContain('by ann: move of the server');
  expect(receiver.got).toEqual([]);
  expect((await home.belfry(['release', 'ops'])).code).toBe(0);
  await receiver.until(({ title }) => title === 'db1 firing');
});

test('beats need the token of their source, which stands in no log', async () => {
  const { home, receiver, channel } = await openFixture(onTestFinished);
  await home.rules(RULES(channel));
  await home.start();
  const beat = (path: string, headers: Record<string, string> = {}) =>
    fetch(`http://${home.address}/beats/backup${path}`, { method: 'POST', headers });
  const [missing, wrong] = await Promise.all([beat('/fail'), beat('/fail?token=beat-token-012')]);
  expect([missing.status, wrong.status, await missing.text()]).toEqual([401, 401, await wrong.text()]);
  expect((await beat('/fail?token=beat-token-0123')).status).toBe(202);
  await receiver.until(({ title }) => title === 'backup failed');
  expect((await beat('', { authorization: 'Bearer beat-token-0123' })).status).toBe(202);
  expect(home.output).not.toContain('beat-token');
});
