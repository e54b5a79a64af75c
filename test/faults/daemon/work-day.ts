import type { Scenario } from '../support/scenario.ts';

/** End of a daemon that was given work while something failed. */
export interface Ending {
  /** Exit code; null if it was killed. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Last step that began. */
  readonly step: string;
  /** Whether the test ended it. */
  readonly isStopped: boolean;
  /** Output of this daemon alone. */
  readonly output: string;
}

/** Answers after which the next step begins. */
const ANSWERS = 25;
/** Time in which a start and a stop end, or the daemon. */
const END_MS = 60_000;
/** Time after which the next step begins: a resend on a full disk waits until there is space. */
const STEP_MS = 3000;

type Step = (scenario: Scenario) => Promise<unknown>;

/** Steps that use every file of the state directory. `emit` without a daemon has filled the inbox before. */
const STEPS: Readonly<Record<string, Step>> = {
  load: posts,
  reload: async (scenario) => {
    await scenario.save(scenario.starts);
    await scenario.home.call('POST', '/v1/reload');
  },
  'load after a reload': posts,
  resend: async (scenario) => {
    scenario.destinations.refuses = false;
    await scenario.home.call('POST', '/v1/dead/resend', { all: true }).finally(() => {
      scenario.destinations.refuses = true;
    });
  },
  silence: ({ home }) =>
    home.call('POST', '/v1/silences', { match: { type: 'nothing' }, until: '2100-01-01T00:00:00Z', reason: 'a test' }),
  'load after a resend': posts,
};

async function posts(scenario: Scenario): Promise<void> {
  const load = scenario.load({ clients: 4 });
  await load.answered(ANSWERS);
  await load.stop();
}

/**
 * Starts the daemon, gives it work of every kind, and stops it; ends early when the daemon ends. `steps` are made when all of the
 * others were: the n-th call of a file that the steps are counted by is the same one in each run, but for the order of threads.
 */
export async function workDay(scenario: Scenario): Promise<Ending> {
  const { home } = scenario;
  const from = home.output.length;
  let step = 'start';
  const ended = (code: number | null, signal: NodeJS.Signals | null, isStopped = false): Ending => ({
    code,
    signal,
    step,
    isStopped,
    output: home.output.slice(from),
  });
  const started = scenario.start();
  const exit = home.ended();
  /** Resolves to whether the daemon has ended. */
  const until = (work: Promise<unknown>): Promise<boolean> =>
    Promise.race([
      exit.then(() => true),
      withDeadline(work, () => `${step} did not end:\n${home.output}`).then(() => false),
    ]);
  // A start fails when the daemon ends; the end of the process is seen a little later.
  const made = started.catch(() => exit);
  if (await until(made)) return ended(...(await exit));
  for (const [name, make] of Object.entries(STEPS)) {
    step = name;
    const result = Promise.race([make(scenario).catch(() => undefined), pause(STEP_MS)]);
    if (await until(result)) {
      await result;
      return ended(...(await exit));
    }
  }
  step = 'stop';
  home.signal('SIGTERM');
  await until(exit);
  return ended(...(await exit), true);
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

async function withDeadline(work: Promise<unknown>, text: () => string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(text())), END_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
