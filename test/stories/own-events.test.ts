import { mkdir, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { EventInput } from '../../daemon/core/event/event.ts';
import { OWN_EVENTS, OWN_SHAPES } from '../../daemon/core/event/own-events.ts';
import { openFixture } from '../support/daemon-fixture.ts';
import { undeclaredFields } from '../support/source-shapes.ts';

const RULES = (origin: string, more = ''): string => `sources:
  inbox: { type: files, paths: ../inbox/* }
channels:
  refused: { type: webhook, url: "${origin}/refused", delivery: { fallback: good } }
  down: { type: webhook, url: "${origin}/down", delivery: { concurrency: 1 } }
  secret: { type: webhook, url: "${origin}/secret", headers: { authorization: "Bearer \${env:BEARER}" } }
  watched: { type: webhook, url: "${origin}/watched", canary: { every: 1h, within: 1s, notify: good } }
  good: { type: webhook, url: "${origin}/good" }
rules:
  - { name: to-watched, match: { type: t, data.to: watched }, notify: watched }
  - { name: to-refused, match: { type: t, data.to: refused }, notify: refused }
  - { name: to-down, match: { type: t, data.to: down }, notify: down }
  - { name: to-secret, match: { type: t, data.to: secret }, notify: secret }
  - { name: wrong, match: { type: wrong }, if: 'data.n + 1 > 2', notify: good }
${more}`;

test('every event of the daemon is raised when its documentation says so, with exactly its data', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver, post } = fixture;
  home.env.BEARER = 'hunter2-hunter2';
  await mkdir(home.path('inbox'));
  // A name that is not UTF-8 cannot be read, by root neither.
  await writeFile(Buffer.concat([Buffer.from(`${home.path('inbox')}/`), Buffer.from([0xff])]), '');
  for (const [channel, status] of [
    ['refused', 422],
    ['down', 503],
    ['secret', 401],
    ['watched', 503],
  ] as const)
    receiver.statuses.set(channel, status);
  await home.rules(RULES(receiver.origin));
  await home.start();
  const raised = (type: string) => home.logged((line) => line.msg === 'event' && line.type === type);

  await raised('belfry.started');
  await raised('belfry.source.failing');
  await post({ type: 't', data: { to: 'refused' } });
  await raised('belfry.delivery.dead');
  await post({ type: 't', data: { to: 'secret' } });
  await raised('belfry.channel.misconfigured');
  for (let n = 0; n < 6; n += 1) await post({ type: 't', data: { to: 'down', n } });
  await raised('belfry.channel.failing');
  receiver.statuses.set('down', 200);
  await raised('belfry.channel.recovered');
  await home.call('POST', '/v1/channels/good/test');
  await raised('belfry.channel.tested');
  await raised('belfry.channel.canary');
  await raised('belfry.channel.canary_missed');
  receiver.statuses.set('watched', 200);
  await post({ type: 't', data: { to: 'watched' } });
  await raised('belfry.channel.canary_recovered');
  for (const n of ['one', 'two']) await post({ type: 'wrong', data: { n } });
  await raised('belfry.rule.error');
  await home.rules(RULES(receiver.origin, '  - { name: new, match: { type: new }, notify: good }\n'));
  await raised('belfry.reload.applied');
  await home.rules(RULES(receiver.origin, '  - { name: new, match: { type: new }, notify: nobody }\n'));
  await raised('belfry.reload.rejected');

  const { body } = await home.call<{ events: { id: string }[] }>('GET', '/v1/events?source=belfry&order=asc&limit=100');
  const events = await Promise.all(
    body.events.map(async ({ id }) => (await home.call<{ event: EventInput }>('GET', `/v1/events/${id}`)).body.event),
  );
  expect(events.flatMap((event) => undeclaredFields(event, OWN_SHAPES))).toEqual([]);
  for (const { type, subject, data } of OWN_EVENTS) {
    const event = events.find((one) => one.type === type)!;
    const given = event.data as Readonly<Record<string, unknown>>;
    const required = Object.keys(data).filter((name) => data[name]!.isOptional !== true);
    expect([type, required.filter((name) => !(name in given))]).toEqual([type, []]);
    expect([type, event.subject]).toEqual([type, subject === undefined ? undefined : given[subject]]);
  }
  const dataOf = (type: string) => events.find((event) => event.type === type)!.data;
  expect(dataOf('belfry.channel.misconfigured')).toMatchObject({
    channel: 'secret',
    channel_type: 'webhook',
    code: 'http.401',
  });
  expect(dataOf('belfry.channel.recovered')).toMatchObject({ channel: 'down', after: 'failing' });
  const dead = events.filter(({ type }) => type === 'belfry.delivery.dead').map(({ data }) => data);
  expect(dead).toMatchObject([
    { channel: 'refused', rule: 'to-refused', class: 'permanent', attempts: 1, event_type: 't', fallback: 'good' },
    { channel: 'secret' },
  ]);
  expect(dataOf('belfry.reload.rejected')).toMatchObject({ at_start: false, problems: [{ level: 'error' }] });
  expect(JSON.stringify(events)).not.toContain('hunter2');
});

test.each([
  ['refuses the credentials', 401, 'belfry.channel.misconfigured', 1],
  ['is down', 503, 'belfry.channel.failing', 6],
])(
  'when a channel %s, its fallback gets the report at once, and the dead channel none of it',
  async (_what, status, type, count) => {
    const { home, receiver, post, audited } = await openFixture(onTestFinished);
    receiver.statuses.set('dying', status);
    await home.rules(`channels:
  dying: { type: webhook, url: "${receiver.origin}/dying", delivery: { fallback: spare, concurrency: 1 } }
  spare: { type: webhook, url: "${receiver.origin}/spare" }
rules:
  - { name: all, match: { type: t }, notify: dying }
  - { name: itself, on: belfry, match: { type: ${type} }, notify: dying, message: { title: "{{ type }} {{ data.channel }}" } }\n`);
    await home.start();
    for (let n = 0; n < count; n += 1) await post({ type: 't', data: { n } });
    await receiver.until(({ title }) => title === `${type} dying`);
    const reports = receiver.got.filter(({ rule }) => rule === 'itself');
    expect(reports.map(({ channel }) => channel)).toEqual(['spare']);
    const { body } = await home.call<{ deliveries: { fallback_of?: string }[] }>('GET', '/v1/deliveries?rule=itself');
    expect(body.deliveries).toHaveLength(1);
    await audited();
  },
);
