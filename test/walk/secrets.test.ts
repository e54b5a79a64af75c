import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';
import { type MailServer, openMailServer } from '../support/mail-server.ts';
import { openTestServer, type TestServer } from '../support/test-server.ts';
import { json, SPELLINGS } from '../support/spellings.ts';

let home: Home;
let sink: TestServer;
let mail: MailServer;

beforeEach(async () => {
  home = await Home.make();
  sink = await openTestServer();
  mail = await openMailServer({ login: true });
});

afterEach(async () => {
  await home.close();
  await sink.close();
  await mail.close();
});

/** A secret for each setting that takes one; its text contains the name of the setting, so that a failure names it. */
const named = (name: string): string => `k7${name}Q9/é+"<z>&4`;
const plain = (name: string): string => `k7${name}Q9x4711bcdE`;
const inUrl = (text: string): string => encodeURIComponent(text);
const whsec = `whsec_${Buffer.from('k7standardQ9-4711-0123456').toString('base64')}`;
const PIN = 'z9#q';

const SECRETS: Readonly<Record<string, string>> = {
  urlUser: plain('urluser'),
  urlPassword: named('urlpassword'),
  urlPath: plain('urlpath'),
  urlQuery: named('urlquery'),
  ticketPath: plain('ticketpath'),
  ticketQuery: named('ticketquery'),
  header: plain('header'),
  literalHeader: plain('literalheader'),
  basicHeader: plain('basicheader'),
  sign: named('sign'),
  whsec,
  api: plain('api'),
  ding: plain('ding'),
  dingSecret: `SEC${plain('dingsecret')}`,
  feishu: '7b5a2f6e-1c1f-4a2b-9c55-0d7f3a4b5c6d',
  feishuSecret: named('feishusecret'),
  wecom: '693a91f6-7f45-4bc4-97a0-0ec2sifa5aaa',
  mailPassword: named('mailpassword'),
  command: named('command'),
  file: named('file'),
  token: plain('token'),
  literalToken: plain('literaltoken'),
  bearer: named('bearer'),
  basic: named('basic'),
  hmac: named('hmac'),
  github: named('github'),
  gitlab: named('gitlab'),
  slack: named('slack'),
  stripe: named('stripe'),
  standard: `whsec_${Buffer.from('k7sourceQ9-4711-01234567').toString('base64')}`,
  dingtalkHook: named('dingtalkhook'),
  feishuHook: named('feishuhook'),
};

const q = (text: string): string => JSON.stringify(text);

