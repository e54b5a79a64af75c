import { expect, test } from 'vitest';
import { mentionFault, mentionFaultUnless, readMentions } from '../../../../daemon/channels/kit/chat/mention.ts';

test('a broadcast word mentions everybody', () => {
  for (const word of ['all', '@all', '@@all', 'ALL', 'everyone', '所有人'])
    expect(readMentions([word]), word).toEqual({ all: true, mobiles: [], users: [] });
});

test('no user has a broadcast word as a name, and a broadcast word from an event is not a mention', () => {
  for (const word of ['user:all', 'user:@all', '@user:everyone', 'mobile:all', '\\all', '\\@all', '\\user:all']) {
    expect(readMentions([word]), word).toEqual({ all: false, mobiles: [], users: [] });
    expect(mentionFault(word), word).toBeDefined();
  }
});

test('an id with a colon is a mention only for a provider whose ids have one', () => {
  expect(readMentions(['@alice:example.org']).users).toEqual(['alice:example.org']);
  expect(mentionFault('@alice:example.org')).toBeDefined();
  expect(mentionFaultUnless(/^[a-z]+:[a-z.]+$/, 'a user id')('@alice:example.org')).toBeUndefined();
});
