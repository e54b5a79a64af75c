import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type App, openApp } from '../../../daemon/app/app.ts';
import { InvalidRules } from '../../../daemon/app/state/invalid-rules.ts';
import { type KeptRead, readKeptRules } from '../../../daemon/app/state/kept-rules.ts';
import { statePaths } from '../../../daemon/app/state/paths.ts';
import { stateKey } from '../../../daemon/app/state/secrets-at-rest.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { testTerminal } from '../../support/command-line.ts';
import { writeAll } from '../../support/simulation.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop(true);
});

interface Status {
  readonly generation: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly files: readonly { readonly path: string; readonly state: string; readonly problems: readonly object[] }[];
}

/** Log lines of a daemon, as JSON. */
type Line = Readonly<Record<string, unknown>>;

class Machine {
  readonly folder: string;
  readonly env: Record<string, string>;
  readonly log: Line[] = [];
  #app: App | undefined;

  constructor(folder: string) {
    this.folder = folder;
    this.env = { HOME: folder, RUNTIME_DIRECTORY: path.join(folder, 'run') };
  }

  rules = (...parts: string[]): string => path.join(this.folder, 'rules', ...parts);

  async save(name: string, text: string): Promise<void> {
    await writeFile(path.join(this.folder, 'aside'), text);
    await rename(path.join(this.folder, 'aside'), this.rules(name));
  }

  async start(options: { readonly strict?: boolean } = {}): Promise<App> {
    const terminal = testTerminal({ env: this.env, cwd: this.folder, pid: process.pid });
    terminal.stdout.on('data', (text: Buffer) => {
      for (const line of text.toString().trim().split('\n')) this.log.push(JSON.parse(line) as Line);
    });
    const check = () => Promise.reject(new Error('not used'));
    const app = await openApp({ config: this.rules(), terminal, version: '0', clock: systemClock, check, ...options });
    apps.push(app);
    this.#app = app;
    return app;
  }

  /** Stops the daemon; its record is gone then, as after a restart of the machine. */
  async stop(): Promise<void> {
    await apps.pop()!.stop(true);
  }

  /** Rejects with the refusal of a start. */
  async refusal(options: { readonly strict?: boolean } = {}): Promise<InvalidRules> {
    const error = await this.start(options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidRules);
    return error as InvalidRules;
  }

  /** Rules that the default state directory keeps. */
  async kept(): Promise<KeptRead> {
    const paths = statePaths({}, this.env, this.folder);
    return readKeptRules(paths.keptRules, this.rules(), await stateKey(paths));
  }

  async get<T>(url: string): Promise<T> {
    const { listen, tokenFile } = this.#app!;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const answer = await fetch(`http://${listen}${url}`, { headers: { authorization: `Bearer ${token}` } });
    return (await answer.json()) as T;
  }

  async status(): Promise<Status & { readonly byName: Readonly<Record<string, string>> }> {
    const status = await this.get<Status>('/v1/status');
    const byName = Object.fromEntries(status.files.map((file) => [path.basename(file.path), file.state]));
    return { ...status, byName };
  }

