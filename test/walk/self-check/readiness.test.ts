import { mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openFixture } from '../../support/daemon-fixture.ts';

test('each failing part is a reason of `/readyz` beside `ready: true`, and its recovery takes it away', async () => {
  const { home, receiver, post } = await openFixture(onTestFinished);
  await mkdir(home.path('inbox'));
  const rules = (channels: string): string => `sources:
  folder: { type: files, paths: ../inbox/*, rescan: 1s }
channels:
${channels}  good: { type: webhook, url: "${receiver.origin}/good" }
rules:
  - { name: all, match: { type: t }, notify: good }\n`;
  const channel = (name: string, more = ''): string =>
    `  ${name}: { type: webhook, url: "${receiver.origin}/${name}", delivery: { concurrency: 1 }${more} }\n`;
  const both = channel('refused') + channel('down');
  const withRules = (channels: string): string =>
    `${rules(channels)}  - { name: both, match: { type: t, data.n: { gte: 0 } }, notify: [refused, down] }\n`;
  const readiness = async (): Promise<string[]> => {
    const { status, body } = await home.call<{ ready: boolean; reasons: string[] }>('GET', '/readyz');
    expect([status, body.ready]).toEqual([200, true]);
    return body.reasons.map((reason) => /^(?:inbox|channel \w+ is \w+|source \w+|.* is not applied)/.exec(reason)![0]);
  };
  const reasons = (...expected: readonly string[]) =>
    expect.poll(readiness, { timeout: 20_000 }).toEqual(expected.map((reason) => expect.stringContaining(reason)));
  await home.rules(withRules(both));
  await home.start();
  await reasons();

  // A name that is not UTF-8 cannot be read, by root neither.
  const unreadable = Buffer.concat([Buffer.from(`${home.path('inbox')}/`), Buffer.from([0xff])]);
  await writeFile(unreadable, '');
  await reasons('source folder');
  await rm(unreadable);
  await reasons();

  await mkdir(home.path('state', 'inbox', 'folder.json'), { recursive: true });
  await reasons('inbox');
  await rm(home.path('state', 'inbox', 'folder.json'), { recursive: true });
  await reasons();

  receiver.statuses.set('refused', 401).set('down', 503);
  for (let n = 0; n < 6; n += 1) await post({ type: 't', data: { n } });
  await reasons('channel refused is misconfigured', 'channel down is failing');
  receiver.statuses.set('refused', 200).set('down', 200);
  await home.call('POST', '/v1/channels/refused/test');
  await reasons();

  receiver.statuses.set('down', 503);
  for (let n = 0; n < 6; n += 1) await post({ type: 't', data: { n } });
  await reasons('channel down is failing');
  await home.rules(rules(channel('refused')));
  await reasons('channel down is removed');
  receiver.statuses.set('down', 200);
  await home.rules(withRules(both));
  await reasons();

  await home.rules('rules: [', 'broken.yaml');
  await reasons('broken.yaml is not applied');
  await home.rules('rules: []\n', 'broken.yaml');
  await reasons();
});
