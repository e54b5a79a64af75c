import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readUnixUrl } from '../../../../daemon/channels/kit/http/connect/unix-url.ts';
import { parseAddress } from '../../../../daemon/channels/kit/mail/address.ts';
import { readMailServer } from '../../../../daemon/channels/email/server.ts';
import { readServiceUrl } from '../../../../daemon/cli/import/urls/service-url.ts';
import { compileEgress, isEgressEntry } from '../../../../daemon/core/values/egress.ts';
import { isWithin, readHost, readHostAndPort, readNetwork } from '../../../../daemon/core/values/network.ts';
import { readProxyUrl } from '../../../../daemon/core/values/proxy.ts';
import { HTTP_URL, readUrl, type UrlForm } from '../../../../daemon/core/values/url.ts';
import { Secret } from '../../../../daemon/lib/secrets/secret.ts';
import { targetOf } from '../../../../daemon/http/request/target.ts';
import { HttpProblem } from '../../../../daemon/http/problem.ts';
import { grammar, near } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const PASSWORD = 'hunter2';
const URLS = [
  `https://bob:${PASSWORD}@example.com:8443/hook/x?y=1`,
  `smtp://bob:${PASSWORD}@[2001:db8::1]:25`,
  `mqtts://:${PASSWORD}@broker.example/topic%20x`,
  'http://bücher.example/%E2%82%AC',
  'socks5h://user:p%40ss@proxy.internal:1080',
];
const URL_WORDS = [
  'http',
  'https',
  'smtp',
  'mqtt',
  '://',
  ':',
  '@',
  '/',
  '?',
  '#',
  '[',
  ']',
  '::1',
  '127.0.0.1',
  '0x7f.1',
  'example.com',
  '%40',
  '%2F',
  '%00',
  '%0A',
  '\\',
  '..',
  '65536',
  '0',
];
const part = grammar(['a', 'b.c', '1', '%41', '%00', '%F0', '%', ':', '@', ' ', 'é'], 3);
/** URLs with all their parts. */
const whole = fc
  .tuple(
    fc.constantFrom('http', 'https', 'smtp', 'mqtts'),
    part,
    part,
    fc.constantFrom('a.example', '[::1]:25', ''),
    part,
  )
  .map(([scheme, user, password, host, path]) => `${scheme}://${user}:${password}@${host}/${path}`);
const url = fc.oneof({ weight: 2, arbitrary: near(URL_WORDS, URLS) }, { weight: 1, arbitrary: whole });

const FORMS = {
  'http-url': HTTP_URL,
  'mail-url': { ...HTTP_URL, schemes: ['smtp', 'smtps'], login: 'any', path: 'none', query: {} },
  'broker-url': {
    ...HTTP_URL,
    schemes: ['mqtt', 'mqtts', 'nats', 'tls', 'redis', 'rediss', 'amqp', 'amqps', 'udp', 'tcp'],
    login: 'password',
    query: 'any',
  },
} as const satisfies Readonly<Record<string, UrlForm>>;
const FORM_NAMES = Object.keys(FORMS) as (keyof typeof FORMS)[];

interface Refused {
  readonly message: string;
  readonly mend: string;
}

/** A refusal has advice, and repeats nothing of an address that may hold a password. */
function checkRefused({ message, mend }: Refused): void {
  assert.ok(message !== '' && mend !== '', 'a refusal has no text');
  assert.ok(!`${message} ${mend}`.includes(PASSWORD), 'a refusal shows the password');
}

const ADDRESSES = [
  '192.0.2.1',
  '10.0.0.0/8',
  '2001:db8::/32',
  '::ffff:192.0.2.1/120',
  'fe80::1%eth0',
  'relay.internal',
  'xn--bcher-kva.example',
  '[::1]:8765',
  '127.0.0.1:0',
  ':8765',
];
const ADDRESS_WORDS = [
  '1',
  '255',
  '256',
  '.',
  ':',
  '::',
  '/',
  '8',
  '129',
  '%',
  'ffff',
  'a-b',
  '_',
  '[',
  ']',
  '0',
  '-',
  'xn--',
];
const address = near(ADDRESS_WORDS, ADDRESSES);

/** URLs of a form. */
export const urls = (read: typeof readUrl, name: keyof typeof FORMS) =>
  fuzzed({
    name,
    generate: url,
    run: (text) => read(text, FORMS[name]),
    check(read) {
      if (!read.ok) return checkRefused(read);
      const { host, port, target, user, password } = read.url;
      assert.ok(host !== '' && (port === undefined || (port > 0 && port < 65_536)));
      assert.doesNotMatch(`${host}${target}`, /[\s\p{Cc}]/u);
      assert.doesNotMatch(`${user ?? ''}${password ?? ''}`, /\p{Cc}/u);
    },
  });