function rules(): string {
  const { urlUser, urlPassword, urlPath, urlQuery, literalHeader, basicHeader, mailPassword } = SECRETS;
  const url = `http://${urlUser}:${inUrl(urlPassword!)}@127.0.0.1:${sink.port}/hooks/${urlPath}?token=${inUrl(urlQuery!)}`;
  const basic = Buffer.from(`ops:${basicHeader}`).toString('base64');
  const verify = (name: string, scheme: string): string =>
    `  ${name}: { type: webhook, path: /hooks/${name}, verify: ${scheme} }\n`;
  return `sources:
${verify('bearer', '{ bearer: "${env:bearer}" }')}${verify('basic', '{ basic: "ci:${env:basic}" }')}
${verify('hmac', '{ hmac: { header: x-sig, secret: ["${env:hmac}"] } }')}${verify('github', '{ github: "${env:github}" }')}
${verify('gitlab', '{ gitlab: "${env:gitlab}" }')}${verify('slack', '{ slack: "${env:slack}" }')}
${verify('stripe', '{ stripe: "${env:stripe}" }')}${verify('standard', '{ standard_webhooks: "${env:standard}" }')}
${verify('ding', '{ dingtalk: "${env:dingtalkHook}" }')}${verify('feishu', '{ feishu: "${env:feishuHook}" }')}
channels:
  hook:
    type: webhook
    url: ${q(url)}
    headers: { Authorization: "Bearer \${env:header}", X-Key: ${q(literalHeader!)}, X-Login: "Basic ${basic}", X-Pin: "\${env:PIN}" }
    sign: { standard_webhooks: "\${env:whsec}", hmac: { header: X-Sig, secret: "\${env:sign}" } }
    body: { text: "{{ title }}", more: "\${file:secret.txt}" }
  tickets: { type: webhook, url: "\${env:TICKETS_URL}" }
  ding: { type: dingtalk, api: "http://ops:${SECRETS.api}@127.0.0.1:${sink.port}", token: "\${env:ding}", secret: "\${env:dingSecret}" }
  feishu: { type: feishu, api: "${sink.origin}", token: "\${env:feishu}", secret: "\${env:feishuSecret}" }
  wecom: { type: wecom, api: "${sink.origin}", key: "\${env:wecom}" }
  mail: { type: email, url: ${q(`smtp://mailer:${inUrl(mailPassword!)}@127.0.0.1:${mail.port}`)}, tls: none, from: a@b.test, to: [c@d.test] }
  program: { type: command, run: [sh, -c, 'printf %s "$TOKEN"; printf %s "$TOKEN" >&2; exit 1'], env: { TOKEN: "\${env:command}" } }
  page: { type: websocket, to: [alice] }
rules:
  - { name: to-hook, on: api, match: { type: hook }, notify: [hook] }
  - { name: to-rest, on: api, match: { type: rest }, notify: [tickets, ding, feishu, wecom, mail, program] }
  - { name: to-tickets, on: api, match: { type: tickets }, notify: [tickets] }
  - { name: own, on: belfry, notify: [page] }
`;
}

const DAEMON = `  tokens:
    - { name: ci, token: "\${env:token}", scopes: [admin] }
    - { name: me, token: "${SECRETS.literalToken}", scopes: [read] }
`;

/** Each secret in each spelling, also joined to a user name in base64, in texts of at most `longest` bytes. */
function echoes(longest: number): string[] {
  const spelt = [...Object.values(SECRETS), SECRETS.urlPassword!].flatMap((secret) => [
    ...Object.values(SPELLINGS).map((spell) => spell(secret)),
    ...['u:', 'me:', 'ops:'].map((user) => Buffer.from(`${user}${secret}`).toString('base64')),
  ]);
  const texts: string[] = [];
  let text = '';
  for (const one of spelt) {
    if (Buffer.byteLength(`${text}${one}, `) > longest) {
      texts.push(text);
      text = '';
    }
    text += `${one}, `;
  }
  return [...texts, text];
}

/** All forms of a secret to search for: each spelling, plain and within JSON. */
function formsOf(secret: string): string[] {
  const forms = Object.values(SPELLINGS).map((spell) => spell(secret).replace(/^([\w+/-]{8,}?)=+$/, '$1'));
  const core = /k7\w+?Q9/.exec(secret)?.[0];
  return [...new Set([...forms, ...forms.map(json), ...(core === undefined ? [] : [core])])];
}

async function filesOf(folder: string): Promise<Record<string, string>> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async (file) => [file.name, await readFile(path.join(file.parentPath, file.name), 'utf8')] as const),
  );
  return Object.fromEntries(texts);
}

function expectNoSecret(artefacts: Readonly<Record<string, string>>, secrets = SECRETS): void {
  const found = Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(artefacts).flatMap(([artefact, text]) =>
      formsOf(secret).flatMap((form) => {
        const at = text.indexOf(form);
        return at === -1 ? [] : [`${name} in ${artefact}: ${text.slice(Math.max(0, at - 40), at + form.length + 20)}`];
      }),
    ),
  );
  expect(found).toEqual([]);
}

async function begin(): Promise<{ stop: () => Promise<string> }> {
  const ticketsUrl = `${sink.origin}/rest/${SECRETS.ticketPath}?key=${inUrl(SECRETS.ticketQuery!)}`;
  Object.assign(home.env, SECRETS, { PIN, TICKETS_URL: ticketsUrl });
  await writeFile(home.path('rules', 'secret.txt'), SECRETS.file!);
  await home.rules(rules(), 'rules.yaml', DAEMON);
  await home.start();
  return { stop: await followFeed() };
}

/** Reads the feed over TCP until it is stopped. */
async function followFeed(): Promise<() => Promise<string>> {
  const ending = new AbortController();
  const answer = await fetch(`http://${home.address}/v1/feed`, {
    headers: { authorization: `Bearer ${SECRETS.token}`, accept: 'text/event-stream' },
    signal: ending.signal,
  });
  const reader = answer.body!.getReader();
  let text = '';
  const reading = (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += Buffer.from(value).toString('utf8');
    }
  })().catch(() => {});
  return async () => {
    ending.abort();
    await reading;
    return text;
  };
}

