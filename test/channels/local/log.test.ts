import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { log } from '../../../daemon/channels/local/log.ts';
import { type LogSettings, openLog } from '../../../daemon/lib/log.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { describeChannelContract } from '../contract.ts';

function paperOf(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const out = new Writable({
    decodeStrings: false,
    write(line: string, _, done) {
      lines.push(line);
      done();
    },
  });
  return { lines, log: openLog({ level: 'info', format: 'json', ...settings }, new Scrubber(), out) };
}

describeChannelContract({
  type: log,
  secrets: [],
  openDestination() {
    const paper = paperOf();
    return Promise.resolve({
      settings: {},
      tools: { log: paper.log },
      respondWith: () => undefined,
      received: () => paper.lines,
      close: () => Promise.resolve(),
    });
  },
  cases: {
    refusal: { notApplicable: 'a log refuses nothing' },
    rateLimited: { notApplicable: 'a log has no rate' },
    serverError: { notApplicable: 'a log has no server' },
    hang: { notApplicable: 'writing to the log does not wait' },
    oversize(received) {
      expect(received.length).toBeLessThan(30_000);
      expect((JSON.parse(received) as { body: string }).body).toMatch(/\(\+\d+ bytes\)$/);
    },
    hostile(received) {
      expect(received.trimEnd()).not.toContain('\n');
      expect((JSON.parse(received) as { body: string }).body).not.toMatch(/\p{Cc}/u);
    },
    sameId: (received) => (JSON.parse(received) as { delivery: string }).delivery,
  },
});

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
