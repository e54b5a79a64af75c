import type { Problem } from '../core/problems/failure.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import type { Scrubber } from '../lib/secrets/scrubber.ts';
import { Live } from '../reload/live.ts';

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

/** The rules of a directory, compiled for tests. A text that its setting takes stands in for a secret that is not there. */
export async function rulesForTests(root: string, parts: RulesParts): Promise<{ readonly ruleset: Ruleset } | Unfit> {
  const live = new Live(root, { ...parts, withoutSecrets: true });
  const prepared = await live.prepare();
  if (prepared.kind === 'ready') return { ruleset: prepared.ruleset };
  return { problems: prepared.problems, excerpt: (problem) => live.excerpt(problem) };
}
