import { appendFile, mkdir, readdir, rmdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { conserved } from '../support/conservation.ts';
import { type BugName, plantInProgram } from '../support/planted-bugs.ts';
import { type Invariant, Rounds, type Violation } from '../support/report.ts';
import { Scenario } from '../support/scenario.ts';
import { canTrace } from './system-calls.ts';
import { unsyncedNames } from './directory-syncs.ts';

/** Work for a daemon with a bug and for one without: the first must break an invariant, the second none. */
interface Trial {
  readonly bug: BugName;
  readonly invariant: Invariant;
  readonly needsTrace?: boolean;
  /** Work in which the bug shows; the comparison follows. */
  readonly act: (scenario: Scenario) => Promise<readonly Violation[]>;
}

/** Deliveries that a bug has lost never end, so they are not waited for. */
const DRAIN_MS = 5000;
const NEEDS_STRACE = 'needs the right to trace and the Debian package strace';

async function posts(scenario: Scenario, answers: number): Promise<void> {
  const load = scenario.load({ clients: 4 });
  await load.answered(answers);
  await load.stop();
}

/** Ends with the daemon running again. */
async function crashed(scenario: Scenario): Promise<void> {
  await scenario.crash();
  await scenario.start();
  await scenario.repeatUnanswered();
}

const NONE: readonly Violation[] = [];

const TRIALS: readonly Trial[] = [
  {
    bug: 'delivered before it is sent',
    invariant: 'I1',
    async act(scenario) {
      await scenario.start();
      scenario.destinations.answers = 'never';
      await posts(scenario, 60);
      await scenario.destinations.requested('ordered');
      // The answers to these came after the marks of the deliveries that were claimed before.
      await posts(scenario, 20);
      scenario.destinations.answers = 'now';
      await crashed(scenario);
      return NONE;
    },
  },
  {
    bug: 'dead letter after its delivery ended',
    invariant: 'I1',
    async act(scenario) {
      const { home } = scenario;
      await scenario.start();
      // A folder, which nothing can be written to.
      await mkdir(home.path('state', 'dead-letters.jsonl'));
      await posts(scenario, 60);
      await home.logged(({ msg }) => msg.startsWith('dead letters:'));
      await scenario.crash();
      await rmdir(home.path('state', 'dead-letters.jsonl'));
      await scenario.start();
      return NONE;
    },
  },
  {
    bug: 'resend deletes first',
    invariant: 'I1',
    async act(scenario) {
      await scenario.start();
      await posts(scenario, 60);
      await conserved(scenario, DRAIN_MS);
      scenario.destinations.answers = 'never';
      const resend = scenario.home.call('POST', '/v1/dead/resend', { all: true }).catch(() => undefined);
      await scenario.destinations.requested('refusing');
      await scenario.crash();
      await resend;
      scenario.destinations.answers = 'now';
      await scenario.start();
      return NONE;
    },
  },
  {
    bug: 'permanent failure is retried',
    invariant: 'I3',
    async act(scenario) {
      await scenario.start();
      await posts(scenario, 40);
      return NONE;
    },
  },
  {
    bug: 'reload drops what waits',
    invariant: 'I1',
    async act(scenario) {
      await scenario.start();
      scenario.destinations.answers = 'later';
      await posts(scenario, 60);
      await scenario.save(1);
      await scenario.home.call('POST', '/v1/reload');
      scenario.destinations.answers = 'now';
      return NONE;
    },
  },
  {
    bug: 'torn dead letter is kept',
    invariant: 'I14',
    async act(scenario) {
      await scenario.start();
      await posts(scenario, 60);
      await conserved(scenario, DRAIN_MS);
      await scenario.home.stop();
      await appendFile(scenario.home.path('state', 'dead-letters.jsonl'), '{"id":"torn');
      await scenario.start();
      const aside = (await readdir(scenario.home.path('state'))).filter((name) =>
        name.startsWith('dead-letters.torn-'),
      );
      return aside.length === 1 ? NONE : [{ invariant: 'I14', text: `${aside.length} torn tails are set aside` }];
    },
  },
  {
    bug: 'dead letter without sync of its folder',
    invariant: 'I1',
    needsTrace: true,
    async act(scenario) {
      const found = await unsyncedNames(scenario, () => posts(scenario, 60));
      return found.map((text) => ({ invariant: 'I1', text }));
    },
  },
];

async function tried(trial: Trial, rounds: Rounds, program?: string): Promise<void> {
  const scenario = await Scenario.open(program === undefined ? {} : { program });
  try {
    const found = await trial.act(scenario);
    const { violations } = await conserved(scenario, program === undefined ? undefined : DRAIN_MS);
    rounds.end([...found, ...violations], trial.bug);
  } finally {
    await scenario.close();
  }
}

test.for(TRIALS)('$bug: the suite finds it, and finds nothing in a daemon without it', async (trial, context) => {
  if (trial.needsTrace === true && !canTrace()) return context.skip(NEEDS_STRACE);
  const correct = new Rounds(`without the bug: ${trial.bug}`, [trial.invariant]);
  await tried(trial, correct);
  expect(correct.violations).toEqual([]);
  const buggy = await plantInProgram(trial.bug);
  onTestFinished(() => buggy.remove());
  const planted = new Rounds(`planted bug: ${trial.bug}`, [trial.invariant], { planted: true });
  await tried(trial, planted, buggy.program);
  expect(planted.violationsOf(trial.invariant)).not.toEqual([]);
});
