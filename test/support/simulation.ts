import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { loadChannelTypes } from '../../daemon/channels/index.ts';
import { toolsOf } from '../../daemon/cli/check-rules.ts';
import type { Problem } from '../../daemon/core/problems/failure.ts';
import {
  findTestFiles,
  openTestFile,
  rulesForTests,
  runTests,
  type TestDeps,
  type TestResult,
} from '../../daemon/simulation/run-tests.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const channelTypes = await loadChannelTypes();

function testDeps(env: TestDeps['env'] = {}): TestDeps {
  const tools = toolsOf({ channels: channelTypes, sources: sourceTypes });
  return { env, tools, sourceTypes, log: pino({ level: 'silent' }), scrubber: new Scrubber() };
}

export interface RuleTestRun {
  /** Problems of invalid rules and test files. */
  readonly invalid: readonly Problem[];
  readonly results: readonly TestResult[];
}

/** Writes files into a directory of their own and runs its tests against its rules. */
export async function runRuleTests(
  files: Readonly<Record<string, string>>,
  env?: TestDeps['env'],
): Promise<RuleTestRun> {
  const folder = await temporaryFolder();
  await writeAll(folder, files);
  const parts = testDeps(env);
  const rules = await rulesForTests(folder, parts);
  if (!('ruleset' in rules)) return { invalid: rules.problems, results: [] };
  const [invalid, results]: [Problem[], TestResult[]] = [[], []];
  for (const file of await findTestFiles(folder)) {
    const opened = await openTestFile(file, path.relative(folder, file), rules.ruleset, parts);
    invalid.push(...opened.problems);
    for await (const result of runTests(opened, rules.ruleset, parts)) results.push(result);
  }
  return { invalid, results };
}

/** Problems that the tests of one file find in the rules of another, each as `line:column message`. */
export async function testProblems(rules: string, tests: string, env?: TestDeps['env']): Promise<readonly string[]> {
  const { invalid, results } = await runRuleTests({ 'rules.yaml': rules, 'rules.test.yaml': tests }, env);
  const problems = [...invalid, ...results.flatMap((result) => result.problems)];
  if (problems.length === 0 && results.length === 0) throw new Error('no test was run');
  return problems.map(
    ({ line, column, message, mend }) => `${line}:${column} ${message}${mend === '' ? '' : ` (${mend})`}`,
  );
}

export async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}
