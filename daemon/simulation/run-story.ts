import type { RuleResult } from '../core/flow/decision.ts';
import type { Problem } from '../core/problems/failure.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Log } from '../lib/log.ts';
import type { SourceType } from '../sources/source.ts';
import { differences } from './expectations.ts';
import type { Sent } from './fake-channels.ts';
import type { Place, Step, Story } from './test-file.ts';
import { World } from './simulator.ts';

export interface RunParts {
  readonly ruleset: Ruleset;
  /** Those that run in a test: what needs nothing but time. */
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
}

/** Runs one story; returns what was not as expected, each with its place. */
export async function runStory(file: string, story: Story, parts: RunParts): Promise<readonly Problem[]> {
  const world = new World({ ...parts, at: story.at, answers: story.answers });
  const problems: Problem[] = [];
  await world.open();
  try {
    for (const step of story.steps) {
      const found = await runStep(world, step);
      problems.push(...found.map(({ place, text }) => problemAt(file, place, text)));
    }
  } finally {
    await world.close();
  }
  return problems;
}

interface Found {
  readonly place: Place;
  readonly text: string;
}

async function runStep(world: World, step: Step): Promise<readonly Found[]> {
  world.watched = step.expect !== undefined;
  await world.until('at' in step.when ? step.when.at : world.clock.now() + step.when.after);
  const woken = world.takeLater();
  const found: Found[] = [];
  const happened: (readonly RuleResult[])[] = [];
  for (const event of step.events) happened.push((await world.emit(event)) ?? []);
  if (step.silence !== undefined) world.silence(step.silence.given, step.silence.until);
  if (step.ack !== undefined && world.acknowledge(step.ack) === 0)
    found.push({
      place: step.place,
      text: `nothing fires for the key ${JSON.stringify(step.ack)}, so there is nothing to acknowledge`,
    });
  await world.until(world.clock.now());
  const sent = world.takeSent();
  const raised = world.takeLater();
  const groups = step.events.length === 0 ? [[...woken.values(), ...raised.values()]] : happened;
  found.push(...outcomesOf(step, groups, raised));
  return step.expect === undefined ? found : [...found, ...unexpected(step.expect, sent)];
}

function unexpected({ place, entries }: NonNullable<Step['expect']>, sent: readonly Sent[]): Found[] {
  const wanted = entries.map((entry) => entry.wanted);
  return differences(wanted, sent).map(({ entry, text }) => ({
    place: entry === undefined ? place : entries[entry]!.place,
    text,
  }));
}

/**
 * What each rule did with each event of the step, or with what the daemon raised because of them; or, where only time passed,
 * the last that it did.
 */
function outcomesOf(
  { outcomes = [], events }: Step,
  groups: readonly (readonly RuleResult[])[],
  raised: ReadonlyMap<string, RuleResult>,
): Found[] {
  return outcomes.flatMap(({ rule, wanted, place }) =>
    groups.flatMap((group, index) => {
      const result = group.findLast((one) => one.rule === rule) ?? raised.get(rule);
      const actual = result?.outcome ?? 'no_match';
      const outcome = wanted.length === 1 ? wanted[0]! : wanted[index]!;
      if (actual === outcome) return [];
      const which = events.length > 1 ? ` for event ${index + 1}` : '';
      const why = [result?.reason, ...(result?.errors ?? [])].filter((text) => text !== undefined).join('; ');
      const until = result?.until === undefined ? '' : `, until ${result.until}`;
      const text = `${rule} is ${actual}${which}${why === '' ? '' : ` (${why}${until})`}, and should be ${outcome}`;
      return [{ place, text }];
    }),
  );
}

function problemAt(file: string, { line, column }: Place, message: string): Problem {
  return { file, line, column, code: 'test.failed', message, mend: '' };
}
