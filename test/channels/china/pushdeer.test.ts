import { expect, test } from 'vitest';
import { pushdeer } from '../../../daemon/channels/china/pushdeer.ts';
import { sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { GONE, KEY, OK, results, settings } from './pushdeer.contract.ts';

const channel = useHttpChannel(pushdeer, { settings, success: OK });

test('a message is posted as a form with Markdown', async () => {
  const { method, path, form } = await channel.sent({ body: 'one\ntwo', image: 'https://example.com/a.png' });
  expect([method, path]).toEqual(['POST', '/message/push']);
  expect(form).toEqual({
    pushkey: KEY,
    text: 'Deploy failed: acme/api',
    desp: 'one  \ntwo\n\n\n![](https://example.com/a.png)',
    type: 'markdown',
  });
});

test('the message is delivered if one of several devices got it', async () => {
  channel.sink().answer(results([GONE], []));
  await channel.open().send(sampleMessage(), sampleIo());
  expect((await channel.failure(results([GONE], [GONE]))).message).toBe('Unregistered');
});
