import type { Problem } from '../core/failure.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { Log } from '../lib/log.ts';
import type { SourceType } from '../sources/source.ts';
import { differences } from './expectations.ts';
import type { Place, Step, Story } from './test-file.ts';
import { type Happening, World } from './world.ts';

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
  await world.until('at' in step.when ? step.when.at : world.clock.now() + step.when.after);
  const woken = world.takeLater();
  const found: Found[] = [];
  const happened: (readonly Happening[] | undefined)[] = [];
  for (const event of step.events) happened.push(await world.emit(event));
  if (step.ack !== undefined && world.acknowledge(step.ack) === 0)
    found.push({
      place: step.place,
      text: `nothing fires for the key ${JSON.stringify(step.ack)}, so there is nothing to acknowledge`,
    });
  await world.until(world.clock.now());
  const sent = world.takeSent();
  const groups = step.events.length === 0 ? [woken] : happened.map((one) => one ?? []);
  found.push(...outcomesOf(step, groups));
  if (step.expect !== undefined) {
    for (const { entry, text } of differences(
      step.expect.map(({ wanted }) => wanted),
      sent,
    ))
      found.push({ place: entry === undefined ? step.place : step.expect[entry]!.place, text });
  }
  return found;
}

/** What each rule did with each event of the step; or, while only time passed, the last that it did. */
function outcomesOf({ outcomes = [], events }: Step, groups: readonly (readonly Happening[])[]): Found[] {
  return outcomes.flatMap(({ rule, outcome, place }) =>
    groups.flatMap((group, index) => {
      const result = group.findLast((happening) => happening.result.rule === rule)?.result;
      const actual = result?.outcome ?? 'no_match';
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
