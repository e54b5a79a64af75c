import { constants, existsSync } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { EXIT, type Problem } from '../core/problems/failure.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { Ruleset } from '../core/ruleset.ts';
import { openLog } from '../lib/log.ts';
import { Scrubber } from '../lib/secrets/scrubber.ts';
import { isRulesFile, listRulesFiles } from '../reload/files.ts';
import {
  findTestFiles,
  openTestFile,
  rulesForTests,
  runTests,
  testFileBeside,
  type TestDeps,
  type TestResult,
} from '../simulation/run-tests.ts';
import { PluginHost } from '../channels/plugins/host.ts';
import { sourceTypes } from '../sources/index.ts';
import { shownPath } from '../lib/files/shown-path.ts';
import { toolsOf } from './check-rules.ts';
import { registry } from './registry.ts';
import { CommandError, type Terminal } from './render/terminal.ts';

export { watchRules } from '../reload/watch.ts';
export { junitText } from '../simulation/junit.ts';

export interface TestRequest {
  /** Test files and directories, or the rules directory. */
  readonly paths: readonly string[];
  /** The rules directory; a test file in it is run with all its rules. */
  readonly config: string;
  readonly terminal: Terminal;
}

export interface TestRun {
  readonly results: readonly TestResult[];
  /** Problems of rules and test files that are not valid. */
  readonly invalid: readonly { readonly problem: Problem; readonly excerpt: Excerpt | undefined }[];
  /** The rules that were tested: files and directories. */
  readonly roots: readonly string[];
}

/** Runs all tests of the paths. Rejects when a path has no tests, which would otherwise go unnoticed. */
export async function runRuleTests(request: TestRequest): Promise<TestRun> {
  const { terminal } = request;
  const scrubber = new Scrubber();
  const log = openLog({ level: 'error', format: 'text' }, scrubber, terminal.stderr);
  const deps = { env: terminal.env, tools: toolsOf(registry), sourceTypes, log, scrubber };
  const plugins = new PluginHost();
  try {
    return await runAll(request, { ...deps, plugins }, await filesOf(request));
  } finally {
    plugins.close();
  }
}

/** Files that a change of the tests or of the tested rules can touch. */
export async function filesToWatch(paths: readonly string[], roots: readonly string[]): Promise<readonly string[]> {
  const tests = await Promise.all(paths.map(findTestFiles));
  const rules = await Promise.all(roots.map(async (root) => (await listRulesFiles(root)).files));
  return [...new Set([...tests, ...rules].flat())].sort();
}

async function filesOf({ terminal, paths }: TestRequest): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(async (given) => {
      const target = path.resolve(terminal.cwd, given);
      if (!existsSync(target)) throw new CommandError(EXIT.nothing, `there is no file or directory \`${given}\``);
      await access(target, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
        throw new CommandError(
          EXIT.config,
          `${given} cannot be read (${error.code}); run this as a user who may read it`,
        );
      });
      const files = await findTestFiles(target);
      if (files.length === 0) throw new CommandError(EXIT.nothing, `there are no tests (\`*.test.yaml\`) in ${given}`);
      return files;
    }),
  );
  return [...new Set(found.flat())];
}

async function runAll(request: TestRequest, deps: TestDeps, files: readonly string[]): Promise<TestRun> {
  const { terminal } = request;
  const results: TestResult[] = [];
  const invalid: { problem: Problem; excerpt: Excerpt | undefined }[] = [];
  const rulesets = new Map<string, Ruleset | undefined>();
  for (const file of files) {
    const root = await rootOf(file, request);
    if (!rulesets.has(root)) rulesets.set(root, await rulesOf(root, terminal, deps, invalid));
    const ruleset = rulesets.get(root);
    if (ruleset === undefined) continue;
    const opened = await openTestFile(file, shownPath(file, terminal.cwd), ruleset, deps);
    invalid.push(...opened.problems.map((problem) => ({ problem, excerpt: opened.excerpt(problem) })));
    for await (const result of runTests(opened, ruleset, deps)) {
      results.push(result);
      if (terminal.interrupted.aborted) throw new CommandError(EXIT.failed, 'interrupted; not all tests were run');
    }
  }
  return { results, invalid, roots: [...rulesets.keys()] };
}

async function rulesOf(
  root: string,
  terminal: Terminal,
  deps: TestDeps,
  invalid: { problem: Problem; excerpt: Excerpt | undefined }[],
): Promise<Ruleset | undefined> {
  const rules = await rulesForTests(root, deps);
  if ('ruleset' in rules) return rules.ruleset;
  for (const problem of rules.problems)
    invalid.push({
      problem: { ...problem, file: shownPath(problem.file, terminal.cwd) },
      excerpt: rules.excerpt(problem),
    });
  return undefined;
}

/** Rules for a test file: the rules directory if the file is in it, else its own directory or the nearest one above with rules. */
async function rootOf(file: string, { config, terminal }: TestRequest): Promise<string> {
  const rules = path.resolve(terminal.cwd, config);
  if (file.startsWith(`${rules}${path.sep}`) || file === testFileBeside(rules)) return rules;
  const own = path.dirname(file);
  if ((await listRulesFiles(own)).files.length > 0) return own;
  for (let folder = own; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if ((await readdir(folder).catch(() => [])).some(isRulesFile)) return folder;
  }
  return own;
}
