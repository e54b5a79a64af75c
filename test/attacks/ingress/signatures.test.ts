import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { exchange, statusesOf } from '../support/raw.ts';
import { send, storedCount } from '../support/send.ts';
import type { Target } from '../support/target.ts';
import { compareTimes } from '../support/timing.ts';
import {
  githubSignature,
  GITHUB_SECRET,
  OLD_KEY,
  OLD_SECRET,
  SECRET,
  secondsNow,
  signatureOf,
  signed,
} from './signed.ts';

const sources = (secrets: readonly string[]): string => `sources:
  signed: { type: webhook, path: /hooks/signed, verify: { standard_webhooks: ${JSON.stringify(secrets)} } }
  github: { type: webhook, path: /hooks/github, verify: { github: ${GITHUB_SECRET} } }
  gitlab: { type: webhook, path: /hooks/gitlab, verify: { gitlab: token-of-the-gitlab-hook } }
`;
const attack = attacksOn({ rules: () => sources([SECRET, OLD_SECRET]) });

/** Sends requests to the signed source; fails unless each is 401 with the same answer as one without any signature. */
async function expectRefused(target: Target, requests: readonly ReturnType<typeof signed>[]): Promise<void> {
  const before = await storedCount(target, 'signed');
  const { text } = await send(target, '/hooks/signed');
  for (const request of requests)
    expect(await send(target, '/hooks/signed', request)).toMatchObject({ status: 401, text });
  expect(await storedCount(target, 'signed')).toBe(before);
}

attack('A1', async (target) => {
  for (const path of ['/hooks/signed', '/hooks/github', '/hooks/gitlab']) {
    const { status, headers, text } = await send(target, path);
    expect([status, headers['content-type']]).toEqual([401, 'application/problem+json']);
    expect(text).not.toMatch(/belfry|node|stack/i);
  }
  await expectRefused(target, []);
});

attack('A2', async (target) => {
  const wrong = signatureOf('x', 'y', 'z');
  await expectRefused(target, [signed({ signature: wrong }), signed({ key: Buffer.alloc(32) })]);
  const { text } = await send(target, '/hooks/github');
  const github = await send(target, '/hooks/github', {
    headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
  });
  expect(github).toMatchObject({ status: 401, text });
});

attack('A3', async (target) => {
  const valid = signatureOf('x', `${secondsNow()}`, '{}');
  const signatures = [
    'v1,',
    'v1,AA==',
    valid.slice(0, -1),
    `${valid}A`,
    'v1,not base64!',
    'v1,=',
    valid.slice(3),
    'v1a,' + valid.slice(3),
  ];
  await expectRefused(
    target,
    signatures.map((signature) => signed({ signature })),
  );
  for (const value of ['sha256=', 'sha256=0', `sha256=${'0'.repeat(63)}`, `sha256=${'0'.repeat(65)}`, 'sha256=zz', '='])
    expect((await send(target, '/hooks/github', { headers: { 'x-hub-signature-256': value } })).status).toBe(401);
});

attack('A4', async (target) => {
  const right = githubSignature('{"n":1}');
  const first = right[7] === '0' ? '1' : '0';
  const of = (signature: string) => () =>
    send(target, '/hooks/github', { body: '{"n":1}', headers: { 'x-hub-signature-256': signature } });
  // The last digit differs in the one, the first in the other.
  const last = right.endsWith('0') ? '1' : '0';
  const times = await compareTimes(of(right.slice(0, -1) + last), of(`sha256=${first}${right.slice(8)}`), 500);
  expect(times.isGross, times.text).toBe(false);
});

attack('A5', async (target) => {
  const at = (difference: number) => signed({ timestamp: `${secondsNow() + difference}` });
  await expectRefused(target, [at(-302), at(302), at(-86_400), at(86_400)]);
  for (const difference of [-290, 290]) expect((await send(target, '/hooks/signed', at(difference))).status).toBe(202);
});

attack('A6', async (target) => {
  const request = signed({ body: '{"replayed":1}' });
  expect((await send(target, '/hooks/signed', request)).status).toBe(202);
  await expectRefused(target, [request, request]);
});

