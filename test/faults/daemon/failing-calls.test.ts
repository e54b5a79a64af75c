import { beforeAll, expect, test } from 'vitest';
import { ROUNDS } from '../rounds.ts';
import { conserved } from '../support/conservation.ts';
import { Rounds, type Violation } from '../support/report.ts';
import { Scenario } from '../support/scenario.ts';
import { FIRST_SEED, Random } from './seed.ts';
import {
  type CallCounts,
  canTrace,
  countCalls,
  describeCall,
  type FaultyCall,
  HAPPENINGS,
  injectInto,
  readCounts,
  someCall,
} from './system-calls.ts';
import { type Ending, workDay } from './work-day.ts';

const NEEDS_STRACE = 'needs the right to trace and the Debian package strace';
/** Calls that are tried in one round of the suite. */
const CALLS_OF_ROUND = 4;
/** Calls that are tried on one state directory. */
const CALLS_OF_ONE_STATE = 15;
/** Lines of a log that says what fails, and does not repeat it without end. */
const MAX_LINES = 20_000;

let counts: CallCounts = new Map();
beforeAll(async () => {
  if (!canTrace()) return;
  const scenario = await Scenario.open();
  await prepare(scenario);
  countCalls(scenario.home);
  await workDay(scenario);
  counts = await readCounts(scenario.home);
  await scenario.close();
});

/** A state directory that has been used: a dead letter, an event in the inbox. */
async function prepare(scenario: Scenario): Promise<void> {
  await scenario.start();
  await scenario.home.call('POST', '/v1/events?wait=10s', { type: 'refused', subject: 'a', data: {} });
  await scenario.home.stop();
  await scenario.home.belfry(['emit', 'plain', '--subject', 'inbox']);
}

/** Whether a daemon may give up with this code: the disk failed, the state directory cannot be used, or, at the start, the disk is full. */
function mayEnd(code: number | null, { step, output, isStopped }: Ending): boolean {
  if (code === 1) return step === 'start' && /the disk .*is full/.test(output);
  return code === 74 || (isStopped ? code === 0 : code === 78 && step === 'start');
}

/** A daemon ends because of a failed call with the right code and a text that says what to do, or it goes on and stops as usual. */
function endingViolations(ending: Ending, call: FaultyCall): Violation[] {
  const { code, signal, step, output } = ending;
  const invariant = call.calls === 'sync' ? 'I7' : 'I6';
  const text = (what: string): Violation => ({ invariant, text: `${what} in ${step}: ${output.slice(-1500)}` });
  if (call.happening === 'signal=SIGKILL') return [];
  const found: Violation[] = [];
  if (signal !== null) found.push(text(`ended by ${signal}`));
  else if (!mayEnd(code, ending)) found.push(text(`exit code ${code}`));
  if (code !== 0 && !/^belfry: /m.test(output)) found.push(text('no reason'));
  if (/^ {4}at /m.test(output)) found.push(text('a stack trace'));
  if (output.split('\n').length > MAX_LINES) found.push(text('a log without end'));
  return found;
}

async function tryCall(scenario: Scenario, rounds: Rounds, random: Random): Promise<boolean> {
  const call = someCall(random, counts, HAPPENINGS);
  injectInto(scenario.home, call);
  const ending = await workDay(scenario);
  scenario.home.tracer = [];
  if (ending.code !== 0) scenario.crashes += 1;
  await scenario.start();
  await scenario.repeatUnanswered();
  const { violations } = await conserved(scenario);
  await scenario.home.stop();
  const all = [...endingViolations(ending, call), ...violations];
  rounds.add(ending.signal === null ? `exits with ${ending.code}` : 'kills', 1);
  rounds.end(all, `${describeCall(call)}; BELFRY_SEED=${random.seed}`);
  return all.length === 0;
}

test('a daemon whose n-th system call on its state fails, or is its last one, keeps every promise', async (context) => {
  if (!canTrace()) return context.skip(NEEDS_STRACE);
  const rounds = new Rounds('n-th call on a file of the state', ['I1', 'I2', 'I5', 'I6', 'I7', 'I14', 'I19']);
  const count = ROUNDS * CALLS_OF_ROUND;
  while (rounds.rounds < count) {
    const scenario = await Scenario.open();
    try {
      await prepare(scenario);
      for (let call = 0; call < CALLS_OF_ONE_STATE && rounds.rounds < count; call += 1)
        if (!(await tryCall(scenario, rounds, new Random(FIRST_SEED + rounds.rounds)))) break;
    } finally {
      await scenario.close();
    }
    rounds.progress(count);
  }
  expect(rounds.violations).toEqual([]);
});
