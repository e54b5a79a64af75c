import { describe, expect, test } from 'vitest';
import { each, misconfigured, permanent, rateLimited } from '../../../../daemon/channels/kit/http/answers.ts';
import { defineHttpChannel } from '../../../../daemon/channels/kit/http/define.ts';
import { secondsOf } from '../../../../daemon/channels/kit/http/failures.ts';
import { key } from '../../../../daemon/channels/kit/http/settings.ts';
import { PLAIN } from '../../../../daemon/channels/kit/text/layout.ts';
import { oneOrMany } from '../../../../daemon/core/schema/fields.ts';
import { Type } from '../../../../daemon/core/schema/type.ts';
import { readSettings } from '../../../support/channel-settings.ts';
import { failureOfSending, memoryLog, sampleIo, sampleMessage } from '../../../support/delivery.ts';
import { useHttpChannel } from '../../../support/http-channel.ts';

const TOKEN = 'token-0123456789';

/** A channel that uses what a small push service needs. */
const chime = defineHttpChannel({
  type: 'chime',
  summary: 'Push notifications over Chime',
  documentation: 'https://docs.chime.test/send',
  api: 'https://api.chime.test',
  settings: {
    token: key('The token of an application.', '${env:CHIME_TOKEN}'),
    to: oneOrMany(Type.String(), { description: 'Devices.', examples: [['phone']] }),
  },
  keys: { token: '/apps/' },
  limits: { rate: '30/1m' },
  supports: { kept: 'to', text: 'markdown html' },
  markup: PLAIN,
  recipients: (message, { to }) => message.to ?? to,
  names: {
    to: (name) => (/^\w+$/.test(name) ? undefined : { message: 'this is not a device', mend: 'write its name' }),
  },
  request: (message, { settings: { token }, api, to }) => ({
    url: `${api}/v1/send`,
    headers: { authorization: `Bearer ${token.reveal()}` },
    form: { to, text: message.title },
  }),
  answers: {
    read({ json: { ok, id, code, reason, wait } }) {
      if (ok === true) return { ok, id: `${id as string}` };
      if (typeof code !== 'number') return undefined;
      const retryAfter = secondsOf(wait);
      return { ok: false, code, message: `${reason as string}`, ...(retryAfter !== undefined && { retryAfter }) };
    },
    codes: {
      ...each('3 4', misconfigured('the token is refused')),
      7: permanent('there is no such device'),
      9: rateLimited('too many messages', 2000),
    },
  },
});

const OK = { body: { ok: true, id: '42' } };
const refused = (code: number, more: object = {}) => ({ body: { ok: false, code, reason: 'why', ...more } });
const channel = useHttpChannel(chime, { settings: (api) => ({ token: TOKEN, to: 'phone', api }), success: OK });

test('a form is posted as a form, below `api`, with the headers of channel and settings', async () => {
  const { path, headers, text } = await channel.sent(
    { title: 'a & b = c' },
    { api: `${channel.sink().origin}/base/`, headers: { 'X-Rule': '{{ rule }}' } },
  );
  expect(path).toBe('/base/v1/send');
  expect(headers).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Belfry',
    authorization: `Bearer ${TOKEN}`,
    'x-rule': 'failed-deploy',
  });
  expect(text).toBe('to=phone&text=a+%26+b+%3D+c');
});

describe('an answer', () => {
  test('of success is a receipt with the id of the provider', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toEqual({
      id: '42',
      status: 200,
      answer: '{"ok":true,"id":"42"}',
    });
  });

  test.each([
    [3, 'permanent', { misconfigured: true }],
    [4, 'permanent', { misconfigured: true }],
    [7, 'permanent', {}],
    [9, 'transient', { rateLimited: true, retryAfter: 2000 }],
    [99, 'permanent', {}],
  ] as const)('with code %i is %s', async (code, failureClass, detail) => {
    const failure = await channel.failure(refused(code));
    expect(failure).toMatchObject({ class: failureClass, code: `chime.${code}`, message: 'why' });
    const { misconfigured: isMisconfigured, rateLimited: isLimited, retryAfter } = failure.detail;
    expect(JSON.parse(JSON.stringify({ misconfigured: isMisconfigured, rateLimited: isLimited, retryAfter }))).toEqual(
      detail,
    );
  });

  test('asks to wait in its body, in a header in seconds or as a date, and the longest counts', async () => {
    const retryAfter = async (wait: unknown, header?: string): Promise<number | undefined> => {
      const headers = header === undefined ? {} : { 'retry-after': header };
      return (await channel.failure({ ...refused(9, { wait }), headers })).detail.retryAfter;
    };
    expect(await retryAfter(5.25)).toBe(5250);
    expect(await retryAfter(5, '8')).toBe(8000);
    expect(await retryAfter(8, '5')).toBe(8000);
    expect(await retryAfter('soon', 'soon')).toBe(2000);
    expect(await retryAfter(-1)).toBe(2000);
    expect(await retryAfter(1e12)).toBe(24 * 60 * 60 * 1000);
    expect(await retryAfter(0, 'Fri, 31 Dec 1999 23:59:59 GMT')).toBe(2000);
  });

  test('with an undocumented code and an HTTP error means what the status means, and keeps the pause of the body', async () => {
    expect(await channel.failure({ status: 503, ...refused(99, { wait: 4 }) })).toMatchObject({
      class: 'transient',
      code: 'http.503',
      detail: { retryAfter: 4000 },
    });
  });

  test('that is not from the provider leaves the outcome unknown', async () => {
    for (const body of ['<html>', '', 'null', '[]', '{"ok":1}'])
      expect(await channel.failure({ body })).toMatchObject({ class: 'unknown', code: 'chime.unreadable' });
  });
});