attack('A7', async (target) => {
  const first = await send(
    target,
    '/hooks/signed',
    signed({ id: 'same', timestamp: `${secondsNow() - 1}`, body: '{"n":1}' }),
  );
  expect(first.status).toBe(202);
  const { id } = JSON.parse(first.text) as { id: string };
  const before = await storedCount(target, 'signed');
  const again = await send(target, '/hooks/signed', signed({ id: 'same', body: '{"n":1}' }));
  expect([again.status, JSON.parse(again.text)]).toEqual([202, { id, duplicate: true }]);
  expect((await send(target, '/hooks/signed', signed({ id: 'same', body: '{"n":2}' }))).status).toBe(409);
  expect(await storedCount(target, 'signed')).toBe(before);
});

attack('A8', async (target) => {
  const now = secondsNow();
  const timestamps = [
    '1e9',
    '0x5',
    `+${now}`,
    `-${now}`,
    '-1',
    '0',
    `${now}.0`,
    `${now}000`,
    '9'.repeat(30),
    '',
    'NaN',
    'now',
    `${now}n`,
  ];
  await expectRefused(
    target,
    timestamps.map((timestamp) => signed({ timestamp })),
  );
  const { headers } = signed();
  const { 'webhook-timestamp': _, ...without } = headers!;
  await expectRefused(target, [{ headers: without }]);
});

attack('A9', async (target) => {
  await expectRefused(
    target,
    ['msg.1', 'msg 1', 'm\u00FCll', '', 'x'.repeat(257), 'x'.repeat(10_000)].map((id) => signed({ id })),
  );
  const timestamp = `${secondsNow()}`;
  for (const id of ['msg\r1', 'msg\u00001']) {
    const head = `POST /hooks/signed HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\nwebhook-timestamp: ${timestamp}\r\n`;
    const bytes = `${head}webhook-signature: ${signatureOf(id, timestamp, '{}')}\r\nwebhook-id: ${id}\r\n\r\n{}`;
    expect(statusesOf(await exchange({ host: '127.0.0.1', port: target.port }, bytes))).toEqual([400]);
  }
});

attack('A10', async (target) => {
  const timestamp = `${secondsNow()}`;
  const wrong = signatureOf('x', 'y', 'z');
  const many = (id: string, count: number) =>
    signed({
      id,
      timestamp,
      signature: [...Array<string>(count - 1).fill(wrong), signatureOf(id, timestamp, '{}')].join(' '),
    });
  expect((await send(target, '/hooks/signed', many('of-20', 20))).status).toBe(202);
  await expectRefused(target, [many('of-33', 33), many('of-200', 200)]);
  expect((await send(target, '/hooks/signed', many('of-1000', 1000))).status).toBe(431);
});

attack('A11', async (target) => {
  const { home, receiver } = target;
  const old = () => send(target, '/hooks/signed', signed({ key: OLD_KEY }));
  expect((await old()).status).toBe(202);
  const reload = async (secrets: readonly string[]): Promise<void> => {
    const from = home.lines.length;
    await home.rules(sources(secrets));
    expect((await home.call('POST', '/v1/reload')).status).toBe(200);
    expect(home.lines.slice(from).filter(({ level }) => level === 'error')).toEqual([]);
  };
  await reload([SECRET]);
  expect((await old()).status).toBe(401);
  expect((await send(target, '/hooks/signed', signed())).status).toBe(202);
  await reload([SECRET, OLD_SECRET]);
  expect((await old()).status).toBe(202);
  expect(receiver.got.filter(({ channel }) => channel !== 'proof')).toEqual([]);
});

attack('A12', async (target) => {
  const post = (headers: Record<string, string>) => send(target, '/hooks/github', { body: '{"n":12}', headers });
  const right = githubSignature('{"n":12}');
  expect((await post({ 'x-hub-signature-256': right })).status).toBe(202);
  expect((await post({ 'x-hub-signature-256': `sha256=${right.slice(7).toUpperCase()}` })).status).toBe(202);
  const old = githubSignature('{"n":12}', 'sha1');
  for (const headers of [
    { 'x-hub-signature': old },
    { 'x-hub-signature-256': old },
    { 'x-hub-signature-256': right.slice(7) },
  ])
    expect((await post(headers)).status).toBe(401);
});
