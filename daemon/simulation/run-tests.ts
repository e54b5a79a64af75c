import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '../core/problems/failure.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { CompileTools } from '../core/compile/registry.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { Log } from '../lib/log.ts';
import type { Scrubber } from '../lib/secrets/scrubber.ts';
import { Live } from '../reload/live.ts';
import type { PluginLoader } from '../core/compile/plugin-loader.ts';
import { isIgnored, isRulesFile, readRulesFile } from '../reload/files.ts';
import type { SourceType } from '../sources/source.ts';
import { runTestCase } from './run-test-case.ts';
import { readTestFile, type TestFile } from './test-file.ts';

/** Problems of rules for which no test can run. */
export interface InvalidTestRules {
  readonly problems: readonly Problem[];
  excerpt(problem: Problem): Excerpt | undefined;
}

export interface RulesDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Loads the modules of `daemon.plugins`. */
  readonly plugins?: PluginLoader;
  readonly tools: CompileTools;
  readonly scrubber: Scrubber;
}

/** Compiles the rules of a directory. Secrets that are not set are replaced by placeholders that pass validation. */
export async function rulesForTests(
  root: string,
  deps: RulesDeps,
): Promise<{ readonly ruleset: Ruleset } | InvalidTestRules> {
  const live = new Live(root, { ...deps, withoutSecrets: true });
  const prepared = await live.prepare();
  if (prepared.kind === 'ready') return { ruleset: prepared.ruleset };
  return { problems: prepared.problems, excerpt: (problem) => live.excerpt(problem) };
}

/** The result of one test. */
export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
}

export interface TestDeps extends RulesDeps {
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
}

/** The `*.test.yaml` files below a directory, sorted; the given test file; or the test file of a rules file. Follows links, but visits each folder once. */
export async function findTestFiles(target: string): Promise<readonly string[]> {
  const kind = await stat(target).catch(() => undefined);
  if (kind === undefined) return [];
  if (kind.isDirectory()) return (await listFolder(target, new Set())).sort((a, b) => (a < b ? -1 : 1));
  if (isTestFile(path.basename(target))) return [target];
  const beside = testFileBeside(target);
  return beside !== undefined && (await isFile(beside)) ? [beside] : [];
}

/** `rules.yaml` -> `rules.test.yaml` */
export function testFileBeside(rules: string): string | undefined {
  return isRulesFile(path.basename(rules)) ? rules.replace(/(\.ya?ml)$/, '.test$1') : undefined;
}

function isTestFile(name: string): boolean {
  return /\.test\.ya?ml$/.test(name) && !isIgnored(name);
}

async function isFile(file: string): Promise<boolean> {
  const kind = await stat(file).catch(() => undefined);
  return kind?.isFile() === true;
}

async function listFolder(folder: string, seen: Set<string>): Promise<string[]> {
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || seen.has(real)) return [];
  seen.add(real);
  const found: string[] = [];
  // A folder that cannot be read is reported when its rules are loaded.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (isIgnored(entry.name) || entry.name === 'node_modules') continue;
    const full = path.join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await stat(full).catch(() => undefined) : entry;
    if (target?.isDirectory() === true) found.push(...(await listFolder(full, seen)));
    else if (isTestFile(entry.name)) found.push(full);
  }
  return found;
}

/** Reads a test file and checks it against the rules. `shown` is its name in problems. */
export async function openTestFile(
  file: string,
  shown: string,
  ruleset: Ruleset,
  { sourceTypes }: Pick<TestDeps, 'sourceTypes'>,
): Promise<TestFile> {
  const read = await readRulesFile(shown, file);
  if (read.ok) return readTestFile(shown, read.text, { ruleset, sourceTypes });
  return { file: shown, cases: [], problems: [read.problem], excerpt: () => undefined };
}

/** Runs the tests of a file one after another. */
export async function* runTests(
  { file, cases }: TestFile,
  ruleset: Ruleset,
  { sourceTypes, log, scrubber }: Pick<TestDeps, 'sourceTypes' | 'log' | 'scrubber'>,
): AsyncIterable<TestResult> {
  const running = sourceTypes.filter(({ runsInTests }) => runsInTests === true);
  for (const testCase of cases) {
    const found = await runTestCase(file, testCase, { ruleset, sourceTypes: running, log });
    // A quoted message may contain a secret that its template inserted.
    const problems = found.map((problem) => ({ ...problem, message: scrubber.scrub(problem.message) }));
    yield { file, name: testCase.name, ok: problems.length === 0, problems };
  }
}

/**
 * Runs all tests of a rules directory against rules that are about to go live; returns the failures. A single rules file is
 * tested by the file beside it: `rules.test.yaml` for `rules.yaml`.
 */
export async function testRuleset(
  root: string,
  ruleset: Ruleset,
  deps: Pick<TestDeps, 'sourceTypes' | 'log' | 'scrubber'>,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const file of await findTestFiles(root)) {
    const opened = await openTestFile(file, file, ruleset, deps);
    problems.push(...opened.problems);
    for await (const { name, problems: wrong } of runTests(opened, ruleset, deps)) {
      problems.push(
        ...wrong.map((problem) => ({
          ...problem,
          code: 'tests.failed',
          message: `the test "${name}" fails: ${problem.message}`,
          mend: 'correct the rules or the test; `belfry test` shows all differences',
        })),
      );
    }
  }
  return problems;
}