export const addresses = [
  ...FORM_NAMES.map((name) => urls(readUrl, name)),
  fuzzed({
    name: 'proxy-url',
    generate: url,
    run: readProxyUrl,
    check: (read) => (read.ok ? undefined : checkRefused(read)),
  }),
  fuzzed({
    name: 'mail-server',
    generate: fc.oneof(
      url.map((text) => ({ text, isUrl: true })),
      address.map((text) => ({ text, isUrl: false })),
    ),
    run: ({ text, isUrl }) => readMailServer(isUrl ? { url: new Secret(text) } : { host: text }),
    check: (read) => ('pointer' in read ? checkRefused(read) : assert.ok(read.host !== '' && read.port > 0)),
  }),
  fuzzed({
    name: 'unix-url',
    generate: near(
      ['unix:', '/run/app.sock', ':', '/', 'http+unix://', '..', '#', 'a'.repeat(100)],
      ['unix:/run/app.sock:/path?x=1', 'unix:/run/app.sock'],
    ),
    run: readUnixUrl,
    check(read) {
      if (read === undefined) return;
      if (!read.ok) return checkRefused(read);
      assert.ok(read.socket.startsWith('/') && read.path.startsWith('/') && Buffer.byteLength(read.socket) <= 107);
      assert.ok(!read.socket.includes('\0'), 'a path has a NUL');
    },
  }),
  fuzzed({
    name: 'request-target',
    generate: near(
      ['/', '..', '%2e', '\\', '//', '?', '#', 'v1', 'events', ';', '@', ':', '%00'],
      ['/v1/events?limit=5&cursor=x', '/hooks/a', '/belfry/../metrics'],
    ),
    run: targetOf,
    refuses: (error) => error instanceof HttpProblem && error.status === 400,
    check: ({ pathname }) => assert.ok(pathname.startsWith('/') && !pathname.split('/').includes('..')),
  }),
  fuzzed({
    name: 'host',
    generate: address,
    run: readHost,
    check: (host) => assert.ok(host === undefined || (/^[\w.:-]+$/.test(host) && readHost(host) === host)),
  }),
  fuzzed({
    name: 'listen',
    generate: address,
    run: (text) => readHostAndPort(text, 0),
    check: (read) =>
      'message' in read ? checkRefused(read) : assert.ok(read.host !== '' && read.port >= 0 && read.port < 65_536),
  }),
  fuzzed({
    name: 'network',
    generate: address,
    run: readNetwork,
    check(network) {
      if (network === undefined) return;
      const [range, bits] = network;
      // An address in `::ffff:0:0/96` counts as IPv4, also where the network is wider.
      assert.ok(range.range() === 'ipv4Mapped' || isWithin(range.toString(), network), 'its own address is not in it');
      assert.ok(bits >= 0 && bits <= (range.kind() === 'ipv4' ? 32 : 128));
    },
  }),
  fuzzed({
    name: 'egress',
    generate: fc.record({
      allow: fc.array(address, { maxLength: 3 }),
      deny: fc.array(address, { maxLength: 3 }),
      host: address,
    }),
    run({ allow, deny, host }) {
      const egress = compileEgress({
        denyPrivate: true,
        allow: allow.filter(isEgressEntry),
        deny: deny.filter(isEgressEntry),
      });
      return [egress.denialOf(host), egress.denialOfHost(host), egress.denialOf('127.0.0.1', host)];
    },
    check: (denials) =>
      assert.ok(denials.every((denial) => denial === undefined || denial.startsWith('daemon.egress'))),
  }),
  fuzzed({
    name: 'mail-address',
    generate: near(
      ['ops', '@', 'example.com', '<', '>', '"', '\\', ',', ';', ' ', '\r\nBcc: x@y', '(', ')', '.', '-'],
      ['ops@example.com', 'Ops <ops@example.com>', '"Ops, B" <ops@bücher.example>'],
    ),
    run: parseAddress,
    check(read) {
      if (read === undefined) return;
      assert.doesNotMatch(`${read.name}${read.address}`, /[\p{Cc}\u2028\u2029]/u);
      assert.match(read.address, /^[^@<>,;\s]+@[^@<>,;\s]+$/);
      assert.deepEqual(parseAddress(read.address), { name: '', address: read.address });
    },
  }),
  fuzzed({
    name: 'service-url',
    generate: near(
      [...URL_WORDS, 'slack', '&', '=', '+', '?tag=a'],
      ['slack://T/A/B?tag=x', 'mailto://user:pass@gmail.com?to=a,b', ...URLS],
    ),
    run: readServiceUrl,
    check(read) {
      if (read === undefined) return;
      assert.equal(typeof read.address('https', ['a']), 'string');
      assert.ok([...read.others().keys()].every((name) => typeof name === 'string'));
    },
  }),
];
