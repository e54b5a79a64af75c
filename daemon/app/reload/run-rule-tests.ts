import { PassThrough } from 'node:stream';
import { builtIn } from '../../channels/index.ts';
import { PluginHost } from '../../channels/plugins/host.ts';
import { type LeveledProblem, type Problem, withLevel } from '../../core/problems/failure.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { RuleTestResultView } from '../../http/daemon-api.ts';
import { openLog } from '../../lib/log.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { sha256 } from '../../lib/sha256.ts';
import { fileProblem } from '../../reload/files.ts';
import { Live } from '../../reload/live.ts';
import type { RulesText } from '../../reload/load.ts';
import { rulesNamedIn } from '../../simulation/run-test-case.ts';
import { findTestFiles, openTestFile, runTests } from '../../simulation/run-tests.ts';
import { sourceTypes } from '../../sources/index.ts';

/** Rules to test. Can be posted between threads. */
export interface RuleTestsInput {
  readonly root: string;
  /** Texts of the live rules. */
  readonly texts: readonly RulesText[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RuleTestsOutput {
  readonly results: readonly RuleTestResultView[];
  /** Problems of test files that are not valid, and of rules that do not load here. */
  readonly problems: readonly LeveledProblem[];
}

/** Tests of the directory that are run; more would not end in reasonable time. */
export const MAX_TESTS = 5000;

/** Runs the `*.test.yaml` files of a rules directory against its live rules, in a simulation. Nothing is sent. */
export async function runRuleTests({ root, texts, env }: RuleTestsInput): Promise<RuleTestsOutput> {
  const scrubber = new Scrubber();
  const plugins = new PluginHost();
  try {
    const tools = { ...builtIn, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };
    const live = new Live(root, { env, tools, scrubber, plugins, withoutSecrets: true });
    const problems = await live.restore(texts);
    if (problems.length > 0) return { results: [], problems: withLevel('error', scrubber.scrubJson(problems)) };
    return scrubber.scrubJson(await runAll(root, live.restored([]).ruleset, scrubber));
  } finally {
    plugins.close();
  }
}

async function runAll(root: string, ruleset: Ruleset, scrubber: Scrubber): Promise<RuleTestsOutput> {
  const log = openLog({ level: 'silent', format: 'json' }, scrubber, new PassThrough());
  const deps = { sourceTypes, log, scrubber };
  const results: RuleTestResultView[] = [];
  const problems: Problem[] = [];
  for (const file of await findTestFiles(root)) {
    const opened = await openTestFile(file, file, ruleset, deps);
    problems.push(...opened.problems);
    let index = 0;
    for await (const { name, ok, problems: wrong } of runTests(opened, ruleset, deps)) {
      if (results.length >= MAX_TESTS) {
        const message = `there are more than ${MAX_TESTS} tests, and the daemon runs no more`;
        problems.push(fileProblem(file, 'test.too_many', message, 'run all of them by `belfry test`'));
        return { results, problems: withLevel('error', problems) };
      }
      const { position, ...testCase } = opened.cases[index]!;
      results.push({
        file,
        line: position.line,
        name,
        ok,
        rules: rulesNamedIn(testCase),
        problems: withLevel('error', wrong),
      });
      index += 1;
    }
  }
  return { results, problems: withLevel('error', problems) };
}
