import { expect, onTestFinished, test } from 'vitest';
import { ROUNDS } from '../rounds.ts';
import { conserved } from '../support/conservation.ts';
import { plantInProgram } from '../support/planted-bugs.ts';
import { Rounds } from '../support/report.ts';
import { Scenario } from '../support/scenario.ts';

/** Rounds on one state directory: a long run keeps its disk and memory bounded by beginning a new one. */
const ROUNDS_OF_ONE_STATE = 25;

/** Deliveries that a bug has lost never end, so they are not waited for. */
const PLANTED_DRAIN_MS = 5000;

/** Kills the daemon under load at a random time, starts it, and compares everything; again and again. */
async function killRounds(rounds: Rounds, count: number, program?: string): Promise<void> {
  while (rounds.rounds < count) {
    const scenario = await Scenario.open(program === undefined ? {} : { program });
    try {
      await scenario.start();
      const left = Math.min(ROUNDS_OF_ONE_STATE, count - rounds.rounds);
      for (let round = 0; round < left; round += 1) await killRound(scenario, rounds, program !== undefined);
    } finally {
      await scenario.close();
    }
    rounds.progress(count);
  }
}

async function killRound(scenario: Scenario, rounds: Rounds, isPlanted: boolean): Promise<void> {
  const before = Math.floor(10 ** (Math.random() * 2.7));
  const wait = Math.random() * 50;
  const load = scenario.load();
  await load.answered(before);
  await new Promise((resolve) => setTimeout(resolve, wait));
  await scenario.crash();
  await load.stop();
  await scenario.start();
  await scenario.repeatUnanswered();
  const { violations, events, duplicates } = await conserved(scenario, isPlanted ? PLANTED_DRAIN_MS : undefined);
  rounds.add('events', events - scenario.seen.events);
  rounds.add('duplicates', duplicates - scenario.seen.duplicates);
  scenario.seen = { events, duplicates };
  rounds.end(violations, `killed ${wait.toFixed(1)} ms after ${before} answers`);
}

test('a daemon that is killed at a random time loses nothing that it acknowledged', async () => {
  const rounds = new Rounds('kill -9 at a random time', ['I1', 'I2', 'I16', 'I19', 'I21']);
  await killRounds(rounds, ROUNDS);
  expect(rounds.violations).toEqual([]);
});

test('a daemon that answers before it writes is found', async () => {
  const buggy = await plantInProgram('answer before writing');
  onTestFinished(() => buggy.remove());
  const rounds = new Rounds('kill -9, answers before it writes', ['I1'], { planted: true });
  while (rounds.violations.length === 0 && rounds.rounds < 20)
    await killRounds(rounds, rounds.rounds + 1, buggy.program);
  expect(rounds.violations).not.toEqual([]);
});
