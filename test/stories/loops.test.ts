import { expect, test } from 'vitest';
import { openStage, type Stage } from './stage.ts';

const channels = ({ far }: Stage, more = ''): string => `channels:
  good: { type: webhook, url: "${far.origin}/good" }
  bad: { type: webhook, url: "${far.origin}/bad"${more} }
`;

const post = ({ home }: Stage, data: object): Promise<unknown> =>
  home.call('POST', '/v1/events?wait=20s', { type: 't', data });

/** As many rounds through the whole daemon as a loop would have needed to be seen. */
async function rounds(stage: Stage): Promise<void> {
  for (let n = 0; n < 30; n += 1) await post(stage, { to: 'good', n });
}

/** The daemon's own events so far, by type. */
function own({ home }: Stage): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { msg, source, type } of home.lines)
    if (msg === 'event' && source === 'belfry') counts[String(type)] = (counts[String(type)] ?? 0) + 1;
  return counts;
}

test.concurrent('a notification loop: the notice of a dead delivery dies by the same channel, and that is the end of it', async ({
  onTestFinished,
}) => {
  const stage = await openStage(onTestFinished);
  const { home, far } = stage;
  far.statuses.set('bad', 422);
  await home.rules(`${channels(stage)}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: bad, match: { type: t, data.to: bad }, notify: bad }
  - { name: failures, on: belfry, match: { type: belfry.delivery.dead }, notify: bad }
  - { name: anything, match: { data.channel: bad }, notify: bad }
  - { name: rest, catch_all: true, notify: bad }\n`);
  await home.start();
  for (let n = 1; n <= 3; n += 1) {
    await post(stage, { to: 'bad' });
    // The delivery itself, and two rules' notices of it.
    await far.until(({ channel }) => channel === 'bad', 3 * n);
  }
  await rounds(stage);
  expect(await home.stop()).toBe(0);
  expect(own(stage)).toEqual({ 'belfry.started': 1, 'belfry.delivery.dead': 3 });
  expect(far.got.filter(({ channel }) => channel === 'bad')).toHaveLength(9);
  expect(await home.deadLetters()).toHaveLength(9);
});

test.concurrent('a notification loop: a channel that keeps failing tells of it once, by itself', async ({
  onTestFinished,
}) => {
  const stage = await openStage(onTestFinished);
  const { home, far } = stage;
  far.statuses.set('bad', 503);
  await home.rules(`${channels(stage, ', delivery: { retry: [5s, 5s], concurrency: 1 }')}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: bad, match: { type: t, data.to: bad }, notify: bad }
  - { name: failures, on: belfry, match: { type: [belfry.delivery.dead, belfry.channel.failing, belfry.channel.recovered] }, notify: bad }\n`);
  await home.start();
  for (let n = 0; n < 5; n += 1) await home.call('POST', '/v1/events', { type: 't', data: { to: 'bad', n } });
  await home.logged(({ msg, type }) => msg === 'event' && type === 'belfry.channel.failing');
  await rounds(stage);
  far.statuses.set('bad', 200);
  // Five events, and the news that the channel failed, and that it works again.
  await far.until(({ channel, rule }) => channel === 'bad' && rule === 'failures', 2);
  await far.until(({ channel }) => channel === 'bad', 7);
  await rounds(stage);
  expect(await home.stop()).toBe(0);
  expect(own(stage)).toEqual({ 'belfry.started': 1, 'belfry.channel.failing': 1, 'belfry.channel.recovered': 1 });
  expect(far.deliveries().filter(({ channel }) => channel === 'bad')).toHaveLength(7);
  expect(await home.deadLetters()).toEqual([]);
});

test.concurrent('a notification loop: a rule about errors of rules that errs itself is told once', async ({
  onTestFinished,
}) => {
  const stage = await openStage(onTestFinished);
  const { home, far } = stage;
  await home.rules(`${channels(stage)}rules:
  - { name: good, match: { type: t, data.to: good }, notify: good }
  - { name: errs, match: { type: t, data.to: err }, if: 'data.n + 1 > 2', notify: good }
  - { name: errors, on: belfry, match: { type: belfry.rule.error }, if: 'data.rule + 1 > 2', notify: good }
  - { name: told, on: belfry, match: { type: belfry.rule.error }, message: { title: "{{ data.rule }} {{ data.nope }}" }, notify: good }\n`);
  await home.start();
  for (let n = 0; n < 5; n += 1) await post(stage, { to: 'err', n: 'text' });
  await far.until(({ rule }) => rule === 'told');
  await rounds(stage);
  expect(await home.stop()).toBe(0);
  expect(own(stage)).toEqual({ 'belfry.started': 1, 'belfry.rule.error': 1 });
  expect(far.deliveries().filter(({ rule }) => rule === 'told')).toHaveLength(1);
});