/** Every call of the API, by caller. */
async function asked(): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  const paths = ['events?limit=1000', 'deliveries?limit=1000', 'dead', 'status', 'channels', 'alerts', 'audit'];
  for (const one of [...paths.map((name) => `/v1/${name}`), '/metrics', '/readyz', '/openapi.json'])
    texts[one] = JSON.stringify((await home.call('GET', one)).body);
  const { body } = await home.call<{ events: { id: string }[] }>('GET', '/v1/events?limit=1000');
  for (const { id } of body.events) {
    texts[id] = JSON.stringify((await home.call('GET', `/v1/events/${id}`)).body);
  }
  texts.explain = JSON.stringify((await home.call('POST', '/v1/explain', { event: { type: 'hook' } })).body);
  texts.test = JSON.stringify((await home.call('POST', '/v1/channels/hook/test')).body);
  for (const command of [
    ['status'],
    ['events'],
    ['deliveries'],
    ['dead', 'list'],
    ['dead', 'list', '--json'],
    ['check'],
  ]) {
    const { stdout, stderr } = await home.belfry(command);
    texts[command.join(' ')] = stdout + stderr;
  }
  return texts;
}

test('no secret of a channel or source is stored or shown, in any spelling that a provider answers', async () => {
  const { stop } = await begin();
  const refusals = echoes(3500);
  sink.answer(...(refusals.map((body) => ({ status: 422, body })) as [{ status: number; body: string }]), {
    status: 200,
  });
  await home.call(
    'POST',
    '/v1/events?wait=60s',
    refusals.map(() => ({ type: 'hook' })),
  );
  const receipts = echoes(1000);
  sink.answer(...(receipts.map((body) => ({ status: 200, body })) as [{ status: number; body: string }]));
  await home.call(
    'POST',
    '/v1/events?wait=60s',
    receipts.map(() => ({ type: 'tickets' })),
  );
  // The answers of chat bots are quoted in the failure, those of mail servers in one line.
  const said = [SECRETS.ding, SECRETS.dingSecret, SECRETS.feishu, SECRETS.wecom, SECRETS.mailPassword, PIN].join(' ');
  mail.script({ end: `554 5.7.1 ${Buffer.from(said).toString('latin1')}` });
  sink.answer({ status: 401, body: { errcode: 310000, code: 19021, errmsg: said, msg: said } });
  await home.call('POST', '/v1/events?wait=60s', { type: 'rest' });
  const dead = await home.deadLetters();
  expect(dead.length).toBeGreaterThanOrEqual(refusals.length);
  const artefacts = { ...(await asked()), feed: await stop() };
  expect(artefacts.feed).toContain('"kind":"delivery"');
  await home.stop();
  expectNoSecret({ ...artefacts, log: home.output, ...(await filesOf(home.path('state'))) });
}, 240_000);

