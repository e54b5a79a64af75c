import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { plantInProgram } from '../../faults/support/planted-bugs.ts';
import { Home } from '../../support/daemon.ts';
import { openMailServer } from '../../support/mail-server.ts';
import { openProxyServer } from '../../support/proxy-server.ts';
import { SPELLINGS } from '../../support/spellings.ts';
import { openTestServer } from '../../support/test-server.ts';

const odd = (name: string): string => `k7${name}Q9/+"<z>&4711`;
const plain = (name: string): string => `k7${name}Q9x4711bcdE`;

/** One of each kind; its text names the kind. */
const SECRETS = {
  urlPath: plain('path'),
  urlQuery: odd('query'),
  urlPassword: odd('password'),
  header: odd('header'),
  longer: plain('longer'),
  hmac: odd('hmac'),
  bot: `4711:${plain('bot')}abcdefghijklmnop`,
  smtp: odd('smtp'),
  proxy: plain('proxy'),
  command: odd('command'),
  file: odd('file'),
  token: plain('token'),
  verify: odd('verify'),
  dingtalk: `SEC${plain('dingtalk')}`,
} as const;

const names = Object.keys(SECRETS) as (keyof typeof SECRETS)[];

/** Base64 of a text that contains the secret, at each alignment, without the characters that the neighbours change. */
const aligned = (secret: string): string[] =>
  ['', 'a', 'ab'].map((before) => {
    const text = Buffer.from(`${before}${secret}`).toString('base64').replaceAll('=', '');
    return text.slice(before === '' ? 0 : before.length + 1, -2);
  });

/** Every form of a secret that is looked for, by its name. */
function formsOf(secret: string): [string, string][] {
  return [
    ...Object.entries(SPELLINGS).map(([name, spell]): [string, string] => [name, spell(secret)]),
    ...aligned(secret).map((form, at): [string, string] => [`base64 from ${at}`, form]),
    ['twelve characters', secret.slice(0, 12)],
  ];
}

/** The secrets that occur in texts, as `artefact: secret, spelling`. */
function leaksIn(artefacts: Readonly<Record<string, string>>): string[] {
  const forms = names.flatMap((name) => formsOf(SECRETS[name]).map(([spelling, form]) => ({ name, spelling, form })));
  return Object.entries(artefacts).flatMap(([artefact, text]) =>
    forms.filter(({ form }) => text.includes(form)).map(({ name, spelling }) => `${artefact}: ${name}, ${spelling}`),
  );
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const file = path.join(entry.parentPath, entry.name);
      found[path.relative(folder, file)] = await readFile(file, 'latin1');
    }
  return found;
}

const CHANNELS = ['hook', 'bot', 'mail', 'proxied', 'program', 'ding', 'wrong-tls'];
const PAGES = [
  'status',
  'channels',
  'sources',
  'deliveries?limit=200',
  'dead',
  'events?limit=200',
  'rules',
  'generations',
  'alerts',
  'silences',
  'jobs',
  'token',
  'audit',
];
const COMMANDS = [
  ['status'],
  ['status', '--json'],
  ['doctor'],
  ['check'],
  ['channel', 'list'],
  ['dead', 'list'],
  ['deliveries', '--json'],
  ['events', '--json'],
  ['service', 'print'],
];

