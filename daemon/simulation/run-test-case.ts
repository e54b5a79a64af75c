import type { Position } from '../core/compile/context.ts';
import type { EventInput } from '../core/event/event.ts';
import type { RuleResult } from '../core/flow/decision.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Answer, Expectation } from '../core/schema/sections/rule-tests.ts';
import type { Log } from '../lib/log.ts';
import type { SourceType } from '../sources/source.ts';
import { differences } from './expectations.ts';
import type { Sent } from './fake-channels.ts';
import { Simulator } from './simulator.ts';

/** An action and the expectations after it. Times are milliseconds since the epoch. */
export interface Step {
  readonly position: Position;
  /** Delay after the previous step, or an absolute time. */
  readonly when: { readonly after: number } | { readonly at: number };
  readonly events: readonly EventInput[];
  readonly ack?: string;
  /** A silence in its stored form. */
  readonly silence?: { readonly given: Readonly<Record<string, unknown>>; readonly until?: number };
  readonly expect?: { readonly position: Position; readonly entries: readonly WantedMessage[] };
  readonly outcomes?: readonly WantedOutcome[];
}

export interface WantedMessage {
  readonly wanted: Expectation;
  readonly position: Position;
}

export interface WantedOutcome {
  readonly rule: string;
  /** One outcome for all events of the step, or one for each. */
  readonly wanted: readonly string[];
  readonly position: Position;
}

export interface TestCase {
  readonly name: string;
  readonly position: Position;
  readonly at: number;
  readonly answers: Readonly<Record<string, readonly Answer[]>>;
  readonly steps: readonly Step[];
}

export interface RunDeps {
  readonly ruleset: Ruleset;
  /** Types with `runsInTests`. */
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
}

/** Rules that a test names in `expect` or `outcomes`, sorted. */
export function rulesNamedIn({ steps }: Pick<TestCase, 'steps'>): readonly string[] {
  const names = steps.flatMap(({ expect, outcomes = [] }) => [
    ...(expect?.entries ?? []).flatMap(({ wanted: { rule } }) => (typeof rule === 'string' ? [rule] : [])),
    ...outcomes.map(({ rule }) => rule),
  ]);
  return [...new Set(names)].sort();
}

/** Runs a test on a new simulator; returns each difference with its position in the test file. */
export async function runTestCase(file: string, testCase: TestCase, deps: RunDeps): Promise<readonly Problem[]> {
  const simulator = new Simulator({ ...deps, at: testCase.at, answers: testCase.answers });
  const problems: Problem[] = [];
  await simulator.open();
  try {
    for (const step of testCase.steps) {
      const found = await runStep(simulator, step);
      problems.push(...found.map(({ position, text }) => problemAt(file, position, text)));
    }
  } finally {
    await simulator.close();
  }
  return problems;
}

/** Difference between an expectation and the simulation. */
interface Found {
  readonly position: Position;
  readonly text: string;
}

async function runStep(simulator: Simulator, step: Step): Promise<readonly Found[]> {
  simulator.recording = step.expect !== undefined;
  await simulator.until('at' in step.when ? step.when.at : simulator.clock.now() + step.when.after);
  const woken = simulator.takeLater();
  const found: Found[] = [];
  const happened: (readonly RuleResult[])[] = [];
  for (const event of step.events) happened.push((await simulator.emit(event)) ?? []);
  if (step.silence !== undefined) simulator.silence(step.silence.given, step.silence.until);
  if (step.ack !== undefined && simulator.acknowledge(step.ack) === 0)
    found.push({
      position: step.position,
      text: `nothing fires for the key ${JSON.stringify(step.ack)}, so there is nothing to acknowledge`,
    });
  await simulator.until(simulator.clock.now());
  const sent = simulator.takeSent();
  const raised = simulator.takeLater();
  const groups = step.events.length === 0 ? [[...woken.values(), ...raised.values()]] : happened;
  found.push(...outcomesOf(step, groups, raised));
  return step.expect === undefined ? found : [...found, ...unexpected(step.expect, sent)];
}

function unexpected({ position, entries }: NonNullable<Step['expect']>, sent: readonly Sent[]): Found[] {
  const wanted = entries.map((entry) => entry.wanted);
  return differences(wanted, sent).map(({ entry, text }) => ({
    position: entry === undefined ? position : entries[entry]!.position,
    text,
  }));
}

/**
 * Compares the outcome of each rule for each event of the step, or for the `belfry.*` events that they caused. In a step without
 * events the last outcome of the rule counts.
 */
function outcomesOf(
  { outcomes = [], events }: Step,
  groups: readonly (readonly RuleResult[])[],
  raised: ReadonlyMap<string, RuleResult>,
): Found[] {
  return outcomes.flatMap(({ rule, wanted, position }) =>
    groups.flatMap((group, index) => {
      const result = group.findLast((one) => one.rule === rule) ?? raised.get(rule);
      const actual = result?.outcome ?? 'no_match';
      const outcome = wanted.length === 1 ? wanted[0]! : wanted[index]!;
      if (actual === outcome) return [];
      const which = events.length > 1 ? ` for event ${index + 1}` : '';
      const why = [result?.reason, ...(result?.errors ?? [])].filter((text) => text !== undefined).join('; ');
      const until = result?.until === undefined ? '' : `, until ${result.until}`;
      const text = `${rule} is ${actual}${which}${why === '' ? '' : ` (${why}${until})`}, and should be ${outcome}`;
      return [{ position, text }];
    }),
  );
}

function problemAt(file: string, { line, column }: Position, message: string): Problem {
  return { file, line, column, code: 'test.failed', message, mend: '' };
}
