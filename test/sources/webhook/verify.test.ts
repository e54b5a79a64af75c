import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HookRequest } from '../../../daemon/sources/source.ts';
import { openVerification, type VerifySetting } from '../../../daemon/sources/webhook/verify/index.ts';
import { same } from '../../../daemon/sources/kit/secrets.ts';
import { webhook } from '../../../daemon/sources/webhook/webhook.ts';
import { readSourceSettings, sourceSettings } from '../../support/source-io.ts';

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const hook = ({ headers, body = '' }: Sent): HookRequest => ({
  method: 'POST',
  path: '/hooks/x',
  query: new URLSearchParams(),
  headers,
  body: Buffer.from(body),
  remote: '127.0.0.1',
});

function verification(verify: unknown) {
  const settings = sourceSettings(webhook, { path: '/hooks/x', verify }) as { verify: VerifySetting };
  return openVerification(settings.verify)!;
}

const isProved = (verify: unknown, sent: Sent, now = 0): boolean =>
  verification(verify).verify(hook(sent), now) !== undefined;

const SLACK_BODY =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
const NOW = 1_614_265_330_000;
const sha256 = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest();
const stripeSigned = (secret: string, time: number, body: string): Sent => ({
  headers: { 'stripe-signature': `t=${time},v0=6ffb,v1=${sha256(secret, `${time}.${body}`).toString('hex')}` },
  body,
});
const feishuSigned = (key: string, time: number, body: string): Sent => ({
  headers: {
    'x-lark-request-timestamp': `${time}`,
    'x-lark-request-nonce': 'nonce',
    'x-lark-signature': createHash('sha256').update(`${time}nonce${key}${body}`).digest('hex'),
  },
  body,
});

interface Case {
  readonly scheme: string;
  /** The setting with this secret. */
  readonly verify: (secrets: string | readonly string[]) => unknown;
  readonly secret: string;
  readonly sent: Sent;
  readonly now?: number;
  /** The header with the proof. */
  readonly header: string;
  readonly timestamp?: string;
}

