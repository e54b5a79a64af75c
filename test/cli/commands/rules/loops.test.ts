import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { check } from '../../../../daemon/cli/check-rules.ts';
import { registry } from '../../../../daemon/cli/registry.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Loops that `check` finds in rules, as `line:column code: message [mend]`. */
async function loopsIn(text: string): Promise<string[]> {
  const cwd = await temporaryFolder();
  await mkdir(path.join(cwd, 'rules'));
  await writeFile(path.join(cwd, 'rules/r.yaml'), text.replaceAll('CWD', cwd));
  const env = { HOME: path.join(cwd, 'home') };
  const { problems } = await check({ paths: ['rules'], env, cwd, registry, now: 0 });
  return problems.map(({ line, column, code, message, mend }) =>
    `${line}:${column} ${code}: ${message} [${mend}]`.replaceAll(cwd, 'CWD'),
  );
}

const IN = '  in: { type: webhook, path: /hooks/in }\n  other: { type: webhook, path: /hooks/other }\n';
const post = (url: string): string => `sources:\n${IN}channels:\n  back: { type: webhook, url: '${url}' }\n`;
const rule = (settings: string): string => `rules:\n  - { name: r, notify: back${settings} }\n`;
const API = post('http://127.0.0.1:8765/v1/events');
const HOOK = post('http://localhost:8765/hooks/in?x=1');
const run = (...argv: readonly string[]): string =>
  `channels:\n  back: { type: command, run: ${JSON.stringify(argv)} }\n`;
const written = (source: string): string =>
  `sources:\n  in: ${source}\nchannels:\n  back: { type: file, path: /srv/out/a.jsonl }\n`;

const warning = (place: string, origin: string): string =>
  `${place} rule.loop: the rule \`r\` causes its own next event: what it sends to \`back\` comes back as an event of \`${origin}\`, for which it runs again [name its sources in \`on\`, without \`${origin}\`, or add \`belfryhops: { exists: false }\` to its \`match\`]`;

test.each([
  ['posts to the API of this daemon', API + rule(''), '7:13', 'api'],
  [
    'posts CloudEvents to it',
    API.replace('back: { type: webhook', 'back: { type: cloudevents') + rule(''),
    '7:13',
    'api',
  ],
  ['names the API in `on`', API + rule(', on: [in, api]'), '7:13', 'api'],
  ['posts to the source that it is for', HOOK + rule(', on: in'), '7:13', 'in'],
  ['matches the type that the source gives', HOOK + rule(', on: in, match: { type: webhook.received }'), '7:13', 'in'],
  ['only delays its messages', HOOK + rule(', on: in, digest: { wait: 1m }'), '7:13', 'in'],
  [
    'posts by the IPv6 loopback',
    post('http://[::1]:8765/hooks/in').replace('', 'daemon: { listen: "[::]:8765" }\n') + rule(', on: in'),
    '8:13',
    'in',
  ],
  [
    'posts by the public address, below a path',
    `daemon: { public_url: https://b.example/x }\n${post('https://b.example/x/v1/events')}${rule('')}`,
    '8:13',
    'api',
  ],
  [
    'posts to the port of the listener at the public host',
    `daemon: { public_url: https://b.example, listen: "0.0.0.0:9000" }\n${post('http://b.example:9000/v1/events')}${rule('')}`,
    '8:13',
    'api',
  ],
  [
    'posts by its second target',
    `${HOOK.replace('channels:\n', 'channels:\n  log: { type: log }\n')}rules:\n  - { name: r, on: in, notify: [log, back] }\n`,
    '8:13',
    'in',
  ],
  ['takes what no other rule matches', API + rule(', catch_all: true'), '7:13', 'api'],
  ['emits an event', run('belfry', 'emit', 'x.y') + rule(', on: api'), '4:13', 'api'],
  [
    'emits the type that it matches',
    run('/usr/bin/belfry', 'emit', 'x.y', 'a=1') + rule(', match: { type: x.y }'),
    '4:13',
    'api',
  ],
  ['emits for a source', run('belfry', 'emit', 'x.y', '--source', 'other') + rule(''), '4:13', 'other'],
  ['emits in a script', run('sh', '-c', 'date; belfry emit "x.y" a=1') + rule(''), '4:13', 'api'],
  [
    'writes into a folder that it watches',
    written("{ type: files, paths: '/srv/**' }") + rule(', on: in'),
    '6:13',
    'in',
  ],
  [
    'matches the file that it writes',
    written('{ type: files, paths: /srv/out }') + rule(', match: { data.ext: .jsonl, type: file.changed }'),
    '6:13',
    'in',
  ],
  ['writes lines that it reads', written('{ type: lines, paths: /srv/out/*.jsonl }') + rule(''), '6:13', 'in'],
])('`check` warns of a rule that %s', async (_what, text, place, origin) => {
  expect(await loopsIn(text)).toEqual([warning(place, origin)]);
});

