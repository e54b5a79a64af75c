import { describe, expect, test } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { ntfy } from '../../../daemon/channels/push/ntfy.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { describeChannelContract } from '../contract.ts';

const TOPIC = 'alerts-kx83jd02';
const TOKEN = 'tk_agqdq7mvbofd37zqvn29rhuzniz';
const OK = { body: { id: 'hwQ2YpKdmg', time: 1795406400, event: 'message', topic: TOPIC, message: 'x' } };

interface Payload {
  readonly topic: string;
  readonly title: string;
  readonly message: string;
  readonly tags: readonly string[];
  readonly markdown: boolean;
}

const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

describeChannelContract({
  type: ntfy,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ topic: TOPIC, token: TOKEN, api }),
      responses: {
        success: { body: { id: 'hwQ2YpKdmg', event: 'message' } },
        refusal: { status: 403, body: { code: 40301, http: 403, error: 'forbidden' } },
      },
    }),
  cases: {
    refusal: { class: 'permanent', code: 'ntfy.40301', misconfigured: true },
    rateLimited: { code: 'http.429' },
    serverError: { code: 'http.500' },
    hang: { code: 'http.no_answer' },
    oversize(received) {
      const { title, message } = payloadOf(received);
      expect(byteLength(received)).toBeLessThanOrEqual(8192);
      expect(byteLength(message)).toBeLessThanOrEqual(4096);
      expect(byteLength(message)).toBeGreaterThan(3800);
      expect(message).toMatch(/… \(\+\d+ bytes\)/);
      expect(byteLength(title)).toBeLessThanOrEqual(250);
    },
    hostile(received, { format }) {
      const { title, message, tags, markdown } = payloadOf(received);
      expect(markdown).toBe(format === 'markdown');
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(tags).toEqual(['a b']);
      if (format === 'markdown') expect(message).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'ntfy drops no repeated message' },
  },
});

const channel = useHttpChannel(ntfy, { settings: (api) => ({ topic: TOPIC, api }), success: OK });

describe('a message', () => {
  test('goes to the root as JSON, and its receipt is the id that the server gave', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: 'hwQ2YpKdmg', status: 200 });
    const request = await channel.sent({
      title: 'Disk nearly full',
      body: 'web-1: 91 %',
      priority: 'urgent',
      tags: ['warning', 'a,b'],
      link: 'https://example.com/a',
      image: 'https://example.com/p.png',
      actions: [{ label: 'Open', url: 'https://example.com/b' }],
      fields: { host: 'web-1' },
    });
    expect(request.path).toBe('/');
    expect(request.json).toEqual({
      topic: TOPIC,
      title: 'Disk nearly full',
      message: 'web-1: 91 %\nhost: web-1',
      priority: 5,
      tags: ['warning', 'a b'],
      markdown: false,
      click: 'https://example.com/a',
      attach: 'https://example.com/p.png',
      actions: [{ action: 'view', label: 'Open', url: 'https://example.com/b' }],
    });
  });

  test('in Markdown is sent as it is written; HTML becomes text', async () => {
    expect(
      payloadOf((await channel.sent({ format: 'markdown', body: '**x** [a](https://b.test)' })).text),
    ).toMatchObject({
      message: '**x** [a](https://b.test)',
      markdown: true,
    });
    expect(payloadOf((await channel.sent({ format: 'html', body: '<b>x</b>' })).text).message).toBe('x');
  });

  test('keeps actions in the text if there are more than three or one has no valid address', async () => {
    const action = { label: 'Open', url: 'https://example.com/b' };
    expect((await channel.sent({ actions: [action, action, action, action] })).json).toMatchObject({ actions: [] });
    const { text } = await channel.sent({ actions: [{ label: 'Call', url: 'tel:123' }] });
    expect(payloadOf(text).message).toContain('Call tel:123');
  });

  test.each([
    ['min', 1],
    ['low', 2],
    ['normal', 3],
    ['high', 4],
  ] as const)('of priority %s has %i', async (priority, number) => {
    expect((await channel.sent({ priority })).json).toMatchObject({ priority: number });
  });

  test('says that an alert is resolved', async () => {
    const request = await channel.sent(
      { title: 'Resolved: disk', body: '' },
      {},
      { delivery: sampleDelivery({ status: 'resolved' }) },
    );
    expect(request.json).toMatchObject({ title: 'Resolved: disk' });
  });
});

test('logs in with a token, or with user and password', async () => {
  expect((await channel.sent({}, { token: TOKEN })).headers.authorization).toBe(`Bearer ${TOKEN}`);
  const { headers } = await channel.sent({}, { user: 'phil', password: 'mypass' });
  expect(headers.authorization).toBe('Basic cGhpbDpteXBhc3M=');
  expect((await channel.sent()).headers.authorization).toBeUndefined();
});

test.each([
  [401, 40101, 'permanent', { misconfigured: true }],
  [400, 40009, 'permanent', { misconfigured: true }],
  [429, 42901, 'transient', { rateLimited: true, retryAfter: 5000 }],
  [429, 42908, 'transient', { rateLimited: true, retryAfter: 3_600_000 }],
  [507, 50701, 'permanent', {}],
] as const)('status %i with code %i is %s', async (status, code, failureClass, detail) => {
  const failure = await channel.failure({ status, body: { code, http: status, error: 'why' } });
  expect(failure).toMatchObject({ class: failureClass, code: `ntfy.${code}`, message: 'why', detail });
});

test('a code that is not documented means what its status means', async () => {
  expect(await channel.failure({ status: 400, body: { code: 40099, error: 'x' } })).toMatchObject({
    class: 'permanent',
  });
  expect(await channel.failure({ status: 413, body: { code: 41301, error: 'x' } })).toMatchObject({
    class: 'permanent',
  });
  expect(await channel.failure({ status: 500, body: { code: 50001, error: 'x' } })).toMatchObject({
    class: 'transient',
  });
  expect(await channel.failure({ status: 200, body: '<html>' })).toMatchObject({ code: 'ntfy.unreadable' });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(ntfy, { topic: TOPIC, user: 'a', password: 'b' }).problems).toEqual([]);
  expect(readSettings(ntfy, { topic: 'https://ntfy.sh/alerts' }).problems).toEqual(['/topic: this is not a topic']);
  expect(readSettings(ntfy, { topic: 'two words' }).problems).toContain('/topic: this is not a topic');
  expect(readSettings(ntfy, { topic: TOPIC, user: 'a' }).problems).toEqual([': the login is incomplete']);
  expect(readSettings(ntfy, { topic: TOPIC, token: 'tk 1' }).problems).toHaveLength(1);
  expect(readSettings(ntfy, { topic: TOPIC, token: 't', user: 'a', password: 'b' }).problems).toHaveLength(1);
});
