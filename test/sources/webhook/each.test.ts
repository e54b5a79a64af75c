import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HookAnswer } from '../../../daemon/sources/source.ts';
import { webhook } from '../../../daemon/sources/webhook/webhook.ts';
import { readSourceSettings, type RecordedIo, recordedIo, sourceSettings } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const io = (): RecordedIo => recordedIo({ clock: new VirtualClock('2026-11-23T09:00:00Z'), name: 'hook' });

async function open(event: object, more: object = {}, to = io()) {
  const source = await webhook.start(sourceSettings(webhook, { path: '/hooks/x', event, ...more }), to);
  const post = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HookAnswer> =>
    source.routes![0]!.handle({
      method: 'POST',
      path: '/hooks/x',
      query: new URLSearchParams(),
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      remote: '127.0.0.1',
    });
  return { post, io: to };
}

const group = {
  status: 'firing',
  groupKey: 'g',
  commonLabels: { severity: 'critical' },
  alerts: [
    { status: 'firing', fingerprint: 'a', labels: { instance: 'db1' } },
    { status: 'resolved', fingerprint: 'b', labels: { instance: 'db2' } },
  ],
};

const ALERTS = {
  each: 'body.alerts',
  type: 'alert.{{ data.status }}',
  id: '{{ parent.groupKey }}-{{ data.fingerprint }}',
  subject: '{{ data.labels.instance }}',
};

