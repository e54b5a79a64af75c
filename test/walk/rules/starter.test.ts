import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

let home: Home;
let receiver: Receiver;

/** Rules of `belfry init`, with a file that keeps the state and the port of this test apart. */
beforeEach(async () => {
  home = await Home.make();
  receiver = await openReceiver();
  expect((await home.belfry(['init', home.path('rules')])).code).toBe(0);
  await writeFile(home.path('rules', 'daemon.yaml'), 'daemon: { listen: "127.0.0.1:0", log: { format: json } }\n');
  home.env.STATE_DIRECTORY = home.path('state');
});

afterEach(async () => {
  await home.close();
  await receiver.close();
});

/** Replaces the line of a channel that writes to the log by a webhook to the receiver. */
async function setUp(...channels: readonly string[]): Promise<void> {
  const file = home.path('rules', 'channels.yaml');
  let text = await readFile(file, 'utf8');
  for (const name of channels)
    text = text.replace(`  ${name}: { type: log }`, `  ${name}: { type: webhook, url: "${receiver.origin}/${name}" }`);
  await writeFile(file, text);
}

const MORE = `rules:
  - { name: to-wecom, on: api, match: { data.to: wecom }, message: { title: More }, notify: wecom }
  - { name: to-mail, on: api, match: { data.to: mail }, message: { title: More }, notify: mail }
`;

const sent = (channel: string, title: string): Promise<void> =>
  receiver.until((got) => got.channel === channel && got.title === title);

test('the rules of `belfry init` are valid, pass their tests and notify, without a secret or an edit', async () => {
  expect(await home.belfry(['check'])).toMatchObject({ code: 0, stdout: 'valid: 8 rules in 4 files\n' });
  expect(await home.belfry(['test'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\n7 passed, 0 failed\n$/),
  });
  await home.start();
  const event = ['deploy.finished', 'conclusion=failure', 'repository=acme/api', '--wait'];
  expect((await home.belfry(['emit', ...event])).code).toBe(0);
  await home.logged((line) => line.msg === 'Deploy failed: acme/api' && line.channel === 'console');
});

test('belfry doctor finds that the rules of `belfry init` notify of the daemon itself by two channels', async () => {
  const { stdout } = await home.belfry(['doctor', '--json']);
  const { findings } = JSON.parse(stdout) as { findings: readonly { check: string; level: string }[] };
  const own = findings.filter(({ check }) => check.startsWith('rules.own-'));
  expect(own.map(({ check, level }) => [check, level])).toEqual([
    ['rules.own-events', 'ok'],
    ['rules.own-channel', 'ok'],
  ]);
});

test('the rules of `belfry init` report rules that do not load, and their end, also when the edit is taken back', async () => {
  await setUp('mail');
  await home.start();
  const file = home.path('rules', 'rules.yaml');
  const before = await readFile(file, 'utf8');
  await writeFile(file, before.replace('notify: console', 'notify: consle'));
  await sent('mail', 'Rules do not load');
  await writeFile(file, before);
  await sent('mail', 'All rules are loaded again');
  expect(receiver.got[0]!.body).toContain('rules.yaml:');
});

test('the rules of `belfry init` report a channel that fails by mail, and one that fails to mail by the pager', async () => {
  await setUp('mail', 'pager', 'wecom');
  await writeFile(home.path('rules', 'more.yaml'), MORE);
  receiver.statuses.set('wecom', 401);
  await home.start();
  await home.belfry(['emit', 'more', 'to=wecom']);
  await sent('mail', 'Channel wecom is misconfigured');
  await sent('mail', 'Not delivered by wecom: More');
  receiver.statuses.set('mail', 401);
  await home.belfry(['emit', 'more', 'to=mail']);
  await sent('pager', 'Channel mail is misconfigured');
  await sent('pager', 'Not delivered by mail: More');
});
