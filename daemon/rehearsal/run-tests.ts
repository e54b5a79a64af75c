import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '../core/failure.ts';
import type { Excerpt } from '../core/problem-text.ts';
import type { Ruleset } from '../core/ruleset.ts';
import type { CompileTools } from '../core/types.ts';
import type { Log } from '../lib/log.ts';
import { Scrubber } from '../lib/scrubber.ts';
import { isPassedOver, readRulesFile } from '../reload/files.ts';
import { Live } from '../reload/live.ts';
import type { SourceType } from '../sources/source.ts';
import { runStory } from './run-story.ts';
import { standIn } from './stand-in.ts';
import { readTestFile, type TestFile } from './test-file.ts';

/** What came of one test. */
export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly ok: boolean;
  readonly problems: readonly Problem[];
}

/** Rules or test files that are wrong themselves: nothing can be said about the tests. */
export interface Unfit {
  readonly problems: readonly Problem[];
  excerpt(problem: Problem): Excerpt | undefined;
}

export interface TestParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tools: CompileTools;
  readonly sourceTypes: readonly SourceType[];
  readonly log: Log;
}

/** `*.test.yaml` below a directory, in the order of their names; or the one file. */
export async function findTestFiles(place: string): Promise<readonly string[]> {
  const kind = await stat(place).catch(() => undefined);
  if (kind === undefined) return [];
  if (!kind.isDirectory()) return isTestFile(path.basename(place)) ? [place] : [];
  const entries = await readdir(place, { withFileTypes: true });
  const found = await Promise.all(
    entries
      .filter(({ name }) => !isPassedOver(name) && name !== 'node_modules')
      .map(async (entry) => {
        const full = path.join(place, entry.name);
        const target = entry.isSymbolicLink() ? await stat(full).catch(() => undefined) : entry;
        if (target?.isDirectory() === true) return findTestFiles(full);
        return isTestFile(entry.name) ? [full] : [];
      }),
  );
  return found.flat().sort((a, b) => (a < b ? -1 : 1));
}

export function isTestFile(name: string): boolean {
  return /\.test\.ya?ml$/.test(name) && !isPassedOver(name);
}

/** The rules of a directory, compiled for tests: without their secrets if need be. */
export async function rulesForTests(
  root: string,
  { env, tools }: TestParts,
): Promise<{ readonly ruleset: Ruleset } | Unfit> {
  const live = new Live(root, { env, tools, scrubber: new Scrubber(), standIn });
  const prepared = await live.prepare();
  if (prepared.kind === 'ready') return { ruleset: prepared.ruleset };
  return { problems: prepared.problems, excerpt: (problem) => live.excerpt(problem) };
}

/** Reads a test file against some rules. `shown` is its name in problems. */
export async function openTestFile(
  file: string,
  shown: string,
  ruleset: Ruleset,
  { sourceTypes }: TestParts,
): Promise<TestFile> {
  const read = await readRulesFile(shown, file);
  if (read.ok) return readTestFile(shown, read.text, { ruleset, sourceTypes });
  return { file: shown, stories: [], problems: [read.problem], excerpt: () => undefined };
}

/** Runs the tests of a file, one after another; between two of them others get their turn. */
export async function* runTests(
  { file, stories }: TestFile,
  ruleset: Ruleset,
  { sourceTypes, log }: TestParts,
): AsyncIterable<TestResult> {
  const running = sourceTypes.filter(({ runsInTests }) => runsInTests === true);
  for (const story of stories) {
    const problems = await runStory(file, story, { ruleset, sourceTypes: running, log });
    yield { file, name: story.name, ok: problems.length === 0, problems };
  }
}

/**
 * Runs all tests of a rules directory against rules that are about to go live; returns what speaks against them. Rules that are
 * one file are tested by the file beside it: `rules.test.yaml` for `rules.yaml`.
 */
export async function testRuleset(root: string, ruleset: Ruleset, parts: TestParts): Promise<readonly Problem[]> {
  const beside = root.replace(/\.ya?ml$/, '.test.yaml');
  const files = (await findTestFiles(root)).concat(beside === root ? [] : await findTestFiles(beside));
  const problems: Problem[] = [];
  for (const file of files) {
    const opened = await openTestFile(file, file, ruleset, parts);
    problems.push(...opened.problems);
    for await (const { name, problems: wrong } of runTests(opened, ruleset, parts)) {
      problems.push(
        ...wrong.map((problem) => ({
          ...problem,
          message: `the test "${name}" fails: ${problem.message}`,
          mend: 'mend the rules or the test; `belfry test` shows all of it',
        })),
      );
    }
  }
  return problems;
}
