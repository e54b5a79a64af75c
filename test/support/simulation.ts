import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { channelTypes } from '../../daemon/channels/index.ts';
import { toolsOf } from '../../daemon/cli/commands/rules/check.ts';
import type { Problem } from '../../daemon/core/problems/failure.ts';
import { rulesForTests } from '../../daemon/simulation/rules-for-tests.ts';
import {
  findTestFiles,
  openTestFile,
  runTests,
  type TestParts,
  type TestResult,
} from '../../daemon/simulation/run-tests.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { sourceTypes } from '../../daemon/sources/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

export function testParts(env: TestParts['env'] = {}): TestParts {
  const tools = toolsOf({ channels: channelTypes, sources: sourceTypes });
  return { env, tools, sourceTypes, log: pino({ level: 'silent' }), scrubber: new Scrubber() };
}

export interface Rehearsed {
  /** Of rules and tests that cannot be used. */
  readonly unfit: readonly Problem[];
  readonly results: readonly TestResult[];
}

/** Writes files into a directory of their own and runs its tests against its rules. */
export async function rehearse(files: Readonly<Record<string, string>>, env?: TestParts['env']): Promise<Rehearsed> {
  const folder = await temporaryFolder();
  await writeAll(folder, files);
  const parts = testParts(env);
  const rules = await rulesForTests(folder, parts);
  if (!('ruleset' in rules)) return { unfit: rules.problems, results: [] };
  const [unfit, results]: [Problem[], TestResult[]] = [[], []];
  for (const file of await findTestFiles(folder)) {
    const opened = await openTestFile(file, path.relative(folder, file), rules.ruleset, parts);
    unfit.push(...opened.problems);
    for await (const result of runTests(opened, rules.ruleset, parts)) results.push(result);
  }
  return { unfit, results };
}

/** What the tests of one file say against the rules of another: `line:column message`. */
export async function verdicts(rules: string, tests: string, env?: TestParts['env']): Promise<readonly string[]> {
  const { unfit, results } = await rehearse({ 'rules.yaml': rules, 'rules.test.yaml': tests }, env);
  const problems = [...unfit, ...results.flatMap((result) => result.problems)];
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
