import { afterEach, beforeEach, expect, test } from 'vitest';
import { Intake } from '../../../../daemon/app/runtime/intake.ts';
import { Canaries } from '../../../../daemon/app/runtime/self-check/canaries.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import type { Ruleset } from '../../../../daemon/core/ruleset.ts';
import { newId } from '../../../../daemon/lib/id.ts';
import { rulesetOf } from '../../../support/compile.ts';
import { memoryLog } from '../../../support/delivery.ts';
import { down, fails, hangs, LaneHarness, ok, wrongToken } from '../../../support/lanes.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TITLE = 'Canary: the channel main works';
const ALARM = 'Channel main: the canary was not delivered';
const OVER = 'Channel main works again';

const refused = fails(new SendFailure('permanent', 'http.422', 'no such recipient'));

let harness: LaneHarness;
beforeEach(async () => {
  harness = await LaneHarness.open();
});
afterEach(() => harness.close());

/** A daemon with these rules on the store of the harness. `restart` opens another one on the same store. */
async function open(text: string) {
  const { clock, store, scrubber } = harness;
  const counted: string[] = [];
  const raised: string[] = [];
  const live = { ruleset: undefined as unknown as Ruleset };
  let canaries: Canaries;
  const start = async (rules: string): Promise<void> => {
    live.ruleset = rulesetOf(rules);
    await harness.apply(...live.ruleset.channels.values());
    const common = { live: () => live.ruleset, store, clock, scrubber, newId: () => newId(clock.now()) };
    const intake = new Intake({
      ...common,
      onAccepted: ({ event }) => raised.push(event.type.replace('belfry.channel.', '')),
      observe: () => [],
    });
    const { log } = memoryLog();
    const onCanary = (channel: string, result: string): void => void counted.push(`${channel} ${result}`);
    canaries = new Canaries({ ...common, intake, lanes: harness.lanes, log, onCanary });
  };
  /** Advances the time with a round of the self-check in each step. */
  const run = async (ms: number, step = Math.max(1000, ms / 60)): Promise<void> => {
    for (let left = ms; left >= 0; left -= step) {
      canaries.working();
      await clock.advance(0);
      await canaries.idle();
      await clock.advance(left > 0 ? Math.min(step, left) : 0);
    }
    canaries.working();
    await canaries.idle();
    await clock.advance(0);
  };
  const sent = (): string[] => harness.sent.splice(0).map(({ channel, title }) => `${channel}: ${title}`);
  const edit = async (rules: string): Promise<void> => {
    live.ruleset = rulesetOf(rules);
    await harness.apply(...live.ruleset.channels.values());
  };
  const restart = async (rules = text): Promise<void> => {
    await canaries.close();
    await harness.restart();
    await start(rules);
  };
  await start(text);
  return { run, sent, edit, restart, raised, counted, faults: () => canaries.faults };
}

const CHANNELS = (canary: string, more = ''): string =>
  `channels:\n  main: { type: sink, canary: ${canary}${more} }\n  spare: { type: sink }\n`;

test('a canary is sent at once, then each `every`, and one that is delivered raises nothing', async () => {
  const { run, sent, raised, counted, faults } = await open(CHANNELS('{ every: 1d, notify: spare }'));
  await run(HOUR);
  expect(sent()).toEqual([`main: ${TITLE}`]);
  await run(22 * HOUR);
  expect(sent()).toEqual([]);
  await run(2 * HOUR);
  expect(sent()).toEqual([`main: ${TITLE}`]);
  expect(raised).toEqual(['canary', 'canary']);
  expect(counted).toEqual(['main sent', 'main confirmed', 'main sent', 'main confirmed']);
  expect(faults()).toEqual([]);
});

test('its time outlives restarts, which send no second one', async () => {
  const { run, sent, restart } = await open(CHANNELS('{ every: 1d, notify: spare }'));
  await run(MINUTE);
  for (let n = 0; n < 3; n += 1) {
    await restart();
    await run(MINUTE);
  }
  expect(sent()).toEqual([`main: ${TITLE}`]);
  await harness.clock.advance(DAY);
  await restart();
  await run(MINUTE);
  expect(sent()).toEqual([`main: ${TITLE}`]);
});

