import { readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type App, openApp } from '../../daemon/app/app.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { InvalidRules } from '../../daemon/app/state/invalid-rules.ts';
import { runProgram } from '../../daemon/cli/program.ts';
import { Simulator } from '../../daemon/simulation/simulator.ts';
import { rulesetOf } from '../support/compile.ts';
import { writeAll } from '../support/simulation.ts';
import { testTerminal } from '../support/command-line.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop(true);
});

const rules = (title: string): string =>
  `channels: { ops: { type: log } }\nrules: [{ name: r, on: api, message: { title: ${title} }, notify: ops }]\n`;
const tests = (title: string): string =>
  `tests:\n  - name: it is called ${title}\n    steps: [{ event: { type: e }, expect: [{ title: ${title} }] }]\n`;

interface Home {
  readonly folder: string;
  readonly save: (name: string, text: string) => Promise<void>;
  readonly start: () => Promise<App>;
  /** Resolves when the daemon has logged this. */
  readonly logged: (text: string) => Promise<void>;
  /** Runs a command to its end. */
  readonly belfry: (...args: readonly string[]) => Promise<number>;
}

async function home(
  files: Readonly<Record<string, string>>,
  reload = '{ require_tests: true, watch: false }',
): Promise<Home> {
  const folder = await temporaryFolder();
  const daemon = `daemon: { state: ${folder}/state, listen: "127.0.0.1:0", reload: ${reload}, log: { format: json } }\n`;
  await writeAll(path.join(folder, 'rules'), { 'daemon.yaml': daemon, ...files });
  let log = '';
  const terminal = testTerminal({
    env: { RUNTIME_DIRECTORY: path.join(folder, 'run') },
    cwd: folder,
    pid: process.pid,
  });
  const { stdout } = terminal;
  stdout.on('data', (text: Buffer) => (log += text.toString()));
  return {
    folder,
    async save(name, text) {
      await writeFile(path.join(folder, 'aside'), text);
      await rename(path.join(folder, 'aside'), path.join(folder, 'rules', name));
    },
    async start() {
      const config = path.join(folder, 'rules');
      const check = () => Promise.reject(new Error('not used'));
      const app = await openApp({ config, terminal, version: '0.0.0', clock: systemClock, check });
      apps.push(app);
      return app;
    },
    async logged(text) {
      while (!log.includes(text)) await new Promise((resolve) => stdout.once('data', resolve));
    },
    belfry: (...args) => runProgram([...args, '--config', path.join(folder, 'rules')], terminal, '0.0.0'),
  };
}

test('a daemon whose tests fail does not start and writes nothing', async () => {
  const { folder, start } = await home({ 'r.yaml': rules('one'), 'r.test.yaml': tests('two') });
  const refused = await start().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InvalidRules);
  expect(refused).toMatchObject({ exit: 78 });
  expect((refused as InvalidRules).problems).toMatchObject([
    { file: path.join(folder, 'rules', 'r.test.yaml'), line: 3, column: 44, code: 'tests.failed' },
  ]);
  expect((refused as InvalidRules).problems[0]!.message).toMatch(/^the test "it is called two" fails: expected/);
  expect(await readdir(folder)).toEqual(['rules']);
});

test('a command that only reads the stored state runs no tests', async () => {
  const { start, save, belfry } = await home({ 'r.yaml': rules('one'), 'r.test.yaml': tests('one') });
  await (await start()).stop(true);
  apps.length = 0;
  await save('r.test.yaml', tests('two'));
  expect(await belfry('dead', 'list')).toBe(0);
});

test('an invalid test file also keeps the rules from loading', async () => {
  const { start } = await home({ 'r.yaml': rules('one'), 'r.test.yaml': 'tests: []\n' });
  const refused = await start().catch((error: unknown) => error);
  expect((refused as InvalidRules).problems).toMatchObject([{ line: 1, column: 8, code: 'schema.empty' }]);
});

test('a reload refuses rules whose tests fail, and accepts them once the tests pass', async () => {
  const { start, save } = await home({ 'r.yaml': rules('one'), 'r.test.yaml': tests('one') });
  const app = await start();
  await save('r.yaml', rules('two'));
  expect(await app.reload()).toMatchObject({
    ok: false,
    generation: 1,
    changed: [],
    problems: [
      { line: 3, code: 'tests.failed', message: expect.stringContaining('title is "two", and should be "one"') },
    ],
  });
  await save('r.test.yaml', tests('two'));
  expect(await app.reload()).toMatchObject({ ok: true, generation: 2, changed: ['rule r'], problems: [] });
});

test('without `require_tests` no test runs', async () => {
  const { start, save } = await home({ 'r.yaml': rules('one'), 'r.test.yaml': tests('two') }, '{ watch: false }');
  const app = await start();
  await save('r.yaml', rules('three'));
  expect(await app.reload()).toMatchObject({ ok: true, generation: 2 });
});

test('a corrected test makes the daemon load the rules that it had refused', async () => {
  const { start, save, logged } = await home(
    { 'r.yaml': rules('one'), 'r.test.yaml': tests('one') },
    '{ require_tests: true }',
  );
  await start();
  await save('r.yaml', rules('two'));
  await logged('reload: rejected; the rules in force stay');
  await save('r.test.yaml', tests('two'));
  await logged('reload: applied');
});

test('the event loop runs during a test of many years', async () => {
  const ruleset = rulesetOf(`
channels: { ops: { type: sink } }
rules: [{ name: r, match: { type: down }, resolve: { match: { type: up } }, repeat: 1h, notify: ops }]
`);
  const simulator = new Simulator({ ruleset, sourceTypes: [], log: pino({ level: 'silent' }), at: 0, answers: {} });
  await simulator.emit({ type: 'down' });
  let turns = 0;
  let next = setImmediate(function turn() {
    turns += 1;
    next = setImmediate(turn);
  });
  await simulator.until(365 * 24 * 3_600_000);
  clearImmediate(next);
  expect(simulator.takeSent()).toHaveLength(1 + 365 * 24);
  expect(turns).toBeGreaterThan(100);
});
