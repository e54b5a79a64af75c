import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STARTER_RULES } from '../daemon/app/starter/starter-rules.ts';
import { ruleSchema } from '../daemon/core/schema/sections/rule.ts';
import { compileLinePattern } from '../daemon/sources/lines/pattern.ts';
import { runCommand, testTerminal } from './support/command-line.ts';
import { withChannelsSetUp } from './support/starter-channels.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const root = path.resolve(import.meta.dirname, '..');
const examples = path.join(root, 'examples');
const stories = readdirSync(examples, { withFileTypes: true })
  // `plugin` is no use case: it has a channel type of its own, and a test of that. `cluster` has settings of the daemon, and tests below.
  .filter((entry) => entry.isDirectory() && !['plugin', 'cluster'].includes(entry.name))
  .map(({ name }) => name);

const text = (...parts: readonly string[]): string => readFileSync(path.join(examples, ...parts), 'utf8');

interface RulesFile {
  readonly sources?: Readonly<Record<string, { readonly match?: string }>>;
  readonly silences?: readonly unknown[];
  readonly rules: readonly Readonly<Record<string, unknown>>[];
}

const rulesOf = (story: string): RulesFile => parse(text(story, 'rules.yaml'), { merge: true }) as RulesFile;

const channelsOf = (yaml: string): Readonly<Record<string, unknown>> =>
  (parse(yaml) as { channels: Readonly<Record<string, unknown>> }).channels;

/** Runs `belfry ARGS` in the checkout. */
async function belfry(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout: out, stderr: err } = await runCommand(testTerminal({ env, cwd: root }), args);
  return { code, out, err };
}

