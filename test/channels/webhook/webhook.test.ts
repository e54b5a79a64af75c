import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HttpClient, openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { standardWebhooks } from '../../../daemon/channels/kit/signing/hmac.ts';
import { standardWebhooksKey } from '../../../daemon/lib/standard-webhooks.ts';
import { wellFormed } from '../../../daemon/channels/kit/text/text.ts';
import { webhook } from '../../../daemon/channels/webhook/webhook.ts';
import type { Receipt } from '../../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { channelTools, failureOfSending, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { HOSTILE } from '../contract.ts';
import { HOOK_SECRET } from './webhook.contract.ts';

let sink: TestServer;

let http: HttpClient;

const clock = new VirtualClock('2026-11-23T04:00:00Z');

beforeEach(async () => {
  sink = await openTestServer();
  http = openHttpClient();
});

afterEach(async () => {
  await http.close();
  await sink.close();
});

const open = (settings: object) =>
  webhook.open(decodeSettings(webhook, { url: `${sink.origin}/hook`, ...settings }), channelTools({ http, clock }));

async function sent(settings: object, message: Partial<Message> = {}) {
  await open(settings).send(sampleMessage(message), sampleIo());
  return sink.requests.at(-1)!;
}

test('by default the message goes out as JSON with the event, and the id is that of the delivery', async () => {
  const delivery = sampleDelivery();
  const request = await sent(
    {},
    { link: 'https://example.com/1', tags: ['deploy'], fields: { by: 'alice' }, priority: 'high' },
  );
  expect(request).toMatchObject({ method: 'POST', path: '/hook' });
  expect(request.headers['content-type']).toBe('application/json');
  expect(request.json).toEqual({
    id: delivery.id,
    time: '2026-11-23T09:00:00.000Z',
    rule: 'failed-deploy',
    key: 'acme/api',
    status: 'firing',
    title: 'Deploy failed: acme/api',
    body: 'Build 42 of main by alice',
    priority: 'high',
    tags: ['deploy'],
    link: 'https://example.com/1',
    fields: { by: 'alice' },
    event: delivery.event,
  });
});

test('the receipt has the status and the beginning of the answer', async () => {
  sink.answer({ status: 201, body: 'y'.repeat(5000) });
  const receipt = (await open({}).send(sampleMessage(), sampleIo())) as Receipt;
  expect(receipt.status).toBe(201);
  expect(receipt.answer).toMatch(/^y+… \(\+\d+ bytes\)$/);
});

