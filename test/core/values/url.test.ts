import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin, readHost, readHostAndPort, readNetwork } from '../../../daemon/core/values/network.ts';
import { HTTP_URL, readUrl } from '../../../daemon/core/values/url.ts';

const SMTP = { ...HTTP_URL, schemes: ['smtp'], login: 'any', path: 'none', query: {} } as const;
const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));

describe('a URL', () => {
  test('gives back any user and password that are encoded', () => {
    fc.assert(
      fc.property(word, word, (user, password) => {
        const text = `smtp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@mail.example.com:25`;
        const url = { scheme: 'smtp', user, password, host: 'mail.example.com', port: 25, target: '' };
        expect(readUrl(text, SMTP)).toEqual({ ok: true, url });
      }),
    );
  });

  test('that is accepted has the same target and login for a standard reader', () => {
    const part = fc.string({ unit: fc.constantFrom(...Array.from('aB1.-_:@/?#[]%&=é \\~!')), maxLength: 12 });
    fc.assert(
      fc.property(part, part, (authority, rest) => {
        const text = `http://${authority}/${rest}`;
        const read = readUrl(text, HTTP_URL);
        if (!read.ok) return;
        const standard = new URL(text);
        expect(standard.hostname.replace(/^\[|\]$/g, '')).toBe(read.url.host.toLowerCase());
        expect(Number(standard.port || 80)).toBe(read.url.port ?? 80);
        expect(decodeURIComponent(standard.username)).toBe(read.url.user ?? '');
        expect(decodeURIComponent(standard.password)).toBe(read.url.password ?? '');
        expect(standard.hash).toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  test('is never repeated in the message about it', () => {
    fc.assert(
      fc.property(fc.constantFrom(':', '@', '#', '?', '/', '%', ' '), (mark) => {
        for (const text of [`smtp://bob:hunter2${mark}hunter2@hunter2`, `http://hunter2${mark}:hunter2@h/hunter2`]) {
          for (const form of [SMTP, HTTP_URL])
            expect(JSON.stringify(readUrl(text, form))).not.toMatch(/message.*hunter2/);
        }
      }),
    );
  });
});

test.each([
  ['Mail.Example.com', 'mail.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['2001:db8::1', '2001:db8::1'],
  ['192.0.2.1', '192.0.2.1'],
  ['a_b', 'a_b'],
  ['010.0.0.1', undefined],
  ['1.2.3', undefined],
  ['a.0x1', undefined],
  ['-a', undefined],
  ['a..b', undefined],
  ['[::1]', undefined],
  ['fe80::1%eth0', undefined],
  ['', undefined],
  [`${'a'.repeat(64)}.b`, undefined],
  [`${'a.'.repeat(130)}b`, undefined],
])('the host %j is %j', (text, host) => {
  expect(readHost(text)).toBe(host);
});

test.each([
  ['10.0.0.0/8', '10.9.9.9', true],
  ['10.0.0.0/8', '::ffff:10.9.9.9', true],
  ['::ffff:10.0.0.0/104', '10.9.9.9', true],
  ['::ffff:10.0.0.1', '10.0.0.1', true],
  ['2001:db8::/32', '2001:db8:1::1', true],
  ['2001:db8::/32', '10.0.0.1', false],
  ['::/0', '10.0.0.1', false],
  ['0.0.0.0/0', '10.0.0.1', true],
  ['10.0.0.0/8', '10.9', false],
])('in the network %s is %s: %s', (network, address, expected) => {
  expect(isWithin(address, readNetwork(network)!)).toBe(expected);
});

test.each([
  '192.168',
  '192.168/16',
  '10.0.0.0/33',
  '10.0.0.0/',
  '/8',
  '10.0.0.0/8/8',
  '0x0a.0.0.1',
  'host',
  '::1%lo',
  '',
])('%j is not a network', (text) => {
  expect(readNetwork(text)).toBeUndefined();
});

test('a host and a port are read together', () => {
  expect(readHostAndPort('[::1]:8765')).toEqual({ host: '::1', port: 8765 });
  expect(readHostAndPort('localhost:0', 0)).toEqual({ host: 'localhost', port: 0 });
  for (const text of ['localhost', 'localhost:0', '::1:80', '[127.0.0.1]x:80', 'a:b:80', ':80'])
    expect(readHostAndPort(text)).toHaveProperty('mend');
});