const cases: readonly Case[] = [
  {
    scheme: 'bearer',
    verify: (bearer) => ({ bearer }),
    secret: 's3cret',
    header: 'authorization',
    sent: { headers: { authorization: 'Bearer s3cret' } },
  },
  {
    scheme: 'basic',
    verify: (basic) => ({ basic }),
    secret: 'ci:pass:word',
    header: 'authorization',
    sent: { headers: { authorization: `Basic ${btoa('ci:pass:word')}` } },
  },
  {
    scheme: 'hmac',
    verify: (secret) => ({ hmac: { header: 'X-Sum', algorithm: 'sha1', encoding: 'base64', prefix: 'sha1=', secret } }),
    secret: 'key',
    header: 'x-sum',
    // Known vector: HMAC-SHA1("key", "The quick brown fox jumps over the lazy dog")
    sent: {
      headers: { 'x-sum': 'sha1=3nybhbi3iqa8ino29wqQcBydtNk=' },
      body: 'The quick brown fox jumps over the lazy dog',
    },
  },
  {
    scheme: 'github',
    verify: (github) => ({ github }),
    secret: "It's a Secret to Everybody",
    header: 'x-hub-signature-256',
    sent: {
      headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      body: 'Hello, World!',
    },
  },
  {
    scheme: 'gitlab',
    verify: (gitlab) => ({ gitlab }),
    secret: 't0ken',
    header: 'x-gitlab-token',
    sent: { headers: { 'x-gitlab-token': 't0ken' } },
  },
  {
    scheme: 'slack',
    verify: (slack) => ({ slack }),
    secret: '8f742231b10e8888abcd99yyyzzz85a5',
    now: 1_531_420_618_000,
    header: 'x-slack-signature',
    timestamp: 'x-slack-request-timestamp',
    sent: {
      headers: {
        'x-slack-request-timestamp': '1531420618',
        'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      },
      body: SLACK_BODY,
    },
  },
  {
    scheme: 'stripe',
    verify: (stripe) => ({ stripe }),
    secret: 'whsec_stripe',
    now: NOW,
    header: 'stripe-signature',
    sent: stripeSigned('whsec_stripe', NOW / 1000, '{"id":"evt_1"}'),
  },
  {
    scheme: 'standard_webhooks',
    verify: (standard_webhooks) => ({ standard_webhooks }),
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    now: NOW,
    header: 'webhook-signature',
    timestamp: 'webhook-timestamp',
    sent: {
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
    },
  },
  {
    scheme: 'dingtalk',
    verify: (dingtalk) => ({ dingtalk }),
    secret: 'SECding',
    now: NOW,
    header: 'sign',
    timestamp: 'timestamp',
    sent: {
      headers: { timestamp: `${NOW}`, sign: sha256('SECding', `${NOW}\nSECding`).toString('base64') },
      body: '{"msgId":"m1"}',
    },
  },
  {
    scheme: 'feishu',
    verify: (feishu) => ({ feishu }),
    secret: 'encrypt-key',
    now: NOW,
    header: 'x-lark-signature',
    timestamp: 'x-lark-request-timestamp',
    sent: feishuSigned('encrypt-key', NOW / 1000, '{"header":{"event_id":"e1"}}'),
  },
];

describe.each(cases)('$scheme', ({ scheme, verify, secret, sent, now = 0, header, timestamp }) => {
  const proves = (setting: unknown, changed: Sent = sent, at = now) => isProved(setting, changed, at);
  const signature = sent.headers[header]!;
  const withHeader = (name: string, value: string): Sent => ({ ...sent, headers: { ...sent.headers, [name]: value } });
  const { [header]: _, ...unsigned } = sent.headers;
  const other = scheme === 'standard_webhooks' ? 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' : 'another:one';

  it('accepts a request that its provider signs', () => {
    expect(proves(verify(secret))).toBe(true);
  });

  it('accepts the old and the new secret during a rotation, and no other', () => {
    expect(proves(verify([other, secret]))).toBe(true);
    expect(proves(verify([secret, other]))).toBe(true);
    expect(proves(verify(other))).toBe(false);
  });

  it('refuses a signature that is missing, empty, shorter, longer, changed or malformed', () => {
    expect(proves(verify(secret), { ...sent, headers: unsigned })).toBe(false);
    const changed = signature.replace(/[0-9A-Za-z](?=[^0-9A-Za-z]*$)/, (last) => (last === '0' ? '1' : '0'));
    for (const bad of ['', ' ', signature.slice(0, -3), `${signature}AAAA`, '\u0000', 'é'.repeat(64)])
      expect(proves(verify(secret), withHeader(header, bad))).toBe(false);
    expect(proves(verify(secret), withHeader(header, changed))).toBe(false);
  });

  if (sent.body !== undefined && scheme !== 'dingtalk')
    it('refuses another body', () => {
      expect(proves(verify(secret), { ...sent, body: `${sent.body} ` })).toBe(false);
    });

  if (now > 0)
    it('refuses a timestamp that is more than five minutes old or ahead', () => {
      expect(proves(verify(secret), sent, now + 299_000)).toBe(true);
      expect(proves(verify(secret), sent, now - 299_000)).toBe(true);
      expect(proves(verify(secret), sent, now + 301_000)).toBe(false);
      expect(proves(verify(secret), sent, now - 301_000)).toBe(false);
    });

  if (timestamp !== undefined)
    it('refuses a malformed timestamp', () => {
      for (const bad of ['', '1e9', '0x5', `+${now / 1000}`, '-1', '9'.repeat(30)])
        expect(proves(verify(secret), withHeader(timestamp, bad))).toBe(false);
    });
});

describe('a signature', () => {
  it('of GitHub may be in capitals, but not the older SHA-1', () => {
    const { sent, verify, secret } = cases.find(({ scheme }) => scheme === 'github')!;
    const [, hex] = sent.headers['x-hub-signature-256']!.split('=');
    expect(
      isProved(verify(secret), { ...sent, headers: { 'x-hub-signature-256': `sha256=${hex!.toUpperCase()}` } }),
    ).toBe(true);
    const sha1 = createHmac('sha1', secret).update('Hello, World!').digest('hex');
    expect(isProved(verify(secret), { ...sent, headers: { 'x-hub-signature': `sha1=${sha1}` } })).toBe(false);
  });

  it('may be one of several, but not of thousands', () => {
    const { sent, verify, secret } = cases.find(({ scheme }) => scheme === 'standard_webhooks')!;
    const among = (count: number): Sent => ({
      ...sent,
      headers: {
        ...sent.headers,
        'webhook-signature': `${'v1,AAAA '.repeat(count)}v2,x ${sent.headers['webhook-signature']}`,
      },
    });
    expect(isProved(verify(secret), among(19), NOW)).toBe(true);
    expect(isProved(verify(secret), among(10_000), NOW)).toBe(false);
  });

  it('over an id with a dot is refused, since it is ambiguous', () => {
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const signed = createHmac('sha256', key).update('a.b.1614265330.{}').digest('base64');
    const headers = { 'webhook-id': 'a.b', 'webhook-timestamp': '1614265330', 'webhook-signature': `v1,${signed}` };
    expect(
      isProved({ standard_webhooks: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }, { headers, body: '{}' }, NOW),
    ).toBe(false);
  });

  it('of any length is compared without an error', () => {
    expect(same('', 'abc')).toBe(false);
    expect(same('a'.repeat(100_000), 'abc')).toBe(false);
    expect(same('abc', Buffer.from('abc'))).toBe(true);
  });
});

describe('GitLab', () => {
  const { sent } = cases.find(({ scheme }) => scheme === 'standard_webhooks')!;
  const token = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

  it('signs with a signing token, which is not accepted as a secret token', () => {
    expect(isProved({ gitlab: token }, sent, NOW)).toBe(true);
    expect(isProved({ gitlab: token }, { ...sent, body: '{}' }, NOW)).toBe(false);
    expect(isProved({ gitlab: token }, sent, NOW + 301_000)).toBe(false);
    expect(isProved({ gitlab: token }, { headers: { 'x-gitlab-token': token } }, NOW)).toBe(false);
    expect(verification({ gitlab: token }).verify(hook(sent), NOW)?.replayGuard).toBeDefined();
  });

  it('can be migrated from a secret token to a signing token', () => {
    const both = { gitlab: [token, 't0ken'] };
    expect(isProved(both, sent, NOW)).toBe(true);
    expect(
      isProved(both, { headers: { 'x-gitlab-token': 't0ken', 'webhook-id': 'a', 'webhook-timestamp': '1' } }, NOW),
    ).toBe(true);
    expect(isProved(both, { headers: { 'x-gitlab-token': 'other' } }, NOW)).toBe(false);
  });
});

describe('Feishu', () => {
  const encrypted = (key: string, content: unknown): string => {
    const iv = Buffer.alloc(16, 7);
    const cipher = createCipheriv('aes-256-cbc', createHash('sha256').update(key).digest(), iv);
    return JSON.stringify({
      encrypt: Buffer.concat([iv, cipher.update(JSON.stringify(content)), cipher.final()]).toString('base64'),
    });
  };

  it('encrypts its events, and they are decrypted with the new or the old key', () => {
    const verifier = verification({ feishu: ['new', 'old'] });
    const event = { header: { event_id: 'e1' }, event: { text: 'hi' } };
    const body = verifier.decode!(JSON.parse(encrypted('old', event)));
    expect(body).toEqual(event);
    expect(verifier.deliveryId!(hook({ headers: {} }), body)).toBe('e1');
  });

  it('sends its challenge without a signature, and only one encrypted with the key is answered', () => {
    const verifier = verification({ feishu: 'key' });
    const question = { type: 'url_verification', challenge: 'c', token: 't' };
    expect(verifier.verify(hook({ headers: {}, body: encrypted('key', question) }), NOW)).toEqual({
      challengeOnly: true,
    });
    expect(verifier.verify(hook({ headers: {}, body: encrypted('other', question) }), NOW)).toBeUndefined();
    expect(verifier.verify(hook({ headers: {}, body: JSON.stringify(question) }), NOW)).toBeUndefined();
    expect(verifier.verify(hook({ headers: {}, body: encrypted('key', { header: {} }) }), NOW)).toBeUndefined();
  });
});

describe('checking `verify` finds', () => {
  it.each([
    [{}, /verify/],
    [{ github: 'a', gitlab: 'b' }, /verify/],
    [{ githup: 'a' }, /githup/],
    [{ basic: 'nobody' }, /no `:`/],
    [{ github: '' }, /\/verify\/github: .*empty/],
    [{ slack: ['good', ' '] }, /empty/],
    [{ hmac: { header: 'X-Sum', secret: '' } }, /empty/],
    [{ standard_webhooks: 'whsec_!' }, /not a secret of Standard Webhooks/],
    [{ hmac: { header: 'X-Sum', algorithm: 'md5', secret: 'a' } }, /algorithm/],
  ])('%j', (verify, expected) => {
    expect(readSourceSettings(webhook, { path: '/hooks/x', verify }).problems.join('\n')).toMatch(expected);
  });
});
