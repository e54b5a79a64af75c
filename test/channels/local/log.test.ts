import { expect, test } from 'vitest';
import { log } from '../../../daemon/channels/local/log.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { paperOf } from './log.contract.ts';

test('the line has the message, at the level of the settings', async () => {
  const paper = paperOf();
  const channel = log.open(decodeSettings(log, { level: 'warn' }), channelTools({ log: paper.log }));
  await channel.send(sampleMessage({ tags: ['deploy'], link: 'https://example.com', priority: 'high' }), sampleIo());
  expect(JSON.parse(paper.lines[0]!)).toMatchObject({
    level: 'warn',
    msg: 'Deploy failed: acme/api',
    body: 'Build 42 of main by alice',
    priority: 'high',
    tags: ['deploy'],
    link: 'https://example.com',
    rule: 'failed-deploy',
  });
});

test('an event cannot write a second line on a terminal', async () => {
  const paper = paperOf({ format: 'text' });
  const channel = log.open(decodeSettings(log, {}), channelTools({ log: paper.log }));
  await channel.send(sampleMessage({ body: 'all is well\n12:00:00 error disk is gone', title: 'a\nb' }), sampleIo());
  expect(paper.lines.join('').trimEnd().split('\n')).toHaveLength(1);
});

test('a message below the level of the log is not delivered', async () => {
  const paper = paperOf({ level: 'error' });
  const channel = log.open(decodeSettings(log, {}), channelTools({ log: paper.log }));
  const failed = await failureOfSending(channel, sampleMessage(), sampleIo());
  expect(failed).toMatchObject({ class: 'permanent', code: 'log.level', detail: { misconfigured: true } });
  expect(failed.message).toContain('daemon.log.level');
  expect(paper.lines).toEqual([]);
});
