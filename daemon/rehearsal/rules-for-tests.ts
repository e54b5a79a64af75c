import type { Problem } from '../core/failure.ts';
import type { Excerpt } from '../core/problem-text.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { CompileTools } from '../core/types.ts';
import type { Scrubber } from '../lib/scrubber.ts';
import { readRulesFile } from '../reload/files.ts';
import { Live } from '../reload/live.ts';
import { StandIns } from './stand-in.ts';

/** Rules or test files that are wrong themselves: nothing can be said about the tests. */
export interface Unfit {
  readonly problems: readonly Problem[];
  excerpt(problem: Problem): Excerpt | undefined;
}

export interface RulesParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tools: CompileTools;
  readonly scrubber: Scrubber;
}

/** The rules of a directory, compiled for tests. A secret that is not there is stood in for by whatever its setting takes. */
export async function rulesForTests(root: string, parts: RulesParts): Promise<{ readonly ruleset: Ruleset } | Unfit> {
  const standIns = new StandIns();
  const live = new Live(root, { ...parts, standIn: (body) => standIns.text(body) });
  let fewest: readonly Problem[] | undefined;
  for (;;) {
    const prepared = await live.prepare();
    if (prepared.kind === 'ready') return { ruleset: prepared.ruleset };
    const { problems } = prepared;
    if (fewest === undefined || problems.length < fewest.length) fewest = problems;
    const places = await Promise.all(problems.map(referenceAt));
    const changed = places.filter((body) => body !== undefined && standIns.another(body));
    if (changed.length === 0) return { problems: fewest, excerpt: (problem) => live.excerpt(problem) };
  }
}

/** The inside of the first reference from the place of a problem on, on its line. */
async function referenceAt({ file, line, column }: Problem): Promise<string | undefined> {
  const read = await readRulesFile(file);
  const text = read.ok ? read.text.split('\n')[line - 1] : undefined;
  return text === undefined ? undefined : /\$\{([^}]*)\}/.exec(text.slice(column - 1))?.[1];
}
