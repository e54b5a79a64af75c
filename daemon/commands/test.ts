import path from 'node:path';
import { EXIT, type Problem } from '../core/failure.ts';
import { type Excerpt, problemText } from '../core/problem-text.ts';
import type { Ruleset } from '../core/ruleset.ts';
import { writeAtomically } from '../lib/atomic-file.ts';
import { systemClock } from '../lib/clock.ts';
import { junitText } from '../rehearsal/junit.ts';
import {
  findTestFiles,
  openTestFile,
  rulesForTests,
  runTests,
  type TestParts,
  type TestResult,
} from '../rehearsal/run-tests.ts';
import { listRulesFiles } from '../reload/files.ts';
import { watchRules } from '../reload/watch.ts';
import { CommandError, type CommonOptions, jsonLine, line, painter, type Terminal } from './terminal.ts';

export interface TestOptions extends CommonOptions {
  readonly watch?: boolean;
  readonly junit?: string;
}

export interface TestCommand {
  readonly terminal: Terminal;
  readonly parts: TestParts;
  /** Files and directories, as given; or the rules directory. */
  readonly paths: readonly string[];
  /** The rules directory: what lies in it is tested with all of it. */
  readonly config: string;
  readonly options: TestOptions;
}

interface Outcome {
  readonly results: readonly TestResult[];
  /** Rules and test files that are wrong themselves. */
  readonly unfit: readonly { readonly problem: Problem; readonly excerpt: Excerpt | undefined }[];
}

/** `belfry test`: 0 when all passed, 1 when one failed, 78 when rules or tests are invalid, 3 when there are none. */
export async function testCommand(command: TestCommand): Promise<number> {
  return command.options.watch === true ? watchTests(command) : runOnce(command);
}

async function runOnce(command: TestCommand): Promise<number> {
  const { terminal, options, paths } = command;
  const outcome = await runAll(command);
  const { results, unfit } = outcome;
  if (results.length === 0 && unfit.length === 0)
    throw new CommandError(EXIT.nothing, `there are no tests (\`*.test.yaml\`) in ${paths.join(', ')}`);
  if (options.junit !== undefined)
    await writeAtomically(path.resolve(terminal.cwd, options.junit), junitText(results), 0o644);
  report(command, outcome);
  if (unfit.length > 0) return EXIT.config;
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

/** Again after every change of the rules or the tests, until interrupted. */
async function watchTests(command: TestCommand): Promise<number> {
  const { terminal, paths } = command;
  const once = async (): Promise<void> => {
    try {
      await runOnce(command);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      terminal.stderr.write(`belfry: ${error.message}\n`);
    }
  };
  const roots = [...new Set([command.config, ...paths].map((place) => path.resolve(terminal.cwd, place)))];
  const alsoWatch = async (): Promise<readonly string[]> => {
    const lists = await Promise.all(
      roots.map(async (root) => [...(await findTestFiles(root)), ...(await listRulesFiles(root)).files]),
    );
    return [...new Set(lists.flat())].sort();
  };
  await watchRules({ root: roots[0]!, clock: systemClock, alsoWatch, signal: terminal.interrupted, changed: once });
  return EXIT.ok;
}

async function runAll(command: TestCommand): Promise<Outcome> {
  const { terminal, parts, paths } = command;
  const results: TestResult[] = [];
  const unfit: { problem: Problem; excerpt: Excerpt | undefined }[] = [];
  const rulesets = new Map<string, Ruleset | undefined>();
  const found = await Promise.all(paths.map((place) => findTestFiles(path.resolve(terminal.cwd, place))));
  for (const file of [...new Set(found.flat())]) {
    const root = await rootOf(file, command);
    if (!rulesets.has(root)) rulesets.set(root, await rulesOf(root, command, unfit));
    const ruleset = rulesets.get(root);
    if (ruleset === undefined) continue;
    const opened = await openTestFile(file, shownPath(file, terminal.cwd), ruleset, parts);
    unfit.push(...opened.problems.map((problem) => ({ problem, excerpt: opened.excerpt(problem) })));
    for await (const result of runTests(opened, ruleset, parts)) results.push(result);
  }
  return { results, unfit };
}

async function rulesOf(
  root: string,
  { parts, terminal }: TestCommand,
  unfit: { problem: Problem; excerpt: Excerpt | undefined }[],
): Promise<Ruleset | undefined> {
  const rules = await rulesForTests(root, parts);
  if ('ruleset' in rules) return rules.ruleset;
  for (const problem of rules.problems)
    unfit.push({
      problem: { ...problem, file: shownPath(problem.file, terminal.cwd) },
      excerpt: rules.excerpt(problem),
    });
  return undefined;
}

/** The rules directory when the file lies in it; else the nearest directory above it that has rules. */
async function rootOf(file: string, { config, terminal }: TestCommand): Promise<string> {
  const rules = path.resolve(terminal.cwd, config);
  if (file.startsWith(`${rules}${path.sep}`)) return rules;
  const own = path.dirname(file);
  for (let folder = own; ; folder = path.dirname(folder)) {
    if ((await listRulesFiles(folder)).files.length > 0) return folder;
    if (folder === path.dirname(folder)) return own;
  }
}

function report({ terminal, options }: TestCommand, { results, unfit }: Outcome): void {
  const failed = results.filter(({ ok }) => !ok).length + unfit.length;
  const passed = results.length - results.filter(({ ok }) => !ok).length;
  const problems = unfit.map(({ problem }) => problem);
  if (options.json === true) {
    jsonLine(terminal, { passed, failed, tests: results, ...(problems.length > 0 && { problems }) });
    return;
  }
  const paint = painter(terminal);
  for (const { problem, excerpt } of unfit) terminal.stdout.write(`${problemText(problem, excerpt)}\n\n`);
  for (const { name, ok, problems: wrong } of results) {
    line(terminal, `${ok ? paint('green', 'ok') : paint('red', 'failed')}  ${name}`);
    for (const { file, line: at, column, message } of wrong) line(terminal, `    ${file}:${at}:${column}: ${message}`);
  }
  line(terminal, `${passed} passed, ${failed} failed`);
}

function shownPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}
