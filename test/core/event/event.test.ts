import { expect, test } from 'vitest';
import { completeEvent } from '../../../daemon/core/event/event.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');

test('missing attributes of an event are added, core attributes before extensions', () => {
  const event = completeEvent({ extra: 1, type: 'a' }, NOW, () => 'new');
  expect(event).toEqual({
    id: 'new',
    source: 'api',
    type: 'a',
    time: '2026-11-23T09:00:00.000Z',
    data: null,
    extra: 1,
  });
  expect(Object.keys(event)).toEqual(['id', 'source', 'type', 'time', 'data', 'extra']);
});

test('given attributes stay, except a source that is set from outside', () => {
  const given = { id: 'e', source: 's', type: 'a', subject: 'x', time: '2026-11-23T08:00:00+01:00', data: [1] };
  expect(completeEvent(given, NOW, () => 'new')).toEqual(given);
  expect(completeEvent(given, NOW, () => 'new', 'files')).toEqual({ ...given, source: 'files' });
});