test('an answer with a secret of four characters is not kept', async () => {
  const { stop } = await begin();
  sink.answer(
    { status: 422, body: `your pin is ${PIN}` },
    { status: 422, body: `Basic ${Buffer.from(`u:${PIN}`).toString('base64')}` },
  );
  await home.call('POST', '/v1/events?wait=20s', [{ type: 'hook' }, { type: 'hook' }]);
  const dead = await home.deadLetters();
  expect(dead.map(({ error }) => (error as { body: string }).body)).toEqual([
    '[not shown: it repeats a secret that is too short to be masked]',
    '[not shown: it repeats a secret that is too short to be masked]',
  ]);
  await home.stop();
  const artefacts = { feed: await stop(), log: home.output, ...(await filesOf(home.path('state'))) };
  expectNoSecret(artefacts, { PIN: `u:${PIN}`, alone: `is ${PIN}` });
}, 60_000);

test('a secret in an event is delivered, but not shown', async () => {
  const { stop } = await begin();
  sink.answer({ status: 422, body: 'no' });
  const secret = SECRETS.github!;
  const events = Object.values(SPELLINGS).map((spell) => ({
    type: 'tickets',
    data: { said: spell(secret) },
  }));
  await home.call('POST', '/v1/events?wait=30s', events);
  expect(
    sink.requests.map(({ json: body }) => (body as { event: { data: { said: string } } }).event.data.said).sort(),
  ).toEqual(events.map(({ data }) => data.said).sort());
  const artefacts = { ...(await asked()), feed: await stop() };
  await home.stop();
  const { 'dead-letters.jsonl': letters } = await filesOf(home.path('state'));
  expectNoSecret({ ...artefacts, log: home.output, letters: letters! }, { github: secret });
}, 60_000);

test('an excerpt of a rules file shows no literal secret', async () => {
  await begin();
  const broken = rules()
    .replace('sign: {', 'sgin: {')
    .replace('from: a@b.test', 'from: [')
    .replace('type: dingtalk,', 'type: dingtalk, tpye: x,');
  for (const text of [broken, broken.replace('from: [', 'frm: x')]) {
    await home.rules(text, 'rules.yaml', DAEMON);
    const { stdout, stderr, code } = await home.belfry(['check']);
    expect(code).toBe(78);
    expectNoSecret({ check: stdout + stderr });
  }
}, 60_000);

test.each([
  ['channels', '{ type: webhook, url: "https://h.test/x", headers: ["X-Key: hunter2secret"] }'],
  ['channels', '{ type: webhook, url: "https://h.test/x", sign: hunter2secret }'],
  ['channels', '{ type: command, run: [x], env: ["A=hunter2secret"] }'],
  ['channels', '{ type: email, host: h, from: a@x.test, to: b@x.test, dkim: hunter2secret }'],
  ['sources', '{ type: webhook, path: /hooks/x, verify: "hunter2secret" }'],
  ['sources', '{ type: webhook, path: /hooks/x, verify: { hmac: hunter2secret } }'],
])('an excerpt shows no secret in a list or a text in place of a map: %s %s', async (section, entry) => {
  await home.rules(`${section}:\n  x: ${entry}\n`);
  const { stdout, code } = await home.belfry(['check']);
  expect(code).toBe(78);
  expect(stdout).toContain('must be a map');
  expect(stdout).not.toContain('hunter2');
});

test('an uncaught error is written without secrets, and ends the process', async () => {
  await writeFile(
    home.path('crash.mjs'),
    `process.on('SIGUSR2', () => {
      throw Object.assign(new Error('bad ' + process.env.bearer), { input: process.env.TICKETS_URL });
    });`,
  );
  home.env.NODE_OPTIONS = `--import ${home.path('crash.mjs')}`;
  await begin();
  const exited = home.exited();
  home.signal('SIGUSR2');
  expect(await exited).toBe(1);
  await expect.poll(() => home.output).toContain('Error: bad ***');
  expectNoSecret({ output: home.output });
}, 60_000);
