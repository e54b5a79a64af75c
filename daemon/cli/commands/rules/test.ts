import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { problemText } from '../../../core/problems/problem-text.ts';
import { NAME, TIME_OR_AGO, type TimeOrAgo } from '../../../core/values/value-kind.ts';
import { writeToNamed } from '../../../lib/files/atomic-file.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { SHORT_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import {
  CommandError,
  type CommonOptions,
  harmless,
  jsonLine,
  line,
  painter,
  type Terminal,
} from '../../render/terminal.ts';
import type { TestRequest, TestRun } from '../../rule-tests.ts';
import { type HistoryOptions, type HistoryTest, testHistory } from './test-history.ts';

interface TestOptions extends CommonOptions, HistoryOptions {
  readonly watch?: boolean;
  readonly junit?: string;
  readonly history?: TimeOrAgo;
}

export const verb: Verb = (program, { terminal, clock, access, config, run }) => {
  daemonOptions(program.command('test'))
    .description('run the tests of rules (*.test.yaml) on a virtual clock, or the rules over the history of the daemon')
    .addArgument(new TypedArgument('[path...]', NAME, 'files or directories (default: the rules directory)'))
    .option('--watch', 'run again after every change')
    .addOption(new TypedOption('--junit <file>', NAME, 'write the results as JUnit XML'))
    .addOption(
      new TypedOption(
        '--history <time>',
        TIME_OR_AGO,
        'compare what the rules on disk would have sent since then, such as 7d, with what was sent; a path is a rules file in place of the live parts of its names',
      ),
    )
    .addOption(new TypedOption('--rule <rule>', NAME, 'with --history: compare only this rule'))
    .action((given: string[], options: TestOptions) =>
      run(async () => {
        const history = historyTest(given, options);
        if (history !== undefined) return testHistory(terminal, await access.client(options), history, options);
        const rules = config(options);
        const paths = given.length > 0 ? given : [rules];
        return test({ terminal, paths, config: rules }, clock, options);
      }, SHORT_GRACE_MS),
    );
};

/** The request of `--history`; undefined without it. */
function historyTest(given: readonly string[], options: TestOptions): HistoryTest | undefined {
  const { history: since, rule, watch, junit, url } = options;
  if (since === undefined) {
    if (rule === undefined && url === undefined) return undefined;
    throw new CommandError(EXIT.usage, `${rule === undefined ? '--url' : '--rule'} has a meaning with --history only`);
  }
  if (watch === true || junit !== undefined)
    throw new CommandError(EXIT.usage, '--history excludes --watch and --junit, which are for *.test.yaml files');
  if (given.length > 1) throw new CommandError(EXIT.usage, 'with --history give one rules file at most');
  return { since, file: given[0] };
}

/** Exit 0 when all passed, 1 when one failed, 78 when rules or tests are invalid, 3 when a path has no tests. */
async function test(request: TestRequest, clock: Clock, options: TestOptions): Promise<number> {
  if (options.watch === true) return watch(request, clock, options);
  const { results, invalid } = await runOnce(request, options);
  if (invalid.length > 0) return EXIT.config;
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
}

async function runOnce(request: TestRequest, options: TestOptions): Promise<TestRun> {
  const { terminal } = request;
  const { runRuleTests } = await import('../../rule-tests.ts');
  const done = await runRuleTests(request);
  if (options.junit !== undefined) await writeJunit(path.resolve(terminal.cwd, options.junit), done);
  report(terminal, options, done);
  return done;
}

/** Writes to the device, FIFO or link of that name, which must not be replaced by a file. */
async function writeJunit(file: string, { results, invalid }: TestRun): Promise<void> {
  const { junitText } = await import('../../rule-tests.ts');
  const text = junitText(
    results,
    invalid.map(({ problem }) => problem),
  );
  await writeToNamed(file, text, 0o644).catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(EXIT.failed, `${file} cannot be written (${error.code ?? 'unknown'})`);
  });
}

/** Runs the tests again after every change of the rules or the tests, until interrupted. */
async function watch(request: TestRequest, clock: Clock, options: TestOptions): Promise<number> {
  const { terminal, paths } = request;
  const { filesToWatch, watchRules } = await import('../../rule-tests.ts');
  let tested: readonly string[] = [];
  const changed = async (): Promise<void> => {
    try {
      tested = (await runOnce(request, options)).roots;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (!terminal.interrupted.aborted) terminal.stderr.write(`belfry: ${error.message}\n`);
    }
  };
  const targets = paths.map((given) => path.resolve(terminal.cwd, given));
  const alsoWatch = () => filesToWatch(targets, tested);
  await watchRules({ root: targets[0]!, clock, alsoWatch, signal: terminal.interrupted, onChange: changed });
  return EXIT.ok;
}

function report(terminal: Terminal, { json }: TestOptions, { results, invalid }: TestRun): void {
  const failed = results.filter(({ ok }) => !ok).length + invalid.length;
  const passed = results.length - results.filter(({ ok }) => !ok).length;
  const problems = invalid.map(({ problem }) => problem);
  if (json === true) {
    jsonLine(terminal, { passed, failed, tests: results, ...(problems.length > 0 && { problems }) });
    return;
  }
  const paint = painter(terminal);
  for (const { problem, excerpt } of invalid) terminal.stdout.write(`${problemText(problem, excerpt)}\n\n`);
  for (const { name, ok, problems: wrong } of results) {
    line(terminal, `${ok ? paint('green', 'ok') : paint('red', 'failed')}  ${harmless(name)}`);
    for (const { file, line: at, column, message } of wrong)
      line(terminal, `    ${file}:${at}:${column}: ${harmless(message)}`);
  }
  line(terminal, `${passed} passed, ${failed} failed`);
}
