import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HookAnswer, HookRequest } from '../../../daemon/sources/source.ts';
import { webhook } from '../../../daemon/sources/webhook/webhook.ts';
import { type RecordedIo, readSourceSettings, recordedIo, sourceSettings } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly query?: string;
  readonly remote?: string;
}

const clockAt = () => new VirtualClock('2026-11-23T09:00:00Z');

async function open(written: object = {}, io: RecordedIo = recordedIo({ clock: clockAt(), name: 'hook' })) {
  const source = await webhook.start(sourceSettings(webhook, { path: '/hooks/x', ...written }), io);
  const route = source.routes![0]!;
  const send = ({ headers = {}, body = '', query = '', remote = '127.0.0.1' }: Sent = {}): Promise<HookAnswer> => {
    const request: HookRequest = {
      method: 'POST',
      path: '/hooks/x',
      query: new URLSearchParams(query),
      headers,
      body: Buffer.from(body),
      remote,
    };
    return route.handle(request);
  };
  const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HookAnswer> =>
    send({ headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) });
  return { source, route, send, json, io };
}

describe('a webhook source', () => {
  it('makes an event of a request and answers 202 when it is stored', async () => {
    const { json, io, route } = await open({ max_body: '64KiB', methods: ['POST', 'PUT'] });
    expect([route.path, route.methods, route.maxBody]).toEqual(['/hooks/x', ['POST', 'PUT'], 65_536]);
    expect(await json({ a: [1] }, { 'user-agent': 'ci' })).toEqual({
      status: 202,
      body: { id: 'made-1', duplicate: false },
    });
    expect(io.events).toEqual([
      {
        id: 'made-1',
        type: 'webhook.received',
        data: { a: [1] },
        headers: { 'content-type': 'application/json', 'user-agent': 'ci' },
        query: {},
      },
    ]);
  });

  it('gives its events the hops of the request', async () => {
    const { json, io } = await open({ event: { each: 'body.list' } });
    await json({ list: [1, 2] }, { 'belfry-hops': '4' });
    expect(io.events.map(({ belfryhops }) => belfryhops)).toEqual([4, 4]);
    expect(await json({ list: [1] }, { 'belfry-hops': 'x' })).toMatchObject({ status: 400 });
  });

  it('does not answer before the event is durable, and passes on the refusal', async () => {
    const { json, io } = await open();
    io.refuse(new Error('disk full'));
    await expect(json({})).rejects.toThrow('disk full');
    expect(io.events).toEqual([]);
  });

  it.each([
    ['application/json; charset=utf-8', '{"a":1}', { a: 1 }],
    ['application/vnd.api+json', '[1,2]', [1, 2]],
    ['application/x-www-form-urlencoded', 'a=1&b=x+y&b=z', { a: '1', b: ['x y', 'z'] }],
    ['text/plain', 'hello', { text: 'hello' }],
    ['application/json', '', null],
    ['application/x-www-form-urlencoded', '{"a":"curl -d"}', { a: 'curl -d' }],
    ['application/x-www-form-urlencoded', '[a=1', { '[a': '1' }],
    ['', '{"a":1}', { a: 1 }],
    ['', 'hello', { text: 'hello' }],
    ['text/plain', '{"a":1}', { text: '{"a":1}' }],
  ])('reads %s', async (type, body, data) => {
    const { send, io } = await open();
    await send({ headers: { 'content-type': type }, body });
    expect(io.events[0]?.data).toEqual(data);
  });

  it.each([
    ['broken JSON', 'application/json', '{"a":', 400],
    ['JSON of endless depth', 'application/json', '['.repeat(100_000) + ']'.repeat(100_000), 400],
    ['what is not UTF-8', 'text/plain', Buffer.from([0xff, 0xfe]), 415],
    ['another charset', 'text/plain; charset=utf-7', 'a', 415],
  ])('refuses %s', async (_title, type, body, status) => {
    const { send, io } = await open();
    const answer = await send({ headers: { 'content-type': type }, body });
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' }, body: { status } });
    expect(io.events).toEqual([]);
  });

  it('ignores brackets inside strings when it counts the nesting, and accepts `__proto__` as a name', async () => {
    const { send, io } = await open();
    const body = `{"__proto__":{"admin":true},"text":"${'['.repeat(500)}\\""}`;
    expect((await send({ headers: { 'content-type': 'application/json' }, body })).status).toBe(202);
    expect(Object.keys(io.events[0]!.data as object)).toEqual(['__proto__', 'text']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('keeps credentials out of the event', async () => {
    const verify = { hmac: { header: 'X-Sum', secret: 'k' } };
    const { send, io } = await open({ verify });
    const sum = createHmac('sha256', 'k').update('hi').digest('hex');
    const secret = Object.fromEntries(
      [
        'authorization',
        'proxy-authorization',
        'cookie',
        'x-hub-signature',
        'x-hub-signature-256',
        'x-gitlab-token',
        'stripe-signature',
        'webhook-signature',
        'x-slack-signature',
        'x-lark-signature',
        'sign',
        'x-api-key',
        'ocp-apim-subscription-key',
        'x-goog-iap-jwt-assertion',
      ].map((name) => [name, 'S3CRET']),
    );
    const query =
      'token=S3CRET&access_token=S3CRET&key=S3CRET&sign=S3CRET&signature=S3CRET&secret=S3CRET&password=S3CRET&pass=S3CRET&pwd=S3CRET&jwt=S3CRET&passage=2&ref=main';
    await send({ headers: { ...secret, 'x-sum': sum, 'x-event': 'push' }, query, body: 'hi' });
    expect(io.events[0]).toMatchObject({ headers: { 'x-event': 'push' }, query: { passage: '2', ref: 'main' } });
    expect(JSON.stringify(io.events)).not.toMatch(new RegExp(`S3CRET|${sum}`));
  });

  it('sets the attributes of the event by templates', async () => {
    const { json, io } = await open({
      event: { type: "ci.{{ headers['x-event'] }}", id: '{{ body.build }}', subject: '{{ body.repo.name }}' },
    });
    await json({ build: 7, repo: { name: 'api' } }, { 'x-event': 'push' });
    expect(await json({ build: 7, repo: { name: 'api' } }, { 'x-event': 'push' })).toMatchObject({
      body: { id: '7', duplicate: true },
    });
    expect(io.events).toMatchObject([{ type: 'ci.push', id: '7', subject: 'api' }]);
  });

  it('keeps subjects different that are too long to be kept whole', async () => {
    const { json, io } = await open({ event: { subject: '{{ body.s }}' } });
    for (const s of ['a'.repeat(1024), 'a'.repeat(2000), `${'a'.repeat(1999)}b`, 'a'.repeat(2000)]) await json({ s });
    const subjects = io.events.map(({ subject }) => subject!);
    expect(subjects[0]).toBe('a'.repeat(1024));
    expect(subjects[1]).toMatch(/^a+ … \(\d+ more characters\) [0-9a-f]{64}$/);
    expect(subjects[2]).not.toBe(subjects[1]);
    expect(subjects[3]).toBe(subjects[1]);
  });

  it('leaves the default where a template fails', async () => {
    const { json, io } = await open({
      event: { type: '{{ body.no.such }}', id: '{{ body.id }}', subject: '{{ body.x }}' },
    });
    await json({});
    expect(io.events).toMatchObject([{ id: 'made-1', type: 'webhook.received' }]);
    expect(io.events[0]).not.toHaveProperty('subject');
  });

  it('answers with `respond`', async () => {
    const { json } = await open({ respond: { status: 200, body: '{"ok":true,"id":"{{ id }}"}' } });
    expect(await json({})).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"ok":true,"id":"made-1"}',
    });
  });

  it('accepts only addresses of `allow`, and ignores forwarding headers', async () => {
    const { send } = await open({ allow: ['192.0.2.0/24', '2001:db8::1'] });
    const from = async (remote: string) => (await send({ remote, headers: { 'x-forwarded-for': '192.0.2.1' } })).status;
    expect(await from('192.0.2.7')).toBe(202);
    expect(await from('::ffff:192.0.2.7')).toBe(202);
    expect(await from('2001:db8::1')).toBe(202);
    expect([await from('198.51.100.1'), await from('2001:db8::2'), await from('')]).toEqual([403, 403, 403]);
  });

  it('accepts as many requests as its rate allows, and answers the others with `Retry-After`', async () => {
    const clock = clockAt();
    const { send } = await open({ rate: '2/10s' }, recordedIo({ clock }));
    await send();
    await clock.advance(4000);
    await send();
    expect(await send()).toMatchObject({ status: 429, headers: { 'retry-after': '6' } });
    await clock.advance(6000);
    expect((await send()).status).toBe(202);
    expect((await send()).status).toBe(429);
  });

  it('does not count requests without proof towards the rate', async () => {
    const { send } = await open({ rate: '1/1m', verify: { bearer: 'good' } });
    for (let count = 0; count < 5; count += 1) expect((await send()).status).toBe(401);
    expect((await send({ headers: { authorization: 'Bearer good' } })).status).toBe(202);
  });

  it('accepts nothing after it has stopped', async () => {
    const { source, send, io } = await open();
    await source.stop();
    expect((await send()).status).toBe(503);
    expect(io.tries).toBe(0);
  });
});

