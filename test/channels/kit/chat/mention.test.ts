import { expect, test } from 'vitest';
import { mentionFault, readMentions } from '../../../../daemon/channels/kit/chat/mention.ts';

test('all are mentioned by a word for all', () => {
  for (const word of ['all', '@all', '@@all', 'ALL', 'everyone', '所有人'])
    expect(readMentions([word]), word).toEqual({ all: true, mobiles: [], users: [] });
});

test('no user is named as providers name all, and a word for all from an event is none', () => {
  for (const word of ['user:all', 'user:@all', '@user:everyone', 'mobile:all', '\\all', '\\@all', '\\user:all']) {
    expect(readMentions([word]), word).toEqual({ all: false, mobiles: [], users: [] });
    expect(mentionFault(word), word).toBeDefined();
  }
});