describe('event.each', () => {
  it('makes an event of each element of a list, with the rest of the body in `parent`', async () => {
    const { post, io } = await open(ALERTS);
    expect(await post(group)).toEqual({
      status: 202,
      body: {
        events: [
          { id: 'g-a/0', duplicate: false },
          { id: 'g-b/1', duplicate: false },
        ],
      },
    });
    const { alerts, ...parent } = group;
    const common = { headers: { 'content-type': 'application/json' }, query: {}, parent };
    expect(io.events).toEqual([
      { ...common, id: 'g-a/0', type: 'alert.firing', subject: 'db1', data: alerts[0] },
      { ...common, id: 'g-b/1', type: 'alert.resolved', subject: 'db2', data: alerts[1] },
    ]);
  });

  it('emits all of them in one call, so that either all are stored or none', async () => {
    const { post, io } = await open(ALERTS);
    io.refuse(new Error('disk full'));
    await expect(post(group)).rejects.toThrow('disk full');
    expect([io.events, io.tries]).toEqual([[], 1]);
    await post(group);
    expect([io.events.length, io.tries]).toEqual([2, 2]);
  });

  it('treats the same elements of a second request as duplicates, and new ones as new', async () => {
    const { post, io } = await open(ALERTS);
    await post({ ...group, alerts: group.alerts.slice(0, 1) });
    expect(await post(group)).toMatchObject({
      body: {
        events: [
          { id: 'g-a/0', duplicate: true },
          { id: 'g-b/1', duplicate: false },
        ],
      },
    });
    expect(io.events).toHaveLength(2);
  });

  it.each([
    ['the body itself', 'body', '[1, "two", null]', null],
    ['a list deeper in', 'body.a.b', '{"a": {"b": [1, "two", null], "c": 3}, "d": 4}', { a: { c: 3 }, d: 4 }],
  ])('accepts %s, and elements of any kind', async (_what, each, body, parent) => {
    const { post, io } = await open({ each });
    await post(body);
    expect(io.events.map((event) => [event.data, event.parent])).toEqual([
      [1, parent],
      ['two', parent],
      [null, parent],
    ]);
  });

  it('gives events without an id ids that show that they came in one request', async () => {
    const { post, io } = await open({ each: 'body.alerts' });
    await post(group);
    await post(group);
    const ids = io.events.map(({ id }) => /^(.+)\/(\d+)$/.exec(id!)!.slice(1));
    expect(ids.map(([, place]) => place)).toEqual(['0', '1', '0', '1']);
    expect(new Set(ids.map(([base]) => base)).size).toBe(2);
  });

  it('adds the position to the delivery id of the provider', async () => {
    const { post, io } = await open({ each: 'body.alerts' }, { verify: { github: 'secret' } });
    const body = JSON.stringify(group);
    const signature = `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`;
    await post(body, { 'x-hub-signature-256': signature, 'x-github-delivery': 'd1' });
    expect(io.events.map(({ id }) => id)).toEqual(['d1/0', 'd1/1']);
  });

  it.each([
    ['an element', { ...group, alerts: [{ ...group.alerts[0]!, status: 'resolved' }] }],
    ['what stands around them', { ...group, status: 'resolved' }],
  ])('refuses a known delivery id with another body: %s differs', async (_what, other) => {
    const { post, io } = await open({ each: 'body.alerts' }, { verify: { github: 'secret' } });
    const send = (value: object): Promise<HookAnswer> => {
      const body = JSON.stringify(value);
      const signature = `sha256=${createHmac('sha256', 'secret').update(body).digest('hex')}`;
      return post(body, { 'x-hub-signature-256': signature, 'x-github-delivery': 'd1' });
    };
    await send(group);
    await expect(send(other)).rejects.toThrow('another body');
    expect(await send(group)).toMatchObject({
      status: 202,
      body: { events: [{ duplicate: true }, { duplicate: true }] },
    });
    expect(io.events).toHaveLength(2);
  });

  it('accepts an empty list, which makes no event', async () => {
    const { post, io } = await open(ALERTS);
    expect(await post({ ...group, alerts: [] })).toEqual({ status: 202, body: { events: [] } });
    expect([io.events, io.tries]).toEqual([[], 0]);
  });

  it.each([
    ['nothing', '{"status": "firing"}', '`body.alerts` is missing'],
    ['no list', '{"alerts": {"status": "firing"}}', '`body.alerts` is not a list'],
    ['no list, by a path through text', '{"alerts": "many"}', '`body.alerts` is not a list'],
    ['an inherited field', '[]', '`body.alerts` is missing'],
  ])('refuses a body that has %s there, with the reason', async (_what, body, detail) => {
    const { post, io } = await open({ each: 'body.alerts' });
    expect(await post(body)).toMatchObject({ status: 400, body: { status: 400, detail } });
    expect(io.events).toEqual([]);
  });

  it('refuses more elements than the limit', async () => {
    const { post, io } = await open({ each: 'body' });
    expect(await post(JSON.stringify(Array.from({ length: 10_001 }, () => 1)))).toMatchObject({ status: 413 });
    expect(io.events).toEqual([]);
    expect(await post(JSON.stringify(Array.from({ length: 10_000 }, () => 1)))).toMatchObject({ status: 202 });
  });

  it('refuses a list if the rest of the body, stored with each element, is too much', async () => {
    const { post, io } = await open({ each: 'body.l' });
    const list = Array.from({ length: 5000 }, () => 1);
    expect(await post({ l: list, more: 'x'.repeat(100_000) })).toMatchObject({ status: 413 });
    expect(io.events).toEqual([]);
  });

  it('renders `respond` once, for all events', async () => {
    const { post } = await open(ALERTS, { respond: { status: 200, body: '{{ events.size }} of {{ body.groupKey }}' } });
    expect(await post(group)).toMatchObject({ status: 200, body: '2 of g' });
  });

  it.each([
    ['alerts', 'write `body.alerts`'],
    ['{{ body.alerts }}', 'write `body.alerts`'],
    ['body.', 'write it like `body.alerts`'],
    ['body..alerts', 'write it like `body.alerts`'],
    ['data.alerts', 'write it like `body.alerts`'],
    ['body.alerts[0]', 'write it like `body.alerts`'],
  ])('refuses `%s`, which is not a path in the body', (each, mend) => {
    const settings = { path: '/hooks/x', event: { each } };
    const { problems } = readSourceSettings(webhook, settings);
    expect(problems).toEqual(['/event/each: `each` is not a path in the body']);
    expect(webhook.check!(settings as never).map((problem) => problem.mend)).toEqual([mend]);
  });
});
