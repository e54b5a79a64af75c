import { expect, onTestFinished, test } from 'vitest';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { ROUNDS } from '../rounds.ts';
import { plantInProgram } from '../support/planted-bugs.ts';
import { Rounds, type Violation } from '../support/report.ts';

/** Longest time from the start to the kill: some ticks. */
const MAX_RUN_MS = 2500;

/** Kills the daemon around the ticks of a schedule; every due time must be one delivery, and later than the one before. */
async function killed(fixture: DaemonFixture, count: number, rounds: Rounds): Promise<void> {
  const { home, receiver } = fixture;
  await home.rules(
    `${fixture.channel}sources: { each: { type: schedule, cron: "* * * * * *", timezone: UTC, missed: all } }\n` +
      'rules: [{ name: tick, on: each, message: { title: "{{ data.scheduled_at }}" }, notify: ops }]\n',
  );
  for (let round = 0; round < count; round += 1) {
    await home.start();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_RUN_MS));
    await home.kill();
    rounds.end([], `round ${round}`);
  }
  await home.start();
  const before = receiver.deliveries().length;
  await expect.poll(() => receiver.deliveries().length, { timeout: 30_000 }).toBeGreaterThan(before + 1);
  rounds.add('ticks', receiver.deliveries().length);
  rounds.end(violationsOf(fixture), 'all rounds');
}

function violationsOf({ receiver }: DaemonFixture): Violation[] {
  const times = receiver.deliveries().map(({ title }) => Date.parse(title));
  const sorted = times.toSorted((a, b) => a - b);
  return sorted.flatMap((time, index): Violation[] => {
    const step = index === 0 ? 1000 : time - sorted[index - 1]!;
    if (step === 1000) return [];
    return [{ invariant: 'I13', text: `${new Date(time).toISOString()} came ${step} ms after the tick before it` }];
  });
}

test('a schedule that is killed at any time handles each of its due times once', async () => {
  const fixture = await openFixture(onTestFinished);
  const rounds = new Rounds('kill -9 around ticks', ['I13']);
  await killed(fixture, ROUNDS, rounds);
  await fixture.audited();
  expect(rounds.violations).toEqual([]);
});

test('the kills find a schedule that does not store its last due time', async () => {
  const fixture = await openFixture(onTestFinished);
  const buggy = await plantInProgram('schedule tick not recorded');
  onTestFinished(() => buggy.remove());
  fixture.home.program = buggy.program;
  const rounds = new Rounds('kill -9 around ticks, not recorded', ['I13'], { planted: true });
  await killed(fixture, 3, rounds);
  expect(rounds.violations).not.toEqual([]);
});