  /** Rules in force, by what an event of the type `all` does. */
  async inForce(): Promise<readonly string[]> {
    const { listen, tokenFile } = this.#app!;
    const token = (await readFile(tokenFile, 'utf8')).trim();
    const answer = await fetch(`http://${listen}/v1/explain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ event: { type: 'all' } }),
    });
    return ((await answer.json()) as { rules: { rule: string }[] }).rules.map(({ rule }) => rule).sort();
  }
}

const DAEMON = 'daemon: { listen: "127.0.0.1:0", log: { format: json }, reload: { watch: false } }\n';
const CHANNELS = 'channels: { ops: { type: log }, mail: { type: log } }\n';
const rule = (name: string, more = ''): string => `rules:\n  - { name: ${name}, notify: ops${more} }\n`;

async function machine(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const made = new Machine(await temporaryFolder());
  await writeAll(made.rules(), { 'daemon.yaml': DAEMON, 'channels.yaml': CHANNELS, 'a.yaml': rule('a'), ...files });
  return made;
}

/** A machine on which a daemon has run and was stopped. */
async function used(files: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const made = await machine(files);
  await made.start();
  await made.stop();
  return made;
}

test('a start with a file that does not load runs on its kept version, and says so', async () => {
  const at = await used();
  await at.save('a.yaml', 'rules:\n  - { name: a2, notfy: ops }\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
  const status = await at.status();
  expect(status).toMatchObject({ generation: 1, ready: true, byName: { 'a.yaml': 'kept', 'channels.yaml': 'ok' } });
  expect(status.reasons).toEqual([`${at.rules('a.yaml')} is not applied; the last good rules are in force`]);
  expect(status.files.find(({ state }) => state === 'kept')!.problems).toMatchObject([
    { file: at.rules('a.yaml'), line: 2, column: 17, level: 'error', code: 'schema.unknown_key' },
  ]);
  expect(at.log).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        level: 'error',
        at: `${at.rules('a.yaml')}:2:17`,
        msg: expect.stringMatching(/^start: /),
      }),
      expect.objectContaining({ level: 'error', problems: 1, kept_at: expect.stringMatching(/Z$/) }),
    ]),
  );
});

test('the other files of that start are taken from the disk, as by a reload', async () => {
  const at = await used();
  await at.save('a.yaml', 'rules: "\n');
  await at.save('b.yaml', rule('b'));
  await at.save('new.yaml', 'rulez: []\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a', 'b']);
  expect((await at.status()).byName).toMatchObject({ 'a.yaml': 'kept', 'b.yaml': 'ok', 'new.yaml': 'kept' });
  await at.stop();
  // The file that was good at that start is kept now, too.
  await at.save('b.yaml', 'rules: "\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a', 'b']);
});

test('an error across files leaves all kept rules in force', async () => {
  const at = await used();
  await at.save('channels.yaml', 'channels: { mail: { type: log } }\n');
  await at.save('b.yaml', rule('b'));
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
  expect((await at.status()).byName).toMatchObject({ 'a.yaml': 'ok', 'b.yaml': 'kept', 'channels.yaml': 'kept' });
});

test('a correction reloads as usual, and the generation counts', async () => {
  const at = await used();
  await at.save('a.yaml', 'rules: "\n');
  const app = await at.start();
  expect(await app.reload()).toMatchObject({ ok: false, generation: 1 });
  const rejections = () => at.log.filter(({ msg }) => msg === 'reload: rejected; the rules in force stay').length;
  expect(rejections()).toBe(0);
  expect(await app.reload()).toMatchObject({ ok: false, generation: 1 });
  expect(rejections()).toBe(1);
  await at.save('a.yaml', rule('a3'));
  expect(await app.reload()).toMatchObject({ ok: true, generation: 2, added: ['rule a3'], removed: ['rule a'] });
  expect(await at.status()).toMatchObject({ reasons: [], byName: { 'a.yaml': 'ok' } });
});

test('an edit that is taken back after such a start ends the errors', async () => {
  const at = await used();
  await at.save('a.yaml', 'rules: "\n');
  const app = await at.start();
  await at.save('a.yaml', rule('a'));
  expect(await app.reload()).toMatchObject({ ok: true, generation: 1 });
  expect(at.log).toContainEqual(expect.objectContaining({ msg: 'reload: the rules in force load again' }));
  expect(await at.status()).toMatchObject({ reasons: [], byName: { 'a.yaml': 'ok' } });
});

test('rules that a reload applied are the kept ones', async () => {
  const at = await machine();
  const app = await at.start();
  await at.save('a.yaml', rule('later'));
  expect(await app.reload()).toMatchObject({ ok: true });
  await at.save('a.yaml', 'rules: "\n');
  expect(await app.reload()).toMatchObject({ ok: false });
  await at.stop();
  await at.start();
  expect(await at.inForce()).toEqual(['later']);
});

test('a comment alone changes the positions of the kept rules', async () => {
  const at = await machine();
  const app = await at.start();
  await at.save('a.yaml', `# one\n# two\n${rule('a')}`);
  await app.reload();
  await at.stop();
  const kept = await at.kept();
  expect(kept).toMatchObject({ kept: { files: [{ text: `# one\n# two\n${rule('a')}` }, {}, {}] } });
});

test.each([
  ['missing', 'there is no such file or directory', (at: Machine) => rm(at.rules(), { recursive: true })],
  [
    'empty',
    'there is no rules file here',
    async (at: Machine) => {
      await rm(at.rules(), { recursive: true });
      await mkdir(at.rules());
    },
  ],
])('a rules directory that is %s leaves the kept rules in force', async (_, message, change) => {
  const at = await used();
  await change(at);
  const app = await at.start();
  expect(await at.inForce()).toEqual(['a']);
  const { files } = await at.status();
  expect(files.find((file) => file.path === at.rules())).toMatchObject({ state: 'kept', problems: [{ message }] });
  await writeAll(at.rules(), { 'daemon.yaml': DAEMON, 'channels.yaml': CHANNELS, 'a.yaml': rule('back') });
  expect(await app.reload()).toMatchObject({ ok: true, generation: 2, added: ['rule back'] });
});

test('tests that are required and fail leave the kept rules in force', async () => {
  const tests = (name: string): string =>
    `tests:\n  - name: it notifies\n    steps: [{ event: { type: e }, outcomes: { ${name}: notified } }]\n`;
  const daemon = DAEMON.replace('{ watch: false }', '{ watch: false, require_tests: true }');
  const at = await used({ 'daemon.yaml': daemon, 'a.test.yaml': tests('a') });
  await at.save('a.yaml', rule('a', ', match: { type: other }'));
  await at.start();
  const { byName, files } = await at.status();
  expect(byName).toMatchObject({ 'a.yaml': 'kept', 'a.test.yaml': 'kept' });
  expect(files.find(({ path: file }) => file === at.rules('a.test.yaml'))!.problems).toMatchObject([
    { code: 'tests.failed', line: 3 },
  ]);
  await at.stop();
  // The tests also decide about the files that load.
  await at.save('channels.yaml', 'channels: "\n');
  await at.start();
  expect((await at.status()).byName).toMatchObject({ 'a.yaml': 'kept', 'channels.yaml': 'kept' });
});

test('a reference without a value is as at a reload: the kept version is in force', async () => {
  const at = await used();
  await at.save('channels.yaml', 'channels: { ops: { type: log, level: "${env:LEVEL}" }, mail: { type: log } }\n');
  await at.start();
  expect((await at.status()).byName).toMatchObject({ 'channels.yaml': 'kept' });
  await at.stop();
  at.env.LEVEL = 'info';
  await at.start();
  expect((await at.status()).byName).toMatchObject({ 'channels.yaml': 'ok' });
});

test('kept references are resolved anew, and the value is not in the state directory', async () => {
  const at = await machine({ 'channels.yaml': 'channels: { ops: { type: webhook, url: "${env:URL}" } }\n' });
  at.env.URL = 'https://hooks.example.com/one-secret';
  await at.start();
  await at.stop();
  await at.save('a.yaml', 'rules: "\n');
  at.env.URL = 'https://hooks.example.com/two-secret';
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
  const kept = await at.kept();
  expect(JSON.stringify(kept)).toMatch(/\$\{env:URL\}/);
  expect(JSON.stringify(kept)).not.toMatch(/-secret/);
});

test('problems of kept rules are listed apart from those on disk, and one that both have is listed once', async () => {
  const at = await machine({ 'channels.yaml': 'channels: { ops: { type: webhook, url: "${env:URL}" } }\n' });
  at.env.URL = 'https://hooks.example.com/secret';
  await at.start();
  await at.stop();
  delete at.env.URL;
  await at.save('a.yaml', 'rulez: []\n');
  const both = await at.refusal();
  // The reference is missing on disk too, so it is named once.
  expect([both.problems.map(({ code }) => code), both.keptProblems]).toEqual([
    ['schema.unknown_key', 'secret.unresolved'],
    [],
  ]);
  await at.save('channels.yaml', CHANNELS);
  const { problems, keptProblems } = await at.refusal();
  expect([problems.map(({ code }) => code), keptProblems]).toMatchObject([
    ['schema.unknown_key'],
    [{ file: at.rules('channels.yaml'), line: 1, code: 'secret.unresolved' }],
  ]);
});

test('a relative path in kept rules starts at the folder of the file on disk', async () => {
  const at = await machine();
  await mkdir(at.rules('more'));
  await at.save('more/secret.txt', 'https://hooks.example.com/x\n');
  await at.save('more/m.yaml', 'channels: { more: { type: webhook, url: "${file:secret.txt}" } }\n');
  await at.start();
  await at.stop();
  await at.save('more/m.yaml', 'channels: "\n');
  await at.start();
  expect((await at.status()).byName).toMatchObject({ 'm.yaml': 'kept' });
});

test('without kept rules, and with `strict`, the rules on disk alone decide', async () => {
  const at = await machine({ 'a.yaml': 'rulez: []\n' });
  expect(await at.refusal()).toMatchObject({ exit: 78, keptProblems: [] });
  expect(await readdir(at.folder)).not.toContain('.local');
  await at.save('a.yaml', rule('a'));
  await at.start();
  await at.stop();
  await at.save('a.yaml', 'rulez: []\n');
  expect(await at.refusal({ strict: true })).toMatchObject({ exit: 78, keptProblems: [] });
});

test('kept rules that are torn do not stop a start with good rules, and are named by another start', async () => {
  const at = await used();
  const index = path.join(at.folder, '.local/state/belfry/kept-rules/index.json');
  await writeFile(index, '{"format"');
  await at.save('a.yaml', 'rulez: []\n');
  expect((await at.refusal()).keptProblems).toMatchObject([
    { file: index, code: 'rules.kept_unusable', message: 'the last good rules cannot be used: it is no JSON' },
  ]);
  await at.save('a.yaml', rule('a'));
  await at.start();
  await at.stop();
  expect(at.log).toContainEqual(expect.objectContaining({ level: 'warn', file: index, reason: 'it is no JSON' }));
  await at.save('a.yaml', 'rulez: []\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
});

const ELSEWHERE = DAEMON.replace('{', '{ state: ../elsewhere,');

test.each([
  ['does not parse', `${ELSEWHERE}rules: [ "open\n`],
  ['has another daemon section beside it', ELSEWHERE],
  ['has a wrong setting', ELSEWHERE.replace('watch:', 'wach:')],
])('the state directory of the rules is found when the file that names it %s', async (_, text) => {
  const at = await used({ 'daemon.yaml': ELSEWHERE });
  await at.save('daemon.yaml', text);
  if (text === ELSEWHERE) await at.save('a-second.yaml', 'daemon: {}\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
  expect(await readdir(path.join(at.folder, 'elsewhere'))).toContain('belfry.db');
});

test.each([
  ['empty', (at: Machine) => at.save('daemon.yaml', '')],
  ['missing, with the directory', (at: Machine) => rm(at.rules(), { recursive: true })],
])('the state directory of the last daemon is found when the file that names it is %s', async (_, change) => {
  const at = await used({ 'daemon.yaml': ELSEWHERE });
  await change(at);
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
});

test('a state directory is remembered only while the rules name one that is not the default', async () => {
  const at = await used({ 'daemon.yaml': ELSEWHERE });
  const place = path.join(at.folder, '.local/state/belfry');
  const [name] = await readdir(place);
  expect(name).toMatch(/^state-of-\w+\.json$/);
  expect(JSON.parse(await readFile(path.join(place, name!), 'utf8'))).toEqual({
    config: at.rules(),
    state: path.join(at.folder, 'elsewhere'),
  });
  await at.save('daemon.yaml', DAEMON);
  await at.start();
  expect(await readdir(place)).not.toContain(name);
});

test('a user without a home remembers no state directory', async () => {
  const at = await machine({ 'daemon.yaml': ELSEWHERE });
  at.env.HOME = path.join(at.folder, 'none');
  await at.start();
  expect(await readdir(at.folder)).not.toContain('none');
});

test('after a kill the record names the state directory of rules that name none any more', async () => {
  const at = await machine({ 'daemon.yaml': ELSEWHERE });
  await at.start();
  const record = await readFile(path.join(at.folder, 'run', 'belfry.json'), 'utf8');
  await at.stop();
  await writeFile(path.join(at.folder, 'run', 'belfry.json'), record);
  await at.save('daemon.yaml', '"\n');
  await at.start();
  expect(await at.inForce()).toEqual(['a']);
});

test('rules that name another state directory than that of the kept ones are refused', async () => {
  const at = await machine({ 'daemon.yaml': ELSEWHERE });
  await at.start();
  const record = await readFile(path.join(at.folder, 'run', 'belfry.json'), 'utf8');
  await at.stop();
  await writeFile(path.join(at.folder, 'run', 'belfry.json'), record);
  await at.save('daemon.yaml', ELSEWHERE.replace('elsewhere', 'new'));
  await at.save('a.yaml', '"\n');
  const error = (await at.start().catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ exit: 78, code: 'rules.edited' });
  expect(error.message).toContain(path.join(at.folder, 'new'));
  expect(await readdir(at.folder)).not.toContain('new');
});