/** Runs a daemon with secrets of every kind against servers that repeat them, and returns the places where one occurs. */
async function leaks(program?: string): Promise<string[]> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  if (program !== undefined) home.program = program;
  const sink = await openTestServer();
  onTestFinished(() => sink.close());
  const mail = await openMailServer({ login: true });
  onTestFinished(() => mail.close());
  const proxy = await openProxyServer({ refuses: 407 });
  onTestFinished(() => proxy.close());
  for (const name of names) home.env[name] = SECRETS[name];
  home.env.hookUrl = `http://ops:${encodeURIComponent(SECRETS.urlPassword)}@127.0.0.1:${sink.port}/${SECRETS.urlPath}?key=${encodeURIComponent(SECRETS.urlQuery)}`;
  home.env.mailUrl = `smtp://ops:${encodeURIComponent(SECRETS.smtp)}@127.0.0.1:${mail.port}`;
  await writeFile(home.path('secret'), `${SECRETS.file}\n`);
  await home.rules(
    `sources:
  signed: { type: webhook, path: /hooks/signed, verify: { github: "\${env:verify}" } }
channels:
  hook: { type: webhook, url: "\${env:hookUrl}", headers: { X-Key: "\${env:header}", Authorization: "Bearer x.\${env:longer}.y" }, sign: { hmac: { header: X-Sig, secret: "\${env:hmac}" } }, body: { text: "{{ title }}", file: "\${file:../secret}" } }
  bot: { type: telegram, api: "${sink.origin}", token: "\${env:bot}", to: "1" }
  mail: { type: email, url: "\${env:mailUrl}", tls: none, from: a@b.test, to: [c@d.test] }
  proxied: { type: webhook, url: "http://127.0.0.1:9/x", proxy: "http://ops:\${env:proxy}@127.0.0.1:${proxy.port}" }
  program: { type: command, run: [sh, -c, 'printf %s "$K" >&2; exit 1'], env: { K: "\${env:command}" } }
  ding: { type: dingtalk, api: "${sink.origin}", token: k4711k4711, secret: "\${env:dingtalk}" }
  wrong-tls: { type: webhook, url: "https://127.0.0.1:${sink.port}/\${env:urlPath}" }
rules:
  - { name: all, on: api, match: { type: all }, notify: [${CHANNELS.join(', ')}] }
  - { name: hook, on: api, match: { type: hook }, notify: hook }
`,
    'rules.yaml',
    `  tokens: [{ name: ci, token: "\${env:token}", scopes: [admin] }]\n`,
  );
  const file = home.path('rules', 'rules.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('level: info', 'level: debug'));
  await home.start();
  const spelled = Object.values(SPELLINGS).flatMap((spell) =>
    [names.slice(0, 7), names.slice(7)].map((half) => half.map((name) => spell(SECRETS[name])).join(' ')),
  );
  for (const body of spelled) {
    sink.answer({
      status: 422,
      headers: { 'x-echo': encodeURIComponent(SECRETS.urlQuery), location: `http://evil.test/${SECRETS.urlPath}` },
      body,
    });
    await home.call('POST', '/v1/events?wait=30s', { type: 'hook' });
  }
  const said = names.map((name) => SECRETS[name]).join(' ');
  mail.script({ auth: `535 5.7.8 ${Buffer.from(said).toString('latin1')}` });
  sink.answer({ status: 401, body: { ok: false, errcode: 310000, description: said, errmsg: said } });
  const { body } = await home.call<{ events: { id: string }[] }>('POST', '/v1/events?wait=30s', { type: 'all' });
  const artefacts: Record<string, string> = {};
  for (const channel of CHANNELS)
    artefacts[`test ${channel}`] = JSON.stringify((await home.call('POST', `/v1/channels/${channel}/test`, {})).body);
  const { body: deliveries } = await home.call<{ deliveries: { id: string }[] }>('GET', '/v1/deliveries?limit=200');
  for (const { id } of deliveries.deliveries)
    artefacts[`delivery ${id}`] = JSON.stringify((await home.call('GET', `/v1/deliveries/${id}`)).body);
  for (const page of PAGES) artefacts[page] = JSON.stringify((await home.call('GET', `/v1/${page}`)).body);
  artefacts.metrics = (await home.call<string>('GET', '/metrics')).body;
  artefacts.readyz = JSON.stringify((await home.call('GET', '/readyz')).body);
  artefacts.explain = JSON.stringify((await home.call('POST', '/v1/explain', { id: body.events[0]!.id })).body);
  await home.rules('channels: { x: { type: webhook, url: "${env:hookUrl} x", hedaers: {} } }\n', 'broken.yaml');
  artefacts.reload = JSON.stringify((await home.call('POST', '/v1/reload')).body);
  for (const command of COMMANDS) {
    const { stdout, stderr } = await home.belfry(command);
    artefacts[command.join(' ')] = stdout + stderr;
  }
  artefacts.ps = await readFile(`/proc/${home.pid}/cmdline`, 'latin1');
  const backup = await home.belfry(['backup', 'copy.tar']);
  expect([backup.code, home.lines.filter((line) => 'stack' in line)]).toEqual([0, []]);
  artefacts.backup = await readFile(home.path('copy.tar'), 'latin1');
  await home.stop();
  expect(Object.values(artefacts).join('')).toContain('***');
  return leaksIn({ ...artefacts, log: home.output, ...(await filesOf(home.path('state'))) });
}

test('a secret of no kind is in any log, file, answer, command or backup, whatever the providers repeat', async () => {
  expect(await leaks()).toEqual([]);
});

test('a daemon that masks nothing is found', async () => {
  const buggy = await plantInProgram('secrets are shown');
  onTestFinished(() => buggy.remove());
  const found = await leaks(buggy.program);
  for (const artefact of ['log', 'dead-letters.jsonl', 'belfry.db', 'backup', 'deliveries?limit=200'])
    expect(found).toContainEqual(expect.stringContaining(`${artefact}: `));
});
