import { expect, onTestFinished, test } from 'vitest';
import { ROUNDS } from '../rounds.ts';
import { conserved } from '../support/conservation.ts';
import { type BugName, plantInProgram } from '../support/planted-bugs.ts';
import { PowerDisk } from './power.ts';
import { Rounds } from '../support/report.ts';
import { Scenario } from '../support/scenario.ts';
import { FIRST_SEED, Random } from './seed.ts';

const NEEDS_MOUNT = 'mounting a loop device needs root and the Debian packages mount and e2fsprogs';
const ROUNDS_OF_ONE_STATE = 20;
/** Deliveries that a bug has lost never end, so they are not waited for. */
const PLANTED_DRAIN_MS = 5000;

interface Cuts {
  readonly count: number;
  readonly program?: string;
}

/** Cuts the power under load again and again; resolves to false where that is not possible. */
async function powerCuts(rounds: Rounds, { count, program }: Cuts): Promise<boolean> {
  while (rounds.rounds < count) {
    const scenario = await Scenario.open(program === undefined ? {} : { program });
    const disk = PowerDisk.mount(scenario.home.path('state'));
    if (disk === undefined) {
      await scenario.close();
      return false;
    }
    try {
      await scenario.start();
      const left = Math.min(ROUNDS_OF_ONE_STATE, count - rounds.rounds);
      for (let round = 0; round < left; round += 1) if (!(await powerCut(scenario, disk, rounds, program))) break;
    } finally {
      await scenario.home.kill();
      disk.remove();
      await scenario.close();
    }
    if (program === undefined) rounds.progress(count);
  }
  return true;
}

async function powerCut(scenario: Scenario, disk: PowerDisk, rounds: Rounds, program?: string): Promise<boolean> {
  const random = new Random(FIRST_SEED + rounds.rounds);
  const { home } = scenario;
  const load = scenario.load();
  const before = random.upTo(500);
  await load.answered(before);
  await disk.cut(home.pid, () => scenario.crash());
  await load.stop();
  const violations = await compared(scenario, program !== undefined);
  rounds.end(violations, `after ${before} answers; BELFRY_SEED=${random.seed}`);
  return violations.length === 0;
}

/** Starts on what the power cut left. A state that does not start is lost as a whole. */
async function compared(scenario: Scenario, isPlanted: boolean): ReturnType<typeof start> {
  return start(scenario, isPlanted).catch((error: Error) => [
    { invariant: 'I1' as const, text: error.message.slice(0, 500) },
  ]);
}

async function start(scenario: Scenario, isPlanted: boolean) {
  await scenario.start();
  await scenario.repeatUnanswered();
  return [...(await conserved(scenario, isPlanted ? PLANTED_DRAIN_MS : undefined)).violations];
}

test('a daemon whose power is cut at a random time loses nothing that it acknowledged', async (context) => {
  const rounds = new Rounds('power cut at a random time', ['I1', 'I2', 'I14', 'I16', 'I19', 'I21']);
  if (!(await powerCuts(rounds, { count: ROUNDS }))) return context.skip(NEEDS_MOUNT);
  expect(rounds.violations).toEqual([]);
});

const FOUND_BY_POWER_CUTS: readonly BugName[] = ['no fsync', 'dead letter without fsync'];

test.for(FOUND_BY_POWER_CUTS)('a power cut finds the bug: %s', async (bug, context) => {
  const buggy = await plantInProgram(bug);
  onTestFinished(() => buggy.remove());
  const rounds = new Rounds(`power cut, ${bug}`, ['I1'], { planted: true });
  while (rounds.violations.length === 0 && rounds.rounds < 20)
    if (!(await powerCuts(rounds, { count: rounds.rounds + 1, program: buggy.program })))
      return context.skip(NEEDS_MOUNT);
  expect(rounds.violations).not.toEqual([]);
});
