import { expect, test } from 'vitest';
import { mentionFault, readMentions } from '../../../../daemon/channels/kit/chat/mention.ts';

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