describe('several recipients', () => {
  const names = () => channel.sink().requests.map(({ form }) => form.to);

  test('an unknown outcome for one does not keep the others waiting, and only that one is tried again', async () => {
    const open = channel.open({ to: ['a', 'b', 'c'] });
    channel.sink().answer(OK, { body: '<html>' }, OK);
    expect(await failureOfSending(open, sampleMessage(), sampleIo())).toMatchObject({ class: 'unknown' });
    await open.send(sampleMessage(), sampleIo({ attempt: 2 }));
    expect(names()).toEqual(['a', 'b', 'c', 'b']);
  });

  test('wrong credentials end the attempt', async () => {
    const failure = await channel.failure(refused(3), {}, { to: ['a', 'b'] });
    expect(failure).toMatchObject({ code: 'chime.3', detail: { misconfigured: true } });
    expect(names()).toEqual(['a']);
  });

  test('a recipient that refused is not tried again while another is postponed', async () => {
    const { log, lines } = memoryLog();
    const open = channel.open({ to: ['a', 'b', 'c'] }, { log });
    channel.sink().answer(OK, refused(7), { status: 500 }, OK);
    expect(await failureOfSending(open, sampleMessage(), sampleIo())).toMatchObject({ class: 'transient' });
    expect(await open.send(sampleMessage(), sampleIo({ attempt: 2 }))).toMatchObject({ answer: 'refused: b: why' });
    expect(names()).toEqual(['a', 'b', 'c', 'c']);
    expect(lines.join('')).toContain('refused: b: why');
  });

  test('a repeated recipient gets the message once', async () => {
    await channel.sent({ to: ['a', 'a'] });
    expect(names()).toEqual(['a']);
  });
});

test('keys and names that cannot work are found at load, without showing them', () => {
  const problems = (settings: object): string[] =>
    readSettings(chime, { token: TOKEN, to: 'phone', ...settings }).problems;
  expect(problems({})).toEqual([]);
  expect(problems({ token: '' })).toEqual(['/token: `token` is empty']);
  expect(problems({ token: 'https://chime.test/apps/abc' })).toEqual(['/token: this is not a token but a URL']);
  expect(problems({ token: 'Bearer abc' })).toEqual([
    '/token: this token contains a space or another character that a token cannot have',
  ]);
  expect(problems({ to: ['a', 'b c'] })).toEqual(['/to/1: this is not a device']);
  expect(problems({ api: 'https://x.test/?q=1' })).toHaveLength(1);
  expect(problems({ headers: { 'Content-Length': '1' } })).toHaveLength(1);
});

test('a channel without a public server requires `api`', () => {
  const selfHosted = defineHttpChannel({
    type: 'bell',
    summary: 'Push notifications over a Bell server',
    documentation: 'https://docs.bell.test/send',
    settings: { token: key('The token of an application.', '${env:BELL_TOKEN}') },
    limits: {},
    supports: { kept: '' },
    markup: PLAIN,
    request: ({ title }, { api }) => ({ url: `${api}/send`, json: { title } }),
    answers: { read: () => ({ ok: true }) },
  });
  expect(readSettings(selfHosted, { token: TOKEN }).problems).toEqual([expect.stringContaining('`api`')]);
  expect(readSettings(selfHosted, { token: TOKEN, api: 'https://bell.test' }).problems).toEqual([]);
});

