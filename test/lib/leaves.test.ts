import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration, parseRate, parseSize } from '../../daemon/lib/time/duration.ts';
import { newId } from '../../daemon/lib/id.ts';
import { openLog } from '../../daemon/lib/log.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { Secret } from '../../daemon/lib/secrets/secret.ts';
import { written } from '../support/command-line.ts';

test.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['3d', 259_200_000],
  ['0s', 0],
  ['10', undefined],
  ['10 s', undefined],
  ['-5s', undefined],
  ['5x', undefined],
  ['', undefined],
])('the duration %s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test('a formatted duration is parsed as the same', () => {
  for (const ms of [0, 1, 999, 1000, 61_000, 5_400_000, 90_061_001]) expect(parseDuration(formatDuration(ms))).toBe(ms);
});

test('rates and sizes are parsed with their units, and invalid ones are refused', () => {
  expect(parseRate('20/1m')).toEqual({ count: 20, per: 60_000 });
  expect(parseRate('5/s')).toEqual({ count: 5, per: 1000 });
  for (const wrong of ['20', '0/1m', '20/0s', 'x/1m', '20/', `${'9'.repeat(400)}/1m`])
    expect(parseRate(wrong)).toBeUndefined();
  for (const wrong of ['1toString', '9999TiB', '9'.repeat(400)]) expect(parseSize(wrong)).toBeUndefined();
  expect([parseSize('64KiB'), parseSize('1MB'), parseSize('12'), parseSize('1XB')]).toEqual([
    65_536,
    1_000_000,
    12,
    undefined,
  ]);
});

test('ids are UUIDv7, strictly increasing also within a millisecond and when the clock is set back', () => {
  const ids = [
    ...Array.from({ length: 10_000 }, () => newId(1_800_000_000_000)),
    newId(1_700_000_000_000),
    newId(1_800_000_000_001),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a secret prints as stars everywhere, and only `reveal` returns it', () => {
  const secret = new Secret('hunter2hunter2');
  for (const shown of [secret.toString(), JSON.stringify({ secret }), inspect({ secret })]) {
    expect(shown).toContain('***');
    expect(shown).not.toContain('hunter2');
  }
  expect(secret.reveal()).toBe('hunter2hunter2');
});

test('the scrubber masks a secret in every form', () => {
  const scrubber = new Scrubber();
  const secret = 'p@ss "word"/42';
  scrubber.add(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ];
  for (const form of forms) expect(scrubber.scrub(`before ${form} after`)).toMatch(/^before "?\*\*\*=?"?=* after$/);
  expect(scrubber.scrubJson({ a: [secret], [secret]: 1, n: 5 })).toEqual({ a: ['***'], '***': 1, n: 5 });
});

test('short values are not masked, so that text stays readable', () => {
  const scrubber = new Scrubber();
  scrubber.add('prod');
  expect(scrubber.scrub('deployed to prod')).toBe('deployed to prod');
});

test('a log line for people is always one line, and cannot control the terminal', () => {
  const out = new PassThrough();
  const log = openLog({ level: 'info', format: 'text' }, new Scrubber(), out);
  log.info({ file: '/in/a\n12:00:00 error forged', key: '\u001b[2J\u2028\u009b2J\u202e' }, 'a\r\nb');
  expect(written(out).slice(9)).toBe(
    String.raw`info  a\r\nb  file=/in/a\n12:00:00 error forged key=\u001b[2J\u2028\u009b2J\u202e` + '\n',
  );
});

test('a log line in JSON has no character that controls the terminal, and means the same', () => {
  const out = new PassThrough();
  const log = openLog({ level: 'info', format: 'json' }, new Scrubber(), out);
  const key = 'a\u001b[2J\u009b2J\u007f\u2028\u202e\u2066\n';
  log.info({ key }, 'text');
  const line = written(out);
  expect(line).toMatch(/^[\x20-\x7e]*\n$/);
  expect(JSON.parse(line)).toMatchObject({ key, msg: 'text' });
});
