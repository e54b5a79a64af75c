import { expect, test } from 'vitest';
import { alertKey, alertKeyHash } from '../../../daemon/channels/kit/alert-key.ts';
import { sampleDelivery, sampleMessage } from '../../support/delivery.ts';

const keyOf = (rule: string, key: string, maxBytes = 255): string =>
  alertKey(sampleMessage(), sampleDelivery({ rule, key }), maxBytes);

test('an alert has the key of its rule and its key, or the `replace_key` of the message', () => {
  expect(keyOf('disk', 'web-1')).toBe('disk/web-1');
  expect(alertKey(sampleMessage({ replace_key: 'disk of web-1' }), sampleDelivery(), 255)).toBe('disk of web-1');
});

test('different alerts have different keys', () => {
  const pairs = [
    ['a/b', 'c'],
    ['a', 'b/c'],
    ['a%2Fb', 'c'],
    ['a', 'x\ny'],
    ['a', 'x y'],
    ['a', 'x'.repeat(300)],
    ['a', `${'x'.repeat(299)}y`],
  ] as const;
  expect(new Set(pairs.map(([rule, key]) => keyOf(rule, key))).size).toBe(pairs.length);
  const hashes = pairs.map(([rule, key]) => alertKeyHash(sampleMessage(), sampleDelivery({ rule, key })));
  expect(new Set(hashes).size).toBe(pairs.length);
});

test('a long key is cut to the limit of the provider, and is one line', () => {
  for (const key of ['磁'.repeat(500), 'a\r\nb\u0000'.repeat(200)]) {
    const made = keyOf('disk', key);
    expect(Buffer.byteLength(made)).toBeLessThanOrEqual(255);
    expect(made).toMatch(/^disk\/[^\p{Cc}]*~[0-9a-f]{16}$/u);
    expect(keyOf('disk', key)).toBe(made);
  }
});
