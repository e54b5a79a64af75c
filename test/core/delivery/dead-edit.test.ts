import { expect, test } from 'vitest';
import { type DeadEdit, editDeadLetter, type EditContext } from '../../../daemon/core/delivery/dead-edit.ts';
import type { DeadLetter } from '../../../daemon/core/delivery/delivery.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { sampleDelivery, sampleMessage } from '../../support/delivery.ts';

const scrubber = new Scrubber();
scrubber.add('hunter2-hunter2');
const original = sampleDelivery({
  message: sampleMessage({ title: 'pin hunter2-hunter2', body: 'it failed', to: ['ann@example.com'] }),
});
const { event, message } = scrubber.scrubJson(original);
const record: DeadLetter = {
  id: original.id,
  dead_at: '2026-11-23T09:00:00.000Z',
  class: 'permanent',
  error: { code: 'http.422', message: 'no' },
  channel: 'ops',
  channel_type: 'email',
  rule: 'backups',
  key: '',
  event,
  message,
  attempts: [],
};
const fault = { message: 'this is no address', mend: 'write it like `ann@example.com`' };
const context: EditContext = {
  channels: new Map([
    ['ops', 'email'],
    ['mail', 'email'],
    ['log', 'log'],
  ]),
  namesOf: (type) => (type === 'email' ? { to: (text) => (text.includes('@') ? undefined : fault) } : undefined),
  original,
  scrubJson: (value) => scrubber.scrubJson(value),
};

function edited(edit: DeadEdit): DeadLetter {
  const result = editDeadLetter(record, edit, context);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.record;
}

const problems = (edit: DeadEdit) => {
  const result = editDeadLetter(record, edit, context);
  return result.ok ? [] : result.problems;
};

test('fields that are given replace those of the message, null removes one, and the others stay', () => {
  const { message: next } = edited({
    message: { body: 'it failed again', link: 'https://ci.example.com/1', to: null },
  });
  expect(next).toEqual({ ...message, body: 'it failed again', link: 'https://ci.example.com/1', to: undefined });
  expect(edited({ message: { ...message, title: 'A new title' } }).message).toEqual({
    ...message,
    title: 'A new title',
  });
});

test('another channel keeps the recipients if it has the same type, and loses them otherwise', () => {
  expect(edited({ channel: 'mail' })).toEqual({ ...record, channel: 'mail' });
  const { to: _, ...rest } = message;
  expect(edited({ channel: 'log' })).toEqual({ ...record, channel: 'log', channel_type: 'log', message: rest });
});

test.each<[string, DeadEdit, string]>([
  ['an unknown field', { message: { titel: 'x' } }, '/message/titel'],
  ['a wrong value', { message: { priority: 'loud' } }, '/message/priority'],
  ['a required field that is removed', { message: { title: null } }, '/message'],
  ['a message that is none', { message: 'hello' }, '/message'],
  ['a time to live that is no duration', { message: { ttl: 'soon' } }, '/message/ttl'],
  ['a button that does nothing', { message: { actions: [{ label: 'Open' }] } }, '/message/actions/0'],
  ['a button with an unknown change', { message: { actions: [{ label: 'x', do: 'akc' }] } }, '/message/actions/0/do'],
  ['a recipient that the channel cannot use', { message: { to: ['a@b', 'nobody'] } }, '/message/to/1'],
  ['an unknown channel', { channel: 'opps' }, '/channel'],
  ['a channel that is no text', { channel: 7 }, '/channel'],
  ['a mask in a changed text', { message: { title: 'the pin is ***' } }, '/message/title'],
  ['a secret that the file would mask', { message: { body: 'hunter2-hunter2' } }, '/message/body'],
])('%s is refused with its pointer', (_, edit, pointer) => {
  expect(problems(edit).map((problem) => problem.pointer)).toEqual([pointer]);
});

test('a channel that is misspelt suggests the right one', () => {
  expect(problems({ channel: 'opps' })).toMatchObject([{ mend: 'did you mean `ops`?' }]);
});

test('a mask stays where the text is not changed, and stars of the event itself are text', () => {
  expect(edited({ message: { title: 'pin ***', body: '*** done ***' } }).message).toMatchObject({
    title: 'pin ***',
    body: '*** done ***',
  });
});