test.each([
  ['for other sources', API + rule(', on: in')],
  ['at another port', post('http://127.0.0.1:8766/v1/events') + rule('')],
  ['at another host', post('http://b.example:8765/v1/events') + rule('')],
  ['at the loopback, where the daemon does not listen', `daemon: { listen: "192.0.2.1:8765" }\n${API}${rule('')}`],
  [
    'beside the path of the proxy',
    `daemon: { public_url: https://b.example/x }\n${post('https://b.example/v1/events')}${rule('')}`,
  ],
  ['to another path', post('http://127.0.0.1:8765/hooks/none') + rule('')],
  [
    'to a beat, which is one event in an outage',
    `sources:\n  in: { type: heartbeat, every: 1h }\nchannels:\n  back: { type: webhook, url: "http://127.0.0.1:8765/beats/in/fail" }\n${rule('')}`,
  ],
  ['of another source', HOOK + rule(', on: other')],
  ['of the first turn only', API + rule(', match: { belfryhops: { exists: false } }')],
  ['that are matched by a field', HOOK + rule(', on: in, match: { data.level: error }')],
  ['of another type', HOOK + rule(', match: { type: x.y }')],
  ['under a condition', HOOK + rule(", on: in, if: 'data.n > 1'")],
  ['in part', HOOK + rule(', on: in, any: [{ data.a: 1 }, { data.b: 1 }]')],
  ['once in ten minutes', HOOK + rule(', on: in, dedupe: 10m')],
  ['once for an alert', HOOK + rule(', on: in, resolve: { after: 1h }')],
  ['by a rule that is off', HOOK + rule(', on: in, enabled: false')],
  [
    'under the condition of a target',
    `${HOOK}rules:\n  - { name: r, on: in, notify: { channel: back, if: 'data.n > 1' } }\n`,
  ],
  [
    'that another rule matches first',
    `${API}rules:\n  - { name: r, catch_all: true, notify: back }\n  - { name: s, on: api, match: { type: x }, notify: back }\n`,
  ],
  [
    'of each kind of item',
    HOOK.replace('path: /hooks/in', 'path: /hooks/in, event: { each: body.items }') + rule(', on: in'),
  ],
  ['by another program', run('logger', 'belfry', 'emit', 'x.y') + rule('')],
  ['of a type that the rule does not match', run('belfry', 'emit', 'x.y') + rule(', match: { type: z }')],
  ['of a type that a message gives', run('belfry', 'emit', '{{ key }}') + rule(', match: { type: z }')],
  ['to another daemon', run('belfry', 'emit', 'x.y', '--url', 'http://b.example:8765') + rule('')],
  ['by another verb', run('belfry', 'events') + rule('')],
  ['into another folder', written('{ type: files, paths: /srv/in }') + rule('')],
  ['into an ignored file', written("{ type: files, paths: /srv, ignore: '*.jsonl' }") + rule('')],
  ['of new files only', written('{ type: files, paths: /srv, events: [created] }') + rule('')],
  ['of another file', written('{ type: files, paths: /srv }') + rule(', match: { data.name: b.txt }')],
  ['of lines with a pattern', written('{ type: lines, paths: /srv/out/*.jsonl, match: ERROR }') + rule('')],
])('`check` is content with messages that come back %s', async (_what, text) => {
  expect(await loopsIn(text)).toEqual([]);
});

const watching = (source: string): string => `sources:\n  in: ${source}\n`;
const STATE =
  'watches the state directory, CWD/home/.local/state/belfry: each event changes files there, which causes the next event';
const RULES = 'watches the folder of the rules, CWD/rules: each edit of a rule is an event';
const IGNORE_STATE = 'add `CWD/home/.local/state/belfry` to its `ignore`';

test.each([
  ['the state directory', "{ type: files, paths: '~/**' }", `${STATE} [${IGNORE_STATE}]`],
  ['it by a source of lines', "{ type: lines, paths: 'CWD/home/**' }", `${STATE} [name fewer files in its \`paths\`]`],
  [
    'the folder of the rules',
    "{ type: files, paths: 'CWD/*/*.yaml' }",
    `${RULES} [add \`CWD/rules\` to its \`ignore\`]`,
  ],
])('`check` warns of a source that watches %s among others', async (_what, source, text) => {
  const given = watching(source.replace('~', 'CWD/home'));
  expect(await loopsIn(given)).toEqual([`2:3 source.own_folder: the source \`in\` ${text}`]);
});

test('the state directory is that of `daemon.state`', async () => {
  const set = 'daemon: { state: CWD/data/state }\n';
  expect(await loopsIn(set + watching('{ type: files, paths: CWD/data }'))).toHaveLength(1);
  expect(await loopsIn(set + watching('{ type: files, paths: CWD/home }'))).toEqual([]);
});

test.each([
  ['it is ignored', "{ type: files, paths: 'CWD/home', ignore: 'CWD/home/.local/state/belfry' }"],
  ['another file of it is read', "{ type: lines, paths: 'CWD/home/**/*.log' }"],
  ['it is named itself', '{ type: files, paths: [CWD/rules, CWD/home/.local/state/belfry/dead-letters.jsonl] }'],
])('`check` is content with a source above a folder of the daemon if %s', async (_what, source) => {
  expect(await loopsIn(watching(source))).toEqual([]);
});