describe('a verified webhook source', () => {
  const KEY = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const verify = { standard_webhooks: `whsec_${KEY}` };
  const signed = (id: string, seconds: number, body = '{"a":1}'): Sent => {
    const signature = createHmac('sha256', Buffer.from(KEY, 'base64'))
      .update(`${id}.${seconds}.${body}`)
      .digest('base64');
    return {
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': `${seconds}`,
        'webhook-signature': `v1,${signature}`,
      },
      body,
    };
  };
  const seconds = Date.parse('2026-11-23T09:00:00Z') / 1000;

  it('gives the same 401 for a wrong, a missing and an old signature and for a copy', async () => {
    const { send } = await open({ verify });
    await send(signed('m1', seconds));
    const right = signed('m2', seconds);
    const answers = [
      await send({ body: '{"a":1}' }),
      await send({ ...right, headers: { ...right.headers, 'webhook-signature': 'v1,AAAA' } }),
      await send(signed('m3', seconds - 301)),
      await send(signed('m1', seconds)),
    ];
    expect(answers[0]).toMatchObject({ status: 401, body: { status: 401 } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('treats a second attempt with a new timestamp as the same event', async () => {
    const { send, io } = await open({ verify });
    expect(await send(signed('m1', seconds))).toEqual({ status: 202, body: { id: 'm1', duplicate: false } });
    expect(await send(signed('m1', seconds + 5))).toEqual({ status: 202, body: { id: 'm1', duplicate: true } });
    expect(io.events).toHaveLength(1);
  });

  it('refuses another body with a used id, and stores nothing', async () => {
    const { send, io } = await open({ verify });
    await send(signed('m1', seconds));
    await expect(send(signed('m1', seconds + 5, '{"a":2}'))).rejects.toMatchObject({ code: 'store.conflict' });
    await expect(send(signed('m1', seconds + 5, '{"a":2}'))).rejects.toMatchObject({ code: 'store.conflict' });
    expect(await send(signed('m1', seconds + 6, '{ "a": 1 }'))).toMatchObject({ body: { id: 'm1', duplicate: true } });
    expect(io.events).toMatchObject([{ data: { a: 1 } }]);
  });

  it.each([
    ['github', { github: 'k' }, 'x-github-delivery'],
    ['gitlab', { gitlab: 't' }, 'idempotency-key'],
  ])('accepts an id of %s only with its first body', async (_name, verifyBy, header) => {
    const { send, io } = await open({ verify: verifyBy });
    const sent = (body: string) => {
      const hash = createHmac('sha256', 'k').update(body).digest('hex');
      const proof = { 'x-hub-signature-256': `sha256=${hash}`, 'x-gitlab-token': 't' };
      return send({ headers: { 'content-type': 'application/json', ...proof, [header]: 'd1' }, body });
    };
    expect(await sent('{"n":-0.0,"t":"é"}')).toMatchObject({ body: { id: 'd1', duplicate: false } });
    expect(await sent('{"n":-0.0,"t":"é"}')).toMatchObject({ body: { id: 'd1', duplicate: true } });
    await expect(sent('{"n":1,"t":"é"}')).rejects.toMatchObject({ code: 'store.conflict' });
    expect(io.events).toHaveLength(1);
  });

  it('treats a second attempt of Stripe as the same event although its count of endpoints differs', async () => {
    const { send } = await open({ verify: { stripe: 'k' } });
    const sent = (at: number, event: object) => {
      const body = JSON.stringify({ id: 'evt_1', ...event });
      const signature = createHmac('sha256', 'k').update(`${at}.${body}`).digest('hex');
      const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${signature}` };
      return send({ headers, body });
    };
    await sent(seconds, { type: 'charge.failed', pending_webhooks: 2 });
    expect(await sent(seconds + 1, { type: 'charge.failed', pending_webhooks: 1 })).toMatchObject({
      body: { duplicate: true },
    });
    await expect(sent(seconds + 2, { type: 'charge.paid', pending_webhooks: 1 })).rejects.toThrow('another body');
  });

  it('lets `event.id` decide which requests are the same event', async () => {
    const { send, io } = await open({ verify, event: { id: '{{ body.build }}' } });
    await send(signed('m1', seconds, '{"build":7,"state":"started"}'));
    expect(await send(signed('m2', seconds, '{"build":7,"state":"ended"}'))).toMatchObject({
      status: 202,
      body: { id: '7', duplicate: true },
    });
    expect(io.events).toHaveLength(1);
  });

  it('detects a copy also after a restart, and forgets it once it is too old to pass', async () => {
    const clock = clockAt();
    const before = recordedIo({ clock });
    const first = await open({ verify }, before);
    await first.send(signed('m1', seconds));
    await first.source.stop();
    expect([...before.stored.keys()]).toEqual([expect.stringMatching(/^seen:/)]);
    const second = await open({ verify }, recordedIo({ clock, stored: before.stored }));
    expect((await second.send(signed('m1', seconds))).status).toBe(401);
    await clock.advance(300_001);
    await open({ verify }, recordedIo({ clock, stored: before.stored }));
    await clock.advance(0);
    expect(before.stored.size).toBe(0);
  });

  it('remembers only the signatures of the time window', async () => {
    const clock = clockAt();
    const io = recordedIo({ clock });
    const { send } = await open({ verify }, io);
    for (let step = 0; step < 40; step += 1) {
      await send(signed(`m${step}`, seconds + step * 60));
      await clock.advance(60_000);
    }
    expect(io.events).toHaveLength(40);
    expect(io.stored.size).toBeLessThanOrEqual(7);
  });

  it('accepts the same request again if its event was refused', async () => {
    const { send, io } = await open({ verify });
    io.refuse(new Error('disk full'));
    await expect(send(signed('m1', seconds))).rejects.toThrow('disk full');
    expect((await send(signed('m1', seconds))).status).toBe(202);
  });

  it('accepts one of two copies that arrive at once', async () => {
    const { send, io } = await open({ verify });
    const answers = await Promise.all([send(signed('m1', seconds)), send(signed('m1', seconds))]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 401]);
    expect(io.events).toHaveLength(1);
  });

  it('gives a redelivery the id of the first delivery', async () => {
    const { json, io } = await open({ verify: { gitlab: 't' } });
    const headers = { 'x-gitlab-token': 't', 'idempotency-key': 'k1', 'x-gitlab-event-uuid': 'u1' };
    await json({}, headers);
    expect(await json({}, headers)).toMatchObject({ body: { id: 'k1', duplicate: true } });
    expect(io.events).toHaveLength(1);
  });

  it('separates two events of an older GitLab with one id, and detects a repeated one', async () => {
    const { json, io } = await open({ verify: { gitlab: 't' } });
    const headers = { 'x-gitlab-token': 't', 'x-gitlab-event-uuid': 'u1' };
    await json({ object_kind: 'push' }, headers);
    await json({ object_kind: 'note' }, headers);
    expect(await json({ object_kind: 'push' }, headers)).toMatchObject({ body: { duplicate: true } });
    expect(io.events).toHaveLength(2);
  });

  it('starts although the disk is too full to delete old signatures', async () => {
    const clock = clockAt();
    const io = recordedIo({ clock, stored: new Map([['seen:old', '2026-11-23T08:00:00.000Z']]) });
    const { send } = await open({ verify }, { ...io, saveCheckpoints: () => Promise.reject(new Error('disk full')) });
    expect((await send(signed('m1', seconds))).status).toBe(202);
  });

  it('answers the challenge of Slack without an event, and only if it is signed', async () => {
    const { send, io } = await open({ verify: { slack: 'k' } });
    const body = JSON.stringify({ type: 'url_verification', challenge: 'abc' });
    const signature = `v0=${createHmac('sha256', 'k').update(`v0:${seconds}:${body}`).digest('hex')}`;
    const headers = { 'content-type': 'application/json', 'x-slack-request-timestamp': `${seconds}` };
    expect((await send({ headers, body })).status).toBe(401);
    expect(await send({ headers: { ...headers, 'x-slack-signature': signature }, body })).toEqual({
      status: 200,
      body: { challenge: 'abc' },
    });
    expect(io.tries).toBe(0);
  });

  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const ofGitHub = (body: string): Sent => ({
    headers: {
      ...FORM,
      'x-github-delivery': 'd1',
      'x-hub-signature-256': `sha256=${createHmac('sha256', 'k').update(body).digest('hex')}`,
    },
    body,
  });
  const ofSlack = (body: string): Sent => ({
    headers: {
      ...FORM,
      'x-slack-request-timestamp': `${seconds}`,
      'x-slack-signature': `v0=${createHmac('sha256', 'k').update(`v0:${seconds}:${body}`).digest('hex')}`,
    },
    body,
  });
  const payload = (value: unknown): string =>
    String(new URLSearchParams({ payload: typeof value === 'string' ? value : JSON.stringify(value) }));

  it('reads the JSON in a form of GitHub, and verifies the signature over the form', async () => {
    const { send, io } = await open({
      verify: { github: 'k' },
      event: { subject: '{{ body.repository.full_name }}' },
    });
    const push = { ref: 'refs/heads/main', repository: { full_name: 'acme/api & more' }, big: [1, null, 'é%20+'] };
    expect((await send(ofGitHub(payload(push)))).status).toBe(202);
    expect(io.events).toMatchObject([{ id: 'd1', subject: 'acme/api & more', data: push }]);
    expect((await send({ ...ofGitHub(payload(push)), body: payload({ ref: 'other' }) })).status).toBe(401);
  });

  it('reads the payload of a Slack interaction, and keeps slash commands as forms', async () => {
    const { send, io } = await open({ verify: { slack: 'k' } });
    const pressed = { type: 'block_actions', user: { id: 'U1' }, actions: [{ action_id: 'ack' }] };
    await send(ofSlack(payload(pressed)));
    await send(ofSlack('command=%2Fdeploy&text=now&response_url=https%3A%2F%2Fhooks.slack.com%2F1'));
    expect(io.events.map(({ data }) => data)).toEqual([
      pressed,
      { command: '/deploy', text: 'now', response_url: 'https://hooks.slack.com/1' },
    ]);
  });

  it.each([
    ['is no JSON', '{"a":'],
    ['is empty', ''],
    ['is nested without end', '['.repeat(1000) + ']'.repeat(1000)],
  ])('refuses a payload that %s, and names the field', async (_what, text) => {
    const { send, io } = await open({ verify: { github: 'k' } });
    const answer = await send(ofGitHub(payload(text)));
    expect(answer).toMatchObject({ status: 400, body: { detail: expect.stringContaining('`payload`') as string } });
    expect(io.tries).toBe(0);
  });

  it('keeps all fields of a form that has more than the payload', async () => {
    const { send, io } = await open({ verify: { github: 'k' } });
    await send(ofGitHub('payload=%7B%7D&other=1'));
    expect(io.events).toMatchObject([{ data: { payload: '{}', other: '1' } }]);
  });

  it.each([{}, { verify: { hmac: { header: 'x-hub-signature-256', prefix: 'sha256=', secret: 'k' } } }])(
    'reads a form as a form if its provider does not wrap JSON: %j',
    async (settings) => {
      const { send, io } = await open(settings);
      await send(ofGitHub(payload({ a: 1 })));
      expect(io.events).toMatchObject([{ data: { payload: '{"a":1}' } }]);
    },
  );

  it('names the authentication scheme if there is one', async () => {
    const { send } = await open({ verify: { basic: 'a:b' } });
    expect((await send()).headers?.['www-authenticate']).toMatch(/^Basic /);
  });
});

describe('checking a webhook source finds', () => {
  it.each([
    [{ path: '/other' }, /path/],
    [{ path: '/hooks/a?b' }, /path/],
    [{ path: '/hooks/x', allow: ['10.0.0.0/40'] }, /neither a network nor an address/],
    [{ path: '/hooks/x', methods: ['TRACE'] }, /methods/],
    [{ path: '/hooks/x', respond: { status: 500 } }, /status/],
    [{ path: '/hooks/x', event: { type: '{{ oops' } }, /type/],
  ])('%j', (written, expected) => {
    expect(readSourceSettings(webhook, written).problems.join('\n')).toMatch(expected);
  });
});