describe('a channel that sends several requests for a message', () => {
  const twoSteps = defineHttpChannel({
    type: 'two_steps',
    summary: 'An issue that is closed, and then gets a comment',
    documentation: 'https://docs.chime.test/issues',
    api: 'https://api.chime.test',
    settings: { token: key('The token of an application.', '${env:CHIME_TOKEN}') },
    limits: {},
    supports: { kept: '' },
    markup: PLAIN,
    request: ({ title }, { api }) => [
      { url: `${api}/issue`, method: 'PATCH', json: { state: 'closed' } },
      { url: `${api}/comment`, method: 'PUT', headers: { 'content-type': 'text/markdown' }, text: title },
      ({ id }) => ({ url: `${api}/last/${id}`, method: 'GET' }),
    ],
    answers: {
      read({ json: { id } }) {
        return typeof id === 'number' ? { ok: true, id: `${id}` } : { ok: false, code: 'no_id' };
      },
    },
  });
  const steps = useHttpChannel(twoSteps, {
    settings: (api) => ({ token: TOKEN, api }),
    success: { body: { id: 1 } },
  });

  test('sends them in order, a later one with the receipt before it, and its receipt is that of the last', async () => {
    steps.sink().answer({ body: { id: 1 } }, { body: { id: 2 } }, { body: { id: 3 } });
    expect(await steps.open().send(sampleMessage({ title: 'done' }), sampleIo())).toMatchObject({ id: '3' });
    const arrived = steps
      .sink()
      .requests.map(({ method, path, text, headers }) => [`${method} ${path}`, headers['content-type'], text]);
    expect(arrived).toEqual([
      ['PATCH /issue', 'application/json; charset=utf-8', '{"state":"closed"}'],
      ['PUT /comment', 'text/markdown', 'done'],
      ['GET /last/2', undefined, ''],
    ]);
  });

  test('stops at the first that fails', async () => {
    steps.sink().answer({ body: { id: 1 } }, { body: {} });
    const failure = await failureOfSending(steps.open(), sampleMessage(), sampleIo());
    expect(failure).toMatchObject({ code: 'two_steps.no_id' });
    expect(steps.sink().requests).toHaveLength(2);
  });
});

describe('the base URL of a provider with regions', () => {
  const regional = defineHttpChannel({
    type: 'regional',
    summary: 'Push notifications of a provider with regions',
    documentation: 'https://docs.chime.test/regions',
    api: ({ region }) => `https://api.${region}.chime.test`,
    settings: { region: Type.String({ description: 'A region.', examples: ['eu'] }) },
    limits: {},
    supports: { kept: '' },
    markup: PLAIN,
    request: async (_, { api }) => await Promise.resolve({ url: `${api}/v1`, text: Buffer.from([0xff, 0]) }),
    answers: { read: () => ({ ok: true }) },
  });
  const hostOf = (settings: object) => regional.uses!(readSettings(regional, settings).settings).endpoints![0]!.host;
  const server = useHttpChannel(regional, { settings: (api) => ({ region: 'eu', api }), success: {} });

  test('follows from the settings, and `api` replaces it', () => {
    expect(hostOf({ region: 'eu' })).toBe('api.eu.chime.test');
    expect(hostOf({ region: 'eu', api: 'https://relay.test' })).toBe('relay.test');
  });

  test('gets a request that was prepared first, with bytes as they are', async () => {
    expect((await server.sent()).bytes).toEqual(Buffer.from([0xff, 0]));
  });
});

describe('a message that follows an earlier one', () => {
  const pager = defineHttpChannel({
    type: 'pager',
    summary: 'Pages that are changed later',
    documentation: 'https://docs.pager.test',
    api: 'https://api.pager.test',
    settings: {},
    limits: {},
    supports: { kept: 'replace_key' },
    markup: PLAIN,
    follows: { key: ({ replace_key }) => replace_key, gone: ['page.too_old'] },
    request: (message, { api, earlier }) => ({ url: `${api}/${earlier ?? 'new'}`, json: { text: message.title } }),
    answers: {
      read: ({ json: { id, error } }) =>
        typeof id === 'string' ? { ok: true, id } : { ok: false, code: String(error), message: 'why' },
    },
  });
  const paging = useHttpChannel(pager, { settings: (api) => ({ api }), success: { body: { id: '1' } } });

  test('is sent as a new one if the provider says so by a code of `gone`, which needs no entry in `codes`', async () => {
    const open = paging.open();
    const send = async () => await open.send(sampleMessage({ replace_key: 'disk' }), sampleIo());
    await send();
    paging.sink().answer({ status: 400, body: { error: 'page.too_old' } }, { body: { id: '2' } });
    expect(await send()).toMatchObject({ id: '2' });
    expect(paging.sink().requests.map(({ path }) => path)).toEqual(['/new', '/1', '/new']);
  });

  test('fails for another code', async () => {
    const open = paging.open();
    await open.send(sampleMessage({ replace_key: 'disk' }), sampleIo());
    paging.sink().answer({ status: 400, body: { error: 'account.too_old' } });
    const failed = await failureOfSending(open, sampleMessage({ replace_key: 'disk' }), sampleIo());
    expect(failed).toMatchObject({ class: 'permanent', code: 'http.400' });
  });
});
