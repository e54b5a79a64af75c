import { expect, test } from 'vitest';
import { openFixture, type DaemonFixture } from '../support/daemon-fixture.ts';

const channels = ({ receiver }: DaemonFixture, more = ''): string => `channels:
  good: { type: webhook, url: "${receiver.origin}/good" }
  bad: { type: webhook, url: "${receiver.origin}/bad"${more} }
`;

const post = ({ home }: DaemonFixture, data: object): Promise<unknown> =>
  home.call('POST', '/v1/events?wait=20s', { type: 't', data });

/** Sends enough events through the daemon for a loop to become visible. */
async function rounds(fixture: DaemonFixture): Promise<void> {
  for (let n = 0; n < 30; n += 1) await post(fixture, { to: 'good', n });
}

/** Counts of the `belfry.*` events by type. */
function own({ home }: DaemonFixture): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { msg, source, type } of home.lines)
    if (msg === 'event' && source === 'belfry') counts[String(type)] = (counts[String(type)] ?? 0) + 1;
  return counts;
}

test.concurrent('a notification loop: the notice of a dead delivery goes to the same failing channel, and causes no further notice', async ({
  onTestFinished,
}) => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  receiver.statuses.set('bad', 422);
  await home.rules(`${channels(fixture)}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: bad, match: { type: t, data.to: bad }, notify: bad }
  - { name: failures, on: belfry, match: { type: belfry.delivery.dead }, notify: bad }
  - { name: anything, match: { data.channel: bad }, notify: bad }
  - { name: rest, catch_all: true, notify: bad }\n`);
  await home.start();
  for (let n = 1; n <= 3; n += 1) {
    await post(fixture, { to: 'bad' });
    // The delivery itself, and the notices of two rules.
    await receiver.until(({ channel }) => channel === 'bad', 3 * n);
  }
  await rounds(fixture);
  expect(await home.stop()).toBe(0);
  expect(own(fixture)).toEqual({ 'belfry.started': 1, 'belfry.delivery.dead': 3 });
  expect(receiver.got.filter(({ channel }) => channel === 'bad')).toHaveLength(9);
  expect(await home.deadLetters()).toHaveLength(9);
});

test.concurrent('a notification loop: a failing channel that notifies through itself sends one notice', async ({
  onTestFinished,
}) => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  receiver.statuses.set('bad', 503);
  await home.rules(`${channels(fixture, ', delivery: { retry: [5s, 5s], concurrency: 1 }')}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: bad, match: { type: t, data.to: bad }, notify: bad }
  - { name: failures, on: belfry, match: { type: [belfry.delivery.dead, belfry.channel.failing, belfry.channel.recovered] }, notify: bad }\n`);
  await home.start();
  for (let n = 0; n < 5; n += 1) await home.call('POST', '/v1/events', { type: 't', data: { to: 'bad', n } });
  await home.logged(({ msg, type }) => msg === 'event' && type === 'belfry.channel.failing');
  await rounds(fixture);
  receiver.statuses.set('bad', 200);
  // Five events, the notice of the failure and that of the recovery.
  await receiver.until(({ channel, rule }) => channel === 'bad' && rule === 'failures', 2);
  await receiver.until(({ channel }) => channel === 'bad', 7);
  await rounds(fixture);
  expect(await home.stop()).toBe(0);
  expect(own(fixture)).toEqual({ 'belfry.started': 1, 'belfry.channel.failing': 1, 'belfry.channel.recovered': 1 });
  expect(receiver.deliveries().filter(({ channel }) => channel === 'bad')).toHaveLength(7);
  expect(await home.deadLetters()).toEqual([]);
});

test.concurrent('a notification loop: a rule about rule errors that itself has an error notifies once', async ({
  onTestFinished,
}) => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  await home.rules(`${channels(fixture)}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: errs, match: { type: t, data.to: err }, if: 'data.n + 1 > 2', notify: good }
  - { name: errors, on: belfry, match: { type: belfry.rule.error }, if: 'data.rule + 1 > 2', notify: good }
  - { name: delivered, on: belfry, match: { type: belfry.rule.error }, message: { title: "{{ data.rule }} {{ data.nope }}" }, notify: good }\n`);
  await home.start();
  for (let n = 0; n < 5; n += 1) await post(fixture, { to: 'err', n: 'text' });
  await receiver.until(({ rule }) => rule === 'delivered');
  await rounds(fixture);
  expect(await home.stop()).toBe(0);
  expect(own(fixture)).toEqual({ 'belfry.started': 1, 'belfry.rule.error': 1 });
  expect(receiver.deliveries().filter(({ rule }) => rule === 'delivered')).toHaveLength(1);
});
