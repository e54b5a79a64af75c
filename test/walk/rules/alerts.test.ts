import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AlertView, SilenceView } from '../../../daemon/http/daemon-api.ts';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

let home: Home;
let far: Receiver;

beforeEach(async () => {
  home = await Home.make();
  far = await openReceiver();
});

afterEach(async () => {
  await home.close();
  await far.close();
});

const RULES = (escalation: string): string => `
channels:
  ops: { type: webhook, url: "${far.origin}/ops" }
  boss: { type: webhook, url: "${far.origin}/boss" }
rules:
  - name: disk-full
    match: { data.state: full }
    key: "{{ data.host }}"
    resolve: { match: { data.state: ok } }
    notify_resolved: true
    message: { title: "{{ data.host }}", body: "{{ status }}" }
    escalate: [{ after: ${escalation}, notify: boss }]
    notify: ops
`;

/** Resolves to the outcome in the rule. */
async function disk(host: string, state: string): Promise<string | undefined> {
  const posted = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', {
    type: 'disk',
    data: { host, state },
  });
  expect(posted.status).toBe(202);
  const event = await home.call<{ outcomes: Record<string, string> }>('GET', `/v1/events/${posted.body.events[0]!.id}`);
  return event.body.outcomes['disk-full'];
}

const came = (channel: string, key: string): Promise<void> =>
  far.until((got) => got.channel === channel && got.key === key);

const jsonLines = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

async function silence(...args: string[]): Promise<SilenceView & { would_silence: Record<string, unknown> }> {
  const made = await home.belfry(['silence', 'add', ...args, '--for', '2h', '--reason', 'release', '--json']);
  expect([made.code, made.stderr]).toEqual([0, '']);
  return jsonLines<Awaited<ReturnType<typeof silence>>>(made.stdout)[0]!;
}

test('an acknowledged silence is on disk and survives kill -9', async () => {
  await home.rules(RULES('1h'));
  await home.start();
  const made = [await silence('key=w1')];
  await home.kill();
  await home.start();
  const posted = await home.call<SilenceView>('POST', '/v1/silences', { match: { key: 'w2' }, for: '2h', reason: 'r' });
  expect(posted.status).toBe(201);
  await home.kill();
  await home.start();
  made.push(posted.body as (typeof made)[number]);
  const listed = await home.belfry(['silence', 'list', '--json']);
  expect(jsonLines<SilenceView>(listed.stdout).map(({ id, state }) => [id, state])).toEqual(
    made.map(({ id }) => [id, 'active']),
  );
  expect([await disk('w1', 'full'), await disk('w2', 'full'), await disk('w3', 'full')]).toEqual([
    'silenced',
    'silenced',
    'notified',
  ]);
  await came('ops', 'w3');
  expect(far.got.map(({ key }) => key)).toEqual(['w3']);

  expect((await home.belfry(['silence', 'expire', made[0]!.id])).code).toBe(0);
  await home.kill();
  await home.start();
  expect([await disk('w1', 'full'), await disk('w2', 'full')]).toEqual(['notified', 'silenced']);
  expect((await home.belfry(['silence', 'expire', 'nobody'])).code).toBe(3);
});

test('acknowledged alerts do not escalate, also after a kill; others do; both send that they are resolved', async () => {
  await home.rules(RULES('3s'));
  await home.start();
  expect(await disk('srv/data 1|a', 'full')).toBe('notified');
  const path = `/v1/alerts/${encodeURIComponent('srv/data 1|a')}/ack`;
  const acknowledged = await home.call('POST', path, { by: 'ann' });
  expect(acknowledged).toMatchObject({ status: 200, body: { acknowledged: [{ key: 'srv/data 1|a' }] } });
  await home.kill();
  await home.start();
  await disk('w2', 'full');
  await came('boss', 'w2');
  const alerts = jsonLines<AlertView>((await home.belfry(['alerts', '--json'])).stdout);
  expect(alerts).toMatchObject([
    { key: 'srv/data 1|a', state: 'acknowledged', acknowledged_by: 'ann', escalated: 0, told: ['ops'] },
    { key: 'w2', state: 'firing', escalated: 1, told: ['ops', 'boss'] },
  ]);
  const status = await home.call<{ alerts: unknown }>('GET', '/v1/status');
  expect(status.body.alerts).toEqual({ firing: 2, acknowledged: 1 });
  const metrics = String((await home.call('GET', '/metrics')).body);
  expect(metrics).toContain('belfry_alerts{state="firing"} 1\nbelfry_alerts{state="acknowledged"} 1\n');
  expect((await home.belfry(['status'])).stdout).toContain('alerts  2 firing, 1 of them acknowledged');

  const late = await home.belfry(['ack', 'w2', '--by', 'bob', '--json']);
  expect([late.code, late.stdout]).toEqual([0, '{"rule":"disk-full","key":"w2"}\n']);
  for (const host of ['srv/data 1|a', 'w2']) expect(await disk(host, 'ok')).toBe('resolved');
  await far.until(({ status }) => status === 'resolved', 3);
  const sent = far.deliveries().map(({ channel, key, status: news }) => `${channel} ${key} ${news}`);
  expect(sent.sort()).toEqual([
    'boss w2 firing',
    'boss w2 resolved',
    'ops srv/data 1|a firing',
    'ops srv/data 1|a resolved',
    'ops w2 firing',
    'ops w2 resolved',
  ]);
  const none = await home.belfry(['ack', 'w2']);
  expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('nothing fires')]);
});

test('a silence whose expression fails silences nothing, and the error is logged, counted and shown', async () => {
  await home.rules(`${RULES('1h')}  - { name: errors, match: { type: belfry.rule.error }, notify: boss }\n`);
  await home.start();
  await disk('w1', 'full');
  const made = await silence('--if', 'data.host > 5');
  expect(made.would_silence).toMatchObject({ alerts: 0, events: 0, error: expect.any(String) });
  expect(await disk('w2', 'full')).toBe('notified');
  await came('ops', 'w2');
  const line = await home.logged(({ msg }) => msg === 'disk-full: error');
  expect(line.reason).toContain(`silence ${made.id}: ${String(made.would_silence.error)}`);
  await far.until(({ channel, rule }) => channel === 'boss' && rule === 'errors');
});

test('a silence of a file is listed with its file, and removed with it', async () => {
  await home.rules(RULES('1h'));
  await home.rules('silences: [{ match: { key: w1 }, until: "2099-01-01", reason: old disk }]\n', 'quiet.yaml');
  await home.start();
  const [written] = jsonLines<SilenceView>((await home.belfry(['silence', 'list', '--json'])).stdout);
  expect(written).toMatchObject({ origin: 'file', state: 'active', reason: 'old disk' });
  expect(await disk('w1', 'full')).toBe('silenced');
  const refused = await home.belfry(['silence', 'expire', written!.id]);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('quiet.yaml')]);
  const seen = home.lines.length;
  await home.rules('# nothing any more\n', 'quiet.yaml');
  await home.logged(({ msg }) => msg === 'reload: applied', seen);
  expect(await disk('w1', 'full')).toBe('notified');
});
