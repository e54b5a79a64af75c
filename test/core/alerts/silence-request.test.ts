import { expect, test } from 'vitest';
import { readSilenceRequest } from '../../../daemon/core/alerts/silence-request.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const GOOD = { match: { rule: 'r' }, for: '2h', reason: 'release night' };

function given(posted: object): Readonly<Record<string, unknown>> {
  const read = readSilenceRequest(posted, 's-1', NOW);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.given;
}

function places(posted: unknown): string[] {
  const read = readSilenceRequest(posted, 's-1', NOW);
  if (read.ok) return [];
  for (const { message, mend } of read.problems) expect([message, mend]).not.toContain('');
  return read.problems.map(({ pointer }) => pointer).sort();
}

test('`for` counts from now, or from `from`', () => {
  expect(given(GOOD)).toEqual({
    id: 's-1',
    match: { rule: 'r' },
    reason: 'release night',
    until: '2026-11-23T11:00:00.000Z',
  });
  expect(given({ ...GOOD, from: '2026-11-24T08:00:00+01:00' })).toMatchObject({
    from: '2026-11-24T07:00:00.000Z',
    until: '2026-11-24T09:00:00.000Z',
  });
});

test('the stored settings do not depend on the time or the zone in which they are read', () => {
  const posted = {
    match: {},
    reason: 'r',
    from: '2026-12-24T18:00',
    until: '2026-12-27T08:00',
    timezone: 'Asia/Shanghai',
    recurring: { cron: '0 22 * * *', for: '6h' },
  };
  expect(given(posted)).toEqual({
    id: 's-1',
    match: {},
    reason: 'r',
    from: '2026-12-24T10:00:00.000Z',
    until: '2026-12-27T00:00:00.000Z',
    recurring: { cron: '0 22 * * *', for: '6h', timezone: 'Asia/Shanghai' },
  });
});

test('a beginning in the past is left out', () => {
  expect(given({ ...GOOD, from: '2026-11-23T08:59:00Z' })).toMatchObject({ until: '2026-11-23T10:59:00.000Z' });
  expect(given({ ...GOOD, from: '2026-11-23T08:59:00Z' })).not.toHaveProperty('from');
});

test('a recurring silence needs no end', () => {
  const read = readSilenceRequest(
    { match: {}, reason: 'r', recurring: { cron: '0 22 * * *', for: '6h', timezone: 'UTC' } },
    's-1',
    NOW,
  );
  expect(read).toMatchObject({ ok: true });
  expect(read.ok && read.silence.until).toBeUndefined();
});

test.each<[string, unknown, string[]]>([
  ['nothing', null, ['']],
  ['a list', [GOOD], ['']],
  ['without an end', { match: {}, reason: 'r' }, ['']],
  ['without a reason', { match: {}, for: '1h' }, ['/reason']],
  ['with a blank reason', { ...GOOD, reason: ' ' }, ['/reason']],
  ['with a reason that is not a text', { ...GOOD, reason: 1 }, ['/reason']],
  ['over already', { match: {}, reason: 'r', until: '2026-11-23T09:00:00Z' }, ['/until']],
  ['with two ends', { ...GOOD, until: '2026-12-01' }, ['/for']],
  ['with a length that is none', { ...GOOD, for: 'soon' }, ['/for']],
  ['with a number for a length', { ...GOOD, for: 2 }, ['/for']],
  ['with no length', { ...GOOD, for: '0s' }, ['/for']],
  ['longer than time', { ...GOOD, for: '9000000d' }, ['/for']],
  ['with an id', { ...GOOD, id: 'mine' }, ['/id']],
  ['with a setting that there is not', { ...GOOD, mtch: {} }, ['/mtch']],
  ['with a pattern that is none', { ...GOOD, match: { a: { regx: 'x' } } }, ['/match/a/regx']],
  ['with a condition that is none', { ...GOOD, if: 'data.' }, ['/if']],
  ['with a time that is none', { match: {}, reason: 'r', until: 'tomorrow' }, ['/until']],
  ['in a zone that there is not', { ...GOOD, timezone: 'Mars/Base' }, ['/timezone']],
  ['with several things wrong', { match: { a: { regx: 1 } }, until: 'x' }, ['/match/a/regx', '/reason', '/until']],
])('a silence %s is refused at its place', (_, posted, expected) => {
  expect(places(posted)).toEqual(expected);
});
