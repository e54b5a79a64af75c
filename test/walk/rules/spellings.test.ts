import { existsSync, watch } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Home } from '../../support/daemon.ts';

/** One set of rules. `state`, `socket`, the log level, a channel's path and a field of a rule differ from their defaults. */
const RULES = {
  daemon: {
    state: '../kept in ${env:BASE}',
    socket: 'run.sock',
    listen: '127.0.0.1:0',
    log: { level: '${env:LEVEL}', format: 'json' },
  },
  channels: { out: { type: 'file', path: 'out/${env:BASE}.jsonl' }, quiet: { type: 'log', level: 'info' } },
  rules: [
    {
      name: 'high',
      match: { type: 'disk', 'data.percent': { gte: 90 } },
      key: '{{ data.host }}',
      message: { title: 'Disk of {{ data.host }}: {{ data.percent }} %', body: 'two\nlines' },
      notify: ['out'],
    },
    { name: 'literal', match: { 'data.text': '$${env:BASE}' }, notify: ['quiet'] },
    { name: 'base', match: { 'data.base': '${env:BASE}' }, notify: ['quiet'] },
  ],
};
const ENV = { BASE: 'b 1', LEVEL: 'warn' };
const EVENT = {
  id: 'e-1',
  source: 'api',
  type: 'disk',
  time: '2026-11-23T09:00:00.000Z',
  data: { host: 'db1', percent: 93, text: '${env:BASE}', base: 'b 1' },
};

const block = stringify(RULES);
const quoted = (type: 'QUOTE_DOUBLE' | 'QUOTE_SINGLE'): string =>
  stringify(RULES, { defaultKeyType: type, defaultStringType: type });
/** Writes every letter of certain keys and texts as an escape. */
const escaped = JSON.stringify(RULES).replace(
  /"(daemon|state|socket|log|level|rules|out|[^"]*\$\{env[^"]*)"/g,
  (_, text: string) =>
    `"${Array.from(text, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`,
);

const SPELLINGS: Readonly<Record<string, string>> = {
  'in blocks': block,
  'in flow style': stringify(RULES, { collectionStyle: 'flow' }),
  'as indented JSON': JSON.stringify(RULES, null, 2),
  'as JSON on one line': JSON.stringify(RULES),
  'as JSON indented with tabs': JSON.stringify(RULES, null, '\t'),
  'with double quotes around everything': quoted('QUOTE_DOUBLE'),
  'with single quotes around keys and texts': quoted('QUOTE_SINGLE'),
  'with escapes in keys and references': escaped,
  'with only the `$` of references escaped': quoted('QUOTE_DOUBLE').replaceAll('$', String.raw`\x24`),
  'with CRLF at the ends of lines': block.replaceAll('\n', '\r\n'),
  'with a byte order mark': `\ufeff${block}`,
  'with a byte order mark, CRLF and JSON': `\ufeff${JSON.stringify(RULES, null, 2).replaceAll('\n', '\r\n')}`,
  'after `---`, with comments that look like settings': `# daemon: { state: /wrong, log: { level: debug } }\n---\n# \${env:NOT_SET}\n${block}`,
  'with its sections in another order': stringify({
    rules: RULES.rules,
    channels: RULES.channels,
    daemon: RULES.daemon,
  }),
  'with keys that are marked by `?`': block.replace(/^(\w+):$/gm, '? $1\n:'),
  'with anchors, aliases and a merged map': block
    .replace('  log:\n    level:', '  log:\n    <<: { level: debug }\n    level:')
    .replace('notify:\n      - quiet', 'notify: &quiet\n      - quiet')
    .replace('notify:\n      - quiet', 'notify: *quiet'),
  'with tags': block.replace('state: ', 'state: !!str ').replace('rules:', 'rules: !!seq'),
  'with texts over several lines': block.replace('socket: run.sock', 'socket: >-\n    run.sock'),
  'indented as a whole': `${block.replace(/^(?=.)/gm, '  ')}`,
  'with much space and comments between': block
    .replace(/\n(?=\w)/g, '\n\n# between\n\n')
    .replace('state:', 'state:    '),
};

let home: Home;

beforeEach(async () => {
  home = await Home.make();
  Object.assign(home.env, ENV);
  await mkdir(home.path('run'));
});
afterEach(() => home.close());

/** Resolves when the daemon has written its record. */
async function recordOf(at: Home): Promise<Record<string, unknown>> {
  const file = at.path('run', 'belfry.json');
  const watcher = watch(at.path('run'));
  while (!existsSync(file)) await once(watcher, 'change');
  watcher.close();
  return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
}

/** Results of the commands and the daemon for a text; paths are relative to the home. */
async function meaningOf(text: string): Promise<unknown> {
  await writeFile(home.path('rules', 'spelt.yaml'), text);
  await writeFile(home.path('event.json'), JSON.stringify(EVENT));
  const check = await home.belfry(['check', '--json']);
  const explain = await home.belfry(['explain', 'event.json', '--json', '--at', EVENT.time]);
  const daemon = home.spawn(['run', '--config', home.path('rules')]);
  const { state, socket } = await recordOf(home);
  const emitted = await home.belfry(['emit', 'x', '--json', '--id', 'one'], { cwd: '/' });
  daemon.kill('SIGTERM');
  const [code] = (await once(daemon, 'exit')) as [number];
  const said = { check: check.stdout, explain: explain.stdout, emitted: emitted.stdout, state, socket, code };
  return { ...JSON.parse(JSON.stringify(said).replaceAll(home.folder, '')), logged: home.output };
}

let expected: unknown;

beforeAll(async () => {
  const first = await Home.make();
  Object.assign(first.env, ENV);
  await mkdir(first.path('run'));
  home = first;
  expected = await meaningOf(block);
  await first.close();
}, 60_000);

test('the rules have the expected meaning', () => {
  expect(expected).toMatchObject({
    check: '{"valid":true,"files":1,"rules":3,"problems":[]}\n',
    emitted: '{"id":"one","duplicate":false}\n',
    state: '/kept in b 1',
    socket: '/rules/run.sock',
    code: 0,
    logged: '',
  });
  const { rules } = JSON.parse((expected as { explain: string }).explain) as { rules: { outcome: string }[] };
  expect(rules.map(({ outcome }) => outcome)).toEqual(['notified', 'notified', 'notified']);
});

test('no two spellings are the same text', () => {
  const texts = Object.values(SPELLINGS);
  expect(new Set(texts).size).toBe(texts.length);
});

describe('every command and setting reads all spellings alike', () => {
  test.each(Object.keys(SPELLINGS))('%s', async (spelling) => {
    expect(await meaningOf(SPELLINGS[spelling]!)).toEqual(expected);
  });
});
