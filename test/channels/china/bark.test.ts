import { createDecipheriv } from 'node:crypto';
import type { DecipherGCM } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bark } from '../../../daemon/channels/china/bark.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { KEY, OK, settings } from './bark.contract.ts';

const channel = useHttpChannel(bark, { settings, success: OK });

test('a message is grouped by the key of the event, and its link opens from the notification', async () => {
  const { method, path, json } = await channel.sent({ link: 'https://example.com/panel' }, { sound: 'minuet' });
  expect([method, path]).toEqual(['POST', '/push']);
  expect(json).toEqual({
    device_key: KEY,
    id: '019aaf2e-1c00-7000-8000-0123456789ab',
    title: 'Deploy failed: acme/api',
    body: 'Build 42 of main by alice',
    level: 'active',
    url: 'https://example.com/panel',
    group: 'acme/api',
    sound: 'minuet',
  });
  const delivery = sampleDelivery({ key: '' });
  expect((await channel.sent({}, {}, { delivery })).json).toMatchObject({ group: 'failed-deploy' });
});

test('Markdown has a field of its own', async () => {
  expect((await channel.sent({ format: 'markdown', body: '**92 %**' })).json).toMatchObject({ markdown: '**92 %**' });
});

test.each([
  ['min', 'passive'],
  ['low', 'passive'],
  ['normal', 'active'],
  ['high', 'timeSensitive'],
  ['urgent', 'critical'],
] as const)('priority %s has the level %s', async (priority, level) => {
  expect((await channel.sent({ priority })).json).toMatchObject({ level });
});

test('messages with one `replace_key` have one id, which Apple accepts', async () => {
  const idOf = async (replace_key: string) => ((await channel.sent({ replace_key })).json as { id: string }).id;
  expect(await idOf('disk/db-1')).toBe('disk/db-1');
  const long = await idOf('x'.repeat(100));
  expect(long).toHaveLength(64);
  expect(await idOf('x'.repeat(100))).toBe(long);
});

/** The app's part: https://bark.day.app/#/en-us/encryption */
function decrypted(json: unknown, key: string, mode: 'cbc' | 'gcm'): unknown {
  const { ciphertext, iv } = json as { ciphertext: string; iv: string };
  const bytes = Buffer.from(ciphertext, 'base64');
  const decipher = createDecipheriv(`aes-${key.length * 8}-${mode}`, key, iv);
  const end = mode === 'gcm' ? -16 : bytes.length;
  if (mode === 'gcm') (decipher as DecipherGCM).setAuthTag(bytes.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(0, end)), decipher.final()]).toString('utf8'));
}

describe('encryption', () => {
  const KEYS = ['1234567890123456', '123456789012345678901234', '12345678901234567890123456789012'];

  test.each([
    ['1234567890123456', 'cbc', '1234567890123456', '+aPt5cwN9GbTLLSFri60l3h1X00u/9j1FENfWiTxhNHVLGU+XoJ15JJG5W/d/yf0'],
    [KEYS[2]!, 'gcm', 'abcdefghijkl', '5L8feX0RKFyvXUIGKCtSuTlQfVSRixtiOwWU8xwxG+aGI13LF6iJrSFTuJ7Bvx7IDWsGqRs='],
  ] as const)('the decryption of this test reads known texts: %s, %s', (key, mode, iv, ciphertext) => {
    expect(decrypted({ ciphertext, iv }, key, mode)).toEqual({ body: 'test', sound: 'birdsong' });
  });

  test.each(KEYS.flatMap((key) => [[key, 'cbc'] as const, [key, 'gcm'] as const]))(
    'with the key %s in mode %s leaves only the device and the id readable',
    async (key, mode) => {
      const { json } = await channel.sent({ link: 'https://example.com/' }, { encryption: { key, mode } });
      expect(Object.keys(json as object).toSorted()).toEqual(['ciphertext', 'device_key', 'id', 'iv']);
      expect((json as { iv: string }).iv).toHaveLength(mode === 'gcm' ? 12 : 16);
      expect(decrypted(json, key, mode)).toEqual({
        title: 'Deploy failed: acme/api',
        body: 'Build 42 of main by alice',
        level: 'active',
        url: 'https://example.com/',
        group: 'acme/api',
      });
    },
  );

  test('each message has a new IV, unless it is fixed; the mode follows from its length', async () => {
    const ivOf = async (encryption: object) => {
      const { json } = await channel.sent({}, { encryption: { key: KEYS[0], ...encryption } });
      return (json as { iv: string }).iv;
    };
    expect(await ivOf({})).not.toBe(await ivOf({}));
    expect(await ivOf({ iv: '1111111111111111' })).toBe('1111111111111111');
    const { json } = await channel.sent({}, { encryption: { key: KEYS[2], iv: 'abcdefghijkl' } });
    expect(decrypted(json, KEYS[2]!, 'gcm')).toMatchObject({ title: 'Deploy failed: acme/api' });
  });

  test('the id, which stays readable, does not show the key of the alert', async () => {
    const sent = await channel.sent({ replace_key: 'disk/db-1' }, { encryption: { key: KEYS[0] } });
    expect((sent.json as { id: string }).id).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a long message is cut so that it fits when it is encrypted', async () => {
    const request = await channel.sent({ body: '磁'.repeat(5000) }, { encryption: { key: KEYS[0] } });
    expect(request.bytes.length).toBeLessThan(4000);
    expect(decrypted(request.json, KEYS[0]!, 'cbc')).toMatchObject({
      body: expect.stringMatching(/… \(\+\d+ bytes\)$/) as string,
    });
  });

  test.each([
    [{ key: 'short' }, ['/encryption/key: this is not a key of AES']],
    [{ key: KEYS[0], iv: '123' }, ['/encryption/iv: this IV has the wrong length']],
    [{ key: KEYS[0], iv: '1111111111111111', mode: 'gcm' }, ['/encryption/iv: this IV has the wrong length']],
    [{ key: KEYS[1], iv: '1111111111111111' }, []],
  ])('%j is checked at load', (encryption, problems) => {
    expect(readSettings(bark, { key: KEY, encryption }).problems).toEqual(problems);
  });
});