describe('the body', () => {
  test('a map becomes JSON in which each text is a template', async () => {
    const { json, headers } = await sent({
      body: {
        text: '{{ title }} / {{ event.data.branch }}',
        count: 3,
        ok: true,
        none: null,
        blocks: [{ kind: 'p', text: '{{ body }}' }],
      },
    });
    expect(json).toEqual({
      text: 'Deploy failed: acme/api / main',
      count: 3,
      ok: true,
      none: null,
      blocks: [{ kind: 'p', text: 'Build 42 of main by alice' }],
    });
    expect(headers['content-type']).toBe('application/json');
  });

  test('in a template of JSON, values cannot leave their string', async () => {
    const { json } = await sent(
      { body: '{"text": "{{ title }}", "admin": false}' },
      { title: '", "admin": true, "x": "\n\\' },
    );
    expect(json).toEqual({ text: '", "admin": true, "x": "\n\\', admin: false });
  });

  test('a JSON value is inserted unchanged with `json | raw`', async () => {
    const { json } = await sent(
      { body: '{"title": {{ title | json | raw }}, "data": {{ event.data | json | raw }}}' },
      { title: 'a "b"' },
    );
    expect(json).toEqual({ title: 'a "b"', data: { repository: 'acme/api', branch: 'main' } });
  });

  test('a failed template is replaced by the error and the message, if the body can contain text', async () => {
    const { json } = await sent({
      body: { text: '{{ data.nothing }}', by: '{{ rule }}' },
      headers: { 'X-A': '{{ data.nothing }}' },
    });
    expect(json).toMatchObject({
      by: 'failed-deploy',
      text: expect.stringMatching(/^\[template error: .+] Deploy failed: acme\/api\nBuild 42/),
    });
    expect(sink.requests[0]!.headers['x-a']).toMatch(/^\[template error: /);
    expect((await sent({ body: 'x {{ data.nothing }}' })).text).toContain('Build 42 of main by alice');
    const failure = await failureOfSending(
      open({ body: '{"text": "{{ data.nothing }}"}' }),
      sampleMessage(),
      sampleIo(),
    );
    expect(failure).toMatchObject({
      class: 'permanent',
      code: 'webhook.body',
      message: expect.stringContaining('failed'),
    });
  });

  test('any other template is plain text', async () => {
    const request = await sent({ body: '{{ title }}: {{ body }}' });
    expect(request.text).toBe('Deploy failed: acme/api: Build 42 of main by alice');
    expect(request.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  const typed = (type: string) => ({ headers: { 'Content-Type': type } });
  const FORM = 'application/x-www-form-urlencoded';

  test('the content type can be set, and decides how values are escaped', async () => {
    const request = await sent({ body: 'text={{ title }}&by={{ rule }}', ...typed(FORM) });
    expect(request.headers['content-type']).toBe(FORM);
    expect(request.text).toBe('text=Deploy+failed%3A+acme%2Fapi&by=failed-deploy');
  });

  test.each([
    'a=b&user=EVIL',
    'a;user=EVIL',
    'a\r\nuser=EVIL',
    '%26user=EVIL',
    'a+b %2B \u0000 \ud800 \u{1F525}',
    HOSTILE,
  ])('in a form, a value cannot add a field: %j', async (title) => {
    const { text } = await sent({ body: 'text={{ title }}&user=belfry', ...typed(FORM) }, { title });
    expect([...new URLSearchParams(text)]).toEqual([
      ['text', wellFormed(title)],
      ['user', 'belfry'],
    ]);
  });

  test('a flat map becomes a form with the content type of forms, a list in it one field for each value', async () => {
    const body = { text: '{{ title }}', n: 3, ok: true, none: null, tag: ['a', '{{ rule }}'] };
    const { text } = await sent({ body, ...typed(`${FORM}; charset=utf-8`) }, { title: 'a=b&user=EVIL' });
    expect([...new URLSearchParams(text)]).toEqual([
      ['text', 'a=b&user=EVIL'],
      ['n', '3'],
      ['ok', 'true'],
      ['none', ''],
      ['tag', 'a'],
      ['tag', 'failed-deploy'],
    ]);
  });

  test.each(['application/xml', 'text/xml; charset=utf-8', 'application/soap+xml', 'text/html'])(
    'in %s, a value cannot add an element or an attribute',
    async (type) => {
      const title = `</t><admin/>&x; "' \u0007`;
      const { text } = await sent({ body: '<t a="{{ title }}">{{ title }}</t>', ...typed(type) }, { title });
      expect(text.match(/[<>]/g)).toHaveLength(4);
      expect(text).toContain('&lt;/t&gt;&lt;admin/&gt;&amp;x; &quot;&#39;');
      expect(text.split('"')).toHaveLength(3);
      // oxlint-disable-next-line no-control-regex
      if (type.includes('xml')) expect(text).not.toMatch(/[\u0000-\u001f]/);
    },
  );

  test('in JSON lines, a value cannot begin a line, and each line must be JSON', async () => {
    const body = '{"index":{}}\n{"text":"{{ title }}"}\n';
    const { text } = await sent({ body, ...typed('application/x-ndjson') }, { title: '"}\n{"delete":{}' });
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ index: {} }, { text: '"}\n{"delete":{}' }]);
    const failure = await failureOfSending(
      open({ body: '{}\n{"text":{{ title }}}', ...typed('application/x-ndjson') }),
      sampleMessage(),
      sampleIo(),
    );
    expect(failure).toMatchObject({ class: 'permanent', code: 'webhook.body' });
  });

  test('a template that fails in a form is never sent, since the error has no field of its own', async () => {
    const failure = await failureOfSending(
      open({ body: 'text={{ data.nothing }}', ...typed(FORM) }),
      sampleMessage(),
      sampleIo(),
    );
    expect(failure).toMatchObject({ class: 'permanent', code: 'webhook.body' });
    expect(sink.requests).toEqual([]);
  });

  test.each([
    [{ body: 'text={{ title | url_encode }}', ...typed(FORM) }, 'values in a form are encoded already'],
    [{ body: { a: { b: 'c' } }, ...typed(FORM) }, 'a map cannot be written as form'],
    [{ body: { a: [['c']] }, ...typed(FORM) }, 'a map cannot be written as form'],
    [{ ...typed(FORM) }, 'the default body is JSON'],
    [{ body: { a: 'b' }, ...typed('text/xml') }, 'a map cannot be written as XML'],
    [{ body: 'x', ...typed('multipart/form-data; boundary=x') }, 'a body of several parts'],
    [{ body: 'x', ...typed('{{ data.type }}') }, '`Content-Type` is a template'],
  ])('a body that its content type cannot carry is a problem of the rules: %j', (settings, problem) => {
    const { problems } = readSettings(webhook, { url: 'https://example.com/', ...settings });
    expect(problems).toEqual([expect.stringContaining(`/body: ${problem}`)]);
  });

  test.each([
    { body: 'text={{ title | url_encode | raw }}', ...typed(FORM) },
    { body: 'text={{ title | upcase }}', ...typed(FORM) },
    { body: '{"a":"{{ title | url_encode }}"}', ...typed('application/json') },
    { body: { a: { b: 'c' } }, ...typed('application/vnd.api+json') },
    { body: { a: 'b' }, ...typed('text/plain') },
    { ...typed('application/json') },
  ])('a body that its content type can carry is valid: %j', (settings) => {
    expect(readSettings(webhook, { url: 'https://example.com/', ...settings }).problems).toEqual([]);
  });

  test('a template that renders to invalid JSON is never sent', async () => {
    const failure = await failureOfSending(open({ body: '{"text": {{ title }}}' }), sampleMessage(), sampleIo());
    expect(failure).toMatchObject({ class: 'permanent', code: 'webhook.body' });
    expect(sink.requests).toEqual([]);
  });

  test('a GET has no body', async () => {
    const request = await sent({ method: 'GET' });
    expect(request).toMatchObject({ method: 'GET', text: '' });
    expect(request.headers['content-type']).toBeUndefined();
  });
});

describe('headers', () => {
  test('are templates, override the usual ones, and cannot be split', async () => {
    const { headers } = await sent(
      { headers: { 'X-Rule': '{{ rule }}', 'User-Agent': 'me', 'X-Text': '{{ title }}' } },
      { title: 'one\r\nX-Evil: 1\u0000磁' },
    );
    expect(headers).toMatchObject({ 'x-rule': 'failed-deploy', 'user-agent': 'me' });
    expect(Buffer.from(headers['x-text']!, 'latin1').toString('utf8')).toBe('one X-Evil: 1 磁');
    expect(headers['x-evil']).toBeUndefined();
  });

  test('headers of the HTTP client and invalid names are refused at load', () => {
    const { problems } = readSettings(webhook, {
      url: 'https://example.com/',
      headers: { 'Content-Length': '1', 'a b': 'c' },
    });
    expect(problems).toEqual([
      '/headers/Content-Length: this header is set by the HTTP client',
      '/headers/a b: this is not the name of a header',
    ]);
  });
});

describe('signing', () => {
  test.each([
    [
      'whsec_plJ3nmyCDGBKInavdOK15jsl',
      'msg_loFOjxBNrRLzqYUf',
      1731705121,
      '{"event_type":"ping","data":{"success":true}}',
      'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    ],
    [
      HOOK_SECRET,
      'msg_belfry_0001',
      1795406400,
      '{"type":"alert.fired","timestamp":"2026-11-23T04:00:00Z","data":{"title":"Disk nearly full"}}',
      'v1,xvz0dp8pRhRSDag5AtCkAwaWe3WjxXEWjvCaUhNqFLM=',
    ],
  ])('Standard Webhooks: %s', (secret, id, timestamp, body, signature) => {
    expect(standardWebhooks(id, timestamp, Buffer.from(body), [standardWebhooksKey(secret)!])).toEqual({
      'webhook-id': id,
      'webhook-timestamp': `${timestamp}`,
      'webhook-signature': signature,
    });
  });

  test('covers exactly the sent bytes, with the time of the attempt, once for each secret', async () => {
    const other = 'whsec_cGxKM25teUNER0JLSW5hdmRPSzE1anNs';
    const request = await sent({ sign: { standard_webhooks: [HOOK_SECRET, other] } }, { title: '磁盘' });
    expect(request.headers['webhook-timestamp']).toBe(`${clock.now() / 1000}`);
    const sign = (secret: string): string =>
      `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(`${request.headers['webhook-id']}.${request.headers['webhook-timestamp']}.`)
        .update(request.bytes)
        .digest('base64')}`;
    expect(request.headers['webhook-signature']).toBe(`${sign(HOOK_SECRET)} ${sign(other)}`);
  });

  test('by HMAC in a header of your choice', async () => {
    const request = await sent({
      sign: {
        hmac: { header: 'X-Hub-Signature-256', secret: 'key', prefix: 'sha256=', algorithm: 'sha256', encoding: 'hex' },
      },
    });
    const expected = createHmac('sha256', 'key').update(request.bytes).digest('hex');
    expect(request.headers['x-hub-signature-256']).toBe(`sha256=${expected}`);
  });

  test('without a secret has the id and the time, and no signature', async () => {
    const { headers } = await sent({});
    expect(headers['webhook-id']).toBe(sampleDelivery().id);
    expect(headers['webhook-signature']).toBeUndefined();
  });
});

describe('success', () => {
  test('depends on the settings', async () => {
    sink.answer({ status: 409 });
    expect(await open({ success: ['200-299', 409] }).send(sampleMessage(), sampleIo())).toMatchObject({ status: 409 });
    sink.answer({ status: 202 });
    const failure = await failureOfSending(open({ success: [200] }), sampleMessage(), sampleIo());
    expect(failure).toMatchObject({ class: 'permanent', code: 'http.202' });
  });

  test('is never a redirect by itself', async () => {
    sink.answer({ status: 302, headers: { location: `${sink.origin}/elsewhere` } });
    expect(await failureOfSending(open({}), sampleMessage(), sampleIo())).toMatchObject({ code: 'http.redirect' });
    expect(sink.requests).toHaveLength(1);
  });
});

test('a relative URL goes to the base URL', async () => {
  const channel = webhook.open(
    decodeSettings(webhook, { url: '/a/b', api: sink.origin }),
    channelTools({ http, clock }),
  );
  await channel.send(sampleMessage(), sampleIo());
  expect(sink.requests[0]!.path).toBe('/a/b');
});

test('a path goes below a base URL that has a path, with its query', async () => {
  const settings = decodeSettings(webhook, { url: '/a/b?c=d', api: `${sink.origin}/robots/` });
  await webhook.open(settings, channelTools({ http, clock })).send(sampleMessage(), sampleIo());
  expect(sink.requests[0]!.path).toBe('/robots/a/b?c=d');
});

test('settings that cannot work are found at load, without repeating them', () => {
  const wrong = readSettings(webhook, {
    url: 'example.com/very-secret',
    sign: { standard_webhooks: 'not base64!' },
  }).problems;
  expect(wrong).toHaveLength(2);
  expect(wrong.join()).not.toMatch(/very-secret|not base64!/);
  expect(readSettings(webhook, { url: 'https://example.com/', sign: {} }).problems).toEqual([
    '/sign: `sign` has no setting',
  ]);
  expect(readSettings(webhook, { url: 'https://example.com/', success: ['2xx'] }).problems).toHaveLength(1);
  expect(readSettings(webhook, { url: 'https://example.com/', method: 'FETCH' }).problems).toHaveLength(1);
  expect(readSettings(webhook, {}).problems).toHaveLength(1);
});

test('hostile text arrives unchanged, in valid JSON', async () => {
  const { json } = await sent({ body: '{"text": "{{ body }}"}' }, { body: HOSTILE });
  expect(json).toEqual({ text: wellFormed(HOSTILE) });
});
