import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { problemText } from '../../../core/problems/problem-text.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import { writeToNamed } from '../../../lib/files/atomic-file.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import { SHORT_GRACE_MS, type Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
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

interface TestOptions extends CommonOptions {
  readonly watch?: boolean;
  readonly junit?: string;
}

export const verb: Verb = (program, { terminal, clock, config, run }) => {
  program
    .command('test')
    .description('run the tests of rules (*.test.yaml) on a virtual clock')
    .addArgument(new TypedArgument('[path...]', NAME, 'files or directories (default: the rules directory)'))
    .option('--watch', 'run again after every change')
    .addOption(new TypedOption('--junit <file>', NAME, 'write the results as JUnit XML'))
    .action((given: string[], options: TestOptions) =>
      run(async () => {
        const rules = config(options);
        const paths = given.length > 0 ? given : [rules];
        return test({ terminal, paths, config: rules }, clock, options);
      }, SHORT_GRACE_MS),
    );
};

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