/** Placeholders for the variables that a rules file names. */
function environmentOf(rules: string): Record<string, string> {
  const names = [...rules.matchAll(/\$\{env:(\w+)/g)].map((match) => match[1]!);
  return Object.fromEntries(
    names.map((name) => [name, name.endsWith('_URL') ? 'https://placeholder.example.com' : 'placeholder']),
  );
}

/** Placeholders for the variables of an example. */
const variablesOf = (story: string): Record<string, string> =>
  environmentOf(text(story, 'rules.yaml') + text(story, 'channels.yaml'));

/** Channels of the file that `belfry init` writes, each set up by its block. */
const shared = channelsOf(withChannelsSetUp(STARTER_RULES['channels.yaml']!));

/** Every `belfry ...` of a README, in its blocks and in its sentences, as words. */
function commandsIn(readme: string): string[][] {
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((match) => match[1]!.split('\n'));
  const quoted = [...readme.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`(belfry [^`]+)`/g)].map((match) => match[1]!);
  return [...blocks, ...quoted].flatMap((line) =>
    [...line.matchAll(/(?:^|[;&|] |do )(?:sudo )?belfry ([^;&|]+)/g)].map((match) =>
      match[1]!
        .replace(/"[^"]*"|'[^']*'/g, 'quoted')
        .trim()
        .split(/\s+/),
    ),
  );
}

/** Fault of a command: a verb or an option that does not exist. */
async function faultOf(words: readonly string[]): Promise<string | undefined> {
  const isGroup = ['dead', 'silence', 'channel', 'service', 'store'].includes(words[0]!);
  const verb = words.slice(0, isGroup ? 2 : 1);
  const { code, out } = await belfry([...verb, '--help']);
  if (code !== 0 || !out.includes(`Usage: belfry ${verb.join(' ')}`))
    return `belfry ${verb.join(' ')}: no such command`;
  const options = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]!);
  const unknown = options.find((option) => !out.includes(`${option} `) && !out.includes(`${option}\n`));
  return unknown === undefined ? undefined : `belfry ${verb.join(' ')}: no option ${unknown}`;
}

/** Files of the checkout that a README names: `examples/...`, and by themselves those of its own folder. */
function filesIn(readme: string): { fromRoot: string[]; own: string[] } {
  const fromRoot = [...readme.matchAll(/(?<![\w/])examples\/[\w@./-]+/g)].map((match) => match[0]);
  const own = [...readme.matchAll(/(?:@|`|-r )([\w@-]+\.(?:json|yaml|yml|sh|service|timer|conf))(?=[\s`])/g)].map(
    (match) => match[1]!,
  );
  return { fromRoot: fromRoot.map((name) => name.replace(/[./]+$/, '')), own };
}

it('there are eight stories or more, and the index leads to each of them', () => {
  expect(stories.length).toBeGreaterThanOrEqual(8);
  const index = text('README.md');
  expect(stories.filter((name) => !index.includes(`(${name}/README.md)`))).toEqual([]);
});

it.each([...Object.keys(ruleSchema.properties), 'silences'])('`%s` is shown by a story', (field) => {
  // Switches that a working example has no use for.
  if (['enabled', 'on_error', 'any', 'all', 'none'].includes(field)) return;
  const files = stories.map(rulesOf);
  const isUsed =
    field === 'silences'
      ? files.some(({ silences }) => silences !== undefined)
      : files.some(({ rules }) => rules.some((rule) => rule[field] !== undefined));
  expect(isUsed).toBe(true);
});

describe.each(stories)('%s', (story) => {
  it('has rules, tests and a README', () => {
    const files = ['channels.yaml', 'rules.yaml', 'rules.test.yaml', 'README.md'];
    expect(files.filter((file) => !existsSync(path.join(examples, story, file)))).toEqual([]);
  });

  it('has rules without a problem, once its variables are set', async () => {
    const { out } = await belfry(['check', `examples/${story}`], variablesOf(story));
    expect(out).toMatch(/^valid: \d+ rules? in 2 files\n$/);
  });

  it('has channels that are those of `belfry init`, set up', () => {
    const own = channelsOf(text(story, 'channels.yaml'));
    expect(Object.entries(own).filter(([name, settings]) => !isDeepStrictEqual(settings, shared[name]))).toEqual([]);
  });

  it('passes its tests, which need no variable', async () => {
    const { code, out } = await belfry(['test', `examples/${story}`, '--json']);
    const { failed, tests } = JSON.parse(out) as { failed: number; tests: readonly { problems: unknown[] }[] };
    expect(tests.flatMap(({ problems }) => problems)).toEqual([]);
    expect(tests.length).toBeGreaterThan(2);
    expect({ code, failed }).toEqual({ code: 0, failed: 0 });
  });

  it('has every rule of it tested', () => {
    const { rules } = rulesOf(story);
    const tests = text(story, 'rules.test.yaml');
    expect(rules.filter(({ name }) => !tests.includes(name as string))).toEqual([]);
  });

  it('has a README that names only commands that there are', async () => {
    const commands = commandsIn(text(story, 'README.md'));
    expect(commands.map(([verb]) => verb)).toEqual(expect.arrayContaining(['check', 'test', 'run']));
    const faults: (string | undefined)[] = [];
    for (const command of commands) faults.push(await faultOf(command));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('has a README that names only files that there are, and every file that there is', () => {
    const { fromRoot, own } = filesIn(text(story, 'README.md'));
    expect(fromRoot.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
    expect(own.filter((name) => !existsSync(path.join(examples, story, name)))).toEqual([]);
    const named = new Set([...own, ...fromRoot.map((name) => path.basename(name))]);
    const files = readdirSync(path.join(examples, story)).filter((name) => !/^(rules|channels|README)\./.test(name));
    expect(files.filter((name) => !named.has(name))).toEqual([]);
  });

  it('sets the variables that its rules name before it tries them', () => {
    const readme = text(story, 'README.md');
    const names = Object.keys(variablesOf(story));
    const exported = [...readme.matchAll(/^export (.*)$/gm)].map((match) => match[1]!).join(' ');
    expect(names.filter((name) => !exported.includes(`${name}=`))).toEqual([]);
  });
});

describe('cluster', () => {
  const env = {
    BELFRY_INSTANCE: 'berlin',
    BELFRY_STORE_HOST: 'db.internal',
    BELFRY_STORE_PASSWORD: 'sesame-sesame',
    BELFRY_TOKEN: 'a-token-of-services-0123',
  };

  it('has rules and tests for all instances', async () => {
    expect((await belfry(['check', 'examples/cluster/rules'], env)).out).toBe('valid: 3 rules in 2 files\n');
    expect((await belfry(['test', 'examples/cluster/rules'])).out).toContain('3 passed, 0 failed');
  });

  it('sets every variable of its rules in the unit or its file, and in the file of compose', () => {
    const names = Object.keys(environmentOf(text('cluster', 'rules/daemon.yaml')));
    const unit = text('cluster', 'belfry@.service') + text('cluster', 'instance.env');
    expect(names.filter((name) => !unit.includes(`${name}=`))).toEqual([]);
    const { services } = parse(text('cluster', 'compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, { readonly environment: object }>>;
    };
    expect(Object.keys(services)).toEqual(['db', 'migrate', 'berlin', 'paris', 'madrid']);
    for (const name of ['migrate', 'berlin', 'paris', 'madrid'])
      expect(Object.keys(services[name]!.environment)).toEqual(expect.arrayContaining(names));
  });

  it('has pages that name only commands and files that there are', async () => {
    const page = readFileSync(path.join(root, 'docs/cluster.md'), 'utf8');
    for (const readme of [text('cluster', 'README.md'), page]) {
      const faults: (string | undefined)[] = [];
      for (const command of commandsIn(readme)) faults.push(await faultOf(command));
      expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
      expect(filesIn(readme).fromRoot.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
    }
  });
});

it('all examples load together with the rules of `belfry init`: every name is unique', async () => {
  const cwd = await temporaryFolder();
  expect((await runCommand(testTerminal({ cwd }), ['init', 'rules'])).code).toBe(0);
  for (const story of stories)
    copyFileSync(path.join(examples, story, 'rules.yaml'), path.join(cwd, `rules/${story}.yaml`));
  const placeholders = await runCommand(testTerminal({ cwd }), ['check', 'rules', '--without-secrets', '--strict']);
  expect(placeholders.stdout).toMatch(/^valid: \d+ rules in \d+ files/);
  const env = Object.assign({}, ...stories.map(variablesOf)) as Record<string, string>;
  const channels = path.join(cwd, 'rules/channels.yaml');
  writeFileSync(channels, withChannelsSetUp(readFileSync(channels, 'utf8')));
  const setUp = await runCommand(
    testTerminal({ cwd, env: { ...env, ...environmentOf(readFileSync(channels, 'utf8')) } }),
    ['check', 'rules'],
  );
  expect(setUp.stdout).toBe(
    `valid: ${8 + stories.flatMap((story) => rulesOf(story).rules).length} rules in ${3 + stories.length} files\n`,
  );
});

/** Lines as the programs write them, and what the sources make of them. */
it.each([
  [
    'brute-force',
    'auth-log',
    'Nov 23 09:14:02 web1 sshd[812]: Failed password for invalid user admin from 203.0.113.9 port 40022 ssh2',
    { result: 'Failed', method: 'password', user: 'admin', ip: '203.0.113.9' },
  ],
  [
    'brute-force',
    'auth-log',
    '2026-11-23T09:14:02.123456+01:00 web1 sshd-session[812]: Accepted publickey for root from 2001:db8::1 port 40022 ssh2: ED25519 SHA256:abc',
    { result: 'Accepted', method: 'publickey', user: 'root', ip: '2001:db8::1' },
  ],
  [
    'brute-force',
    'auth-log',
    'Nov 23 09:14:02 web1 sshd[812]: Failed password for invalid user x from 10.0.0.1 port 22 ssh2 from 203.0.113.9 port 40022 ssh2',
    { result: 'Failed', method: 'password', user: 'x from 10.0.0.1 port 22 ssh2', ip: '203.0.113.9' },
  ],
  ['brute-force', 'auth-log', 'Nov 23 09:14:02 web1 sshd[812]: Connection closed by 203.0.113.9 port 40022', undefined],
  [
    'log-digest',
    'app-log',
    '2026-11-23T09:14:02Z ERROR billing: invoice 4711: connection refused',
    { at: '2026-11-23T09:14:02Z', level: 'ERROR', logger: 'billing', text: 'invoice 4711: connection refused' },
  ],
  ['log-digest', 'app-log', '2026-11-23T09:14:02Z INFO billing: invoice 4711: paid', undefined],
  ['log-digest', 'app-log', '    at Invoice.pay (billing.js:10)', undefined],
])('%s: `%s` takes apart %s', (story, source, line, fields) => {
  const { match } = rulesOf(story).sources![source]!;
  const found = compileLinePattern(match)(line);
  expect(found === undefined ? undefined : { ...found }).toEqual(fields);
});
