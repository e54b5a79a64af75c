import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, type Problem } from '../../../core/problems/failure.ts';
import { type Excerpt, problemText } from '../../../core/problems/problem-text.ts';
import type { Ruleset } from '../../../core/ruleset.ts';
import { writeToNamed } from '../../../lib/files/atomic-file.ts';
import { systemClock } from '../../../lib/time/clock.ts';
import { junitText } from '../../../simulation/junit.ts';
import {
  findTestFiles,
  openTestFile,
  rulesForTests,
  runTests,
  testFileBeside,
  type TestDeps,
  type TestResult,
} from '../../../simulation/run-tests.ts';
import { isRulesFile, listRulesFiles } from '../../../reload/files.ts';
import { watchRules } from '../../../reload/watch.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  type Terminal,
} from '../../render/terminal.ts';

export interface TestOptions extends CommonOptions {
  readonly watch?: boolean;
  readonly junit?: string;
}

export interface TestCommand {
  readonly terminal: Terminal;
  readonly parts: TestDeps;
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
  /** The rules that were tested: files and directories. */
  readonly roots: readonly string[];
}

/** `belfry test`: 0 when all passed, 1 when one failed, 78 when rules or tests are invalid, 3 when somewhere there are none. */
export async function testCommand(command: TestCommand): Promise<number> {
  if (command.options.watch === true) return watchTests(command);
  const { results, unfit } = await runOnce(command);
  if (unfit.length > 0) return EXIT.config;
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

async function runOnce(command: TestCommand): Promise<Outcome> {
  const { terminal, options } = command;
  const outcome = await runAll(command, await filesOf(command));
  if (options.junit !== undefined) await writeJunit(path.resolve(terminal.cwd, options.junit), outcome);
  report(command, outcome);
  return outcome;
}

/** Writes into what the name leads to: a device such as /dev/stdout, a FIFO or a link must not be replaced by a file. */
async function writeJunit(file: string, { results, unfit }: Outcome): Promise<void> {
  const text = junitText(
    results,
    unfit.map(({ problem }) => problem),
  );
  await writeToNamed(file, text, 0o644).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(EXIT.failed, `${file} cannot be written (${error.code ?? 'unknown'})`);
  });
}

/** The test files of all paths. A path without any is a mistake: nobody would notice that nothing was tested. */
async function filesOf({ terminal, paths }: TestCommand): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(async (given) => {
      const place = path.resolve(terminal.cwd, given);
      if (!existsSync(place)) throw new CommandError(EXIT.nothing, `there is no file or directory \`${given}\``);
      const files = await findTestFiles(place);
      if (files.length === 0) throw new CommandError(EXIT.nothing, `there are no tests (\`*.test.yaml\`) in ${given}`);
      return files;
    }),
  );
  return [...new Set(found.flat())];
}

/** Again after every change of the rules or the tests, until interrupted. */
async function watchTests(command: TestCommand): Promise<number> {
  const { terminal, paths } = command;
  let tested: readonly string[] = [];
  const once = async (): Promise<void> => {
    try {
      tested = (await runOnce(command)).roots;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (!terminal.interrupted.aborted) terminal.stderr.write(`belfry: ${error.message}\n`);
    }
  };
  const given = paths.map((place) => path.resolve(terminal.cwd, place));
  const alsoWatch = async (): Promise<readonly string[]> => {
    const tests = await Promise.all(given.map(findTestFiles));
    const rules = await Promise.all(tested.map(async (root) => (await listRulesFiles(root)).files));
    return [...new Set([...tests, ...rules].flat())].sort();
  };
  await watchRules({ root: given[0]!, clock: systemClock, alsoWatch, signal: terminal.interrupted, changed: once });
  return EXIT.ok;
}

async function runAll(command: TestCommand, files: readonly string[]): Promise<Outcome> {
  const { terminal, parts } = command;
  const results: TestResult[] = [];
  const unfit: { problem: Problem; excerpt: Excerpt | undefined }[] = [];
  const rulesets = new Map<string, Ruleset | undefined>();
  for (const file of files) {
    const root = await rootOf(file, command);
    if (!rulesets.has(root)) rulesets.set(root, await rulesOf(root, command, unfit));
    const ruleset = rulesets.get(root);
    if (ruleset === undefined) continue;
    const opened = await openTestFile(file, shownPath(file, terminal.cwd), ruleset, parts);
    unfit.push(...opened.problems.map((problem) => ({ problem, excerpt: opened.excerpt(problem) })));
    for await (const result of runTests(opened, ruleset, parts)) {
      results.push(result);
      if (terminal.interrupted.aborted) throw new CommandError(EXIT.failed, 'interrupted; not all tests were run');
    }
  }
  return { results, unfit, roots: [...rulesets.keys()] };
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

/** The rules directory when the file lies in it; else the file's own directory, or the nearest one above it that has rules. */
async function rootOf(file: string, { config, terminal }: TestCommand): Promise<string> {
  const rules = path.resolve(terminal.cwd, config);
  if (file.startsWith(`${rules}${path.sep}`) || file === testFileBeside(rules)) return rules;
  const own = path.dirname(file);
  if ((await listRulesFiles(own)).files.length > 0) return own;
  for (let folder = own; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if ((await readdir(folder).catch(() => [])).some(isRulesFile)) return folder;
  }
  return own;
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
    line(terminal, `${ok ? paint('green', 'ok') : paint('red', 'failed')}  ${harmless(name)}`);
    for (const { file, line: at, column, message } of wrong)
      line(terminal, `    ${file}:${at}:${column}: ${harmless(message)}`);
  }
  line(terminal, `${passed} passed, ${failed} failed`);
}

function shownPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}