test('a canary that is not delivered in time is reported once by another channel, until one is', async () => {
  harness.script('main', hangs, down);
  const { run, sent, raised, faults, restart } = await open(CHANNELS('{ every: 2h, within: 5m, notify: spare }'));
  await run(MINUTE);
  expect([sent().filter((line) => line.startsWith('spare')), faults()]).toEqual([[], []]);
  await run(5 * MINUTE);
  expect(sent().filter((line) => line.startsWith('spare'))).toEqual([`spare: ${ALARM}`]);
  expect(faults()).toEqual([
    expect.stringMatching(/^channel main: no canary was confirmed since 2026-11-23T09:00:00.000Z: /),
  ]);
  await restart();
  await run(5 * HOUR);
  expect(sent().filter((line) => line.startsWith('spare'))).toEqual([]);
  expect(faults()).toHaveLength(1);
  harness.script('main', ok);
  await run(2 * HOUR);
  expect(sent().filter((line) => line.startsWith('spare'))).toEqual([`spare: ${OVER}`]);
  expect(raised.filter((type) => type !== 'canary')).toEqual(['canary_missed', 'canary_recovered']);
  expect(faults()).toEqual([]);
});

test('a canary that is refused for good is reported at once, with the reason, and is in the dead letters alone', async () => {
  harness.script('main', wrongToken);
  const { run, sent, faults } = await open(CHANNELS('1d', ', delivery: { fallback: spare }'));
  await run(2000);
  expect(sent()).toEqual([`main: ${TITLE}`, `spare: ${ALARM}`]);
  expect(faults()[0]).toContain('the token is refused (http.401)');
  expect(await harness.deadRecords()).toMatchObject([{ channel: 'main', rule: 'belfry canary', key: 'main' }]);
});

test.each([
  ['another message that is delivered', () => harness.enqueue('main')],
  ['a test by a person', () => harness.lanes.test('main')],
])('%s shows that a channel works again', async (_what, deliver) => {
  harness.script('main', refused, ok);
  const { run, sent, faults } = await open(CHANNELS('{ every: 30d, notify: spare }'));
  await run(2000);
  expect(faults()).toEqual([expect.stringContaining('no such recipient (http.422)')]);
  sent();
  const delivering = deliver();
  await run(2000);
  await delivering;
  expect(sent()).toContain(`spare: ${OVER}`);
  expect(faults()).toEqual([]);
});

test('an edit of a channel that missed a canary sends one at once', async () => {
  harness.script('main', wrongToken, ok);
  const { run, sent, edit } = await open(CHANNELS('{ every: 1d, notify: spare }'));
  await run(2000);
  sent();
  await edit(CHANNELS('{ every: 1d, notify: spare }').replace('main: { type: sink', 'main: { type: pager, key: abc'));
  await run(2000);
  expect(sent()).toEqual([`main: ${TITLE}`, `spare: ${OVER}`]);
});

test('a channel that a person holds gets no canary and no alarm, and one when it is released', async () => {
  const { run, sent, raised } = await open(CHANNELS('{ every: 1h, within: 5m, notify: spare }'));
  await harness.lanes.hold('main');
  await run(3 * HOUR);
  expect(sent()).toEqual([]);
  await harness.lanes.release('main');
  await run(2000);
  expect(sent()).toEqual([`main: ${TITLE}`]);
  await run(58 * MINUTE);
  harness.script('main', hangs);
  await run(3 * MINUTE);
  await harness.lanes.hold('main');
  await run(10 * MINUTE);
  expect(raised.filter((type) => type === 'canary_missed')).toEqual([]);
});

test('rules get a canary only if they ask for events of the daemon, and its alarm as any other', async () => {
  harness.script('main', wrongToken);
  const { run, sent } = await open(`${CHANNELS('{ every: 1d, notify: spare }')}  third: { type: sink }
rules:
  - { name: any, match: { subject: main }, message: { title: "any {{ type }}" }, notify: third }
  - { name: rest, catch_all: true, message: { title: rest }, notify: third }
  - { name: own, on: belfry, match: { type: belfry.channel.canary }, message: { title: own }, notify: third }
`);
  await run(2000);
  expect(sent().filter((line) => line.startsWith('third'))).toEqual([
    'third: own',
    'third: any belfry.channel.canary_missed',
  ]);
});

test('a rule that notifies the channel of the alarm takes the place of the alarm', async () => {
  harness.script('main', wrongToken);
  const { run, sent } = await open(`${CHANNELS('{ every: 1d, notify: spare }')}
rules:
  - { name: own, on: belfry, match: { type: belfry.channel.canary_missed }, message: { title: mine }, notify: spare }
`);
  await run(2000);
  expect(sent().filter((line) => line.startsWith('spare'))).toEqual(['spare: mine']);
});
