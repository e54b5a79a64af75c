import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { imported, importedText, sampleText } from './imported.ts';

interface Rules {
  readonly sources: Readonly<Record<string, Record<string, unknown>>>;
  readonly channels: Readonly<Record<string, Record<string, unknown>>>;
  readonly rules: readonly Record<string, unknown>[];
}

const value = (source: string, name: string, text: string) => ({
  match: { type: 'value', value: text, parameter: { source, name } },
});

/** Rules for a hook with this trigger rule, or what was reported. */
async function withTrigger(trigger: object, more: object = {}) {
  const hook = { id: 'h', 'execute-command': '/bin/true', 'trigger-rule': trigger, ...more };
  const { rules, stderr } = await importedText(JSON.stringify([hook]));
  const { sources = {}, rules: list = [] } = (parse(rules) ?? {}) as Partial<Rules>;
  return { source: sources.h, rule: list[0], stderr };
}

test('a hook becomes a source with its URL, a rule and a channel that runs its program', async () => {
  const { rules, code, stderr } = await imported('hooks.json');
  const { sources, channels, rules: list } = parse(rules) as Rules;
  expect(sources.redeploy).toEqual({
    type: 'webhook',
    path: '/hooks/redeploy',
    methods: ['POST', 'PUT', 'PATCH'],
    verify: {
      hmac: { header: 'X-Hub-Signature', algorithm: 'sha1', prefix: 'sha1=', secret: '${env:REDEPLOY_SECRET}' },
    },
    allow: ['192.168.0.1/24', '10.0.0.1'],
    respond: { status: 200, body: '{% raw %}Executing {{redeploy}}{% endraw %}' },
  });
  expect(channels.redeploy).toMatchObject({ cwd: '/srv/app', env: { DEPLOY_TOKEN: '${env:REDEPLOY_DEPLOY_TOKEN}' } });
  expect(list[0]).toMatchObject({ on: 'redeploy', match: { 'data.number': ['5', 5] }, notify: ['redeploy'] });
  expect(sources.gitlab!.verify).toEqual({ gitlab: '${env:GITLAB_GITLAB_TOKEN}' });
  expect(list[3]!.match).toEqual({ 'data.secret': '${env:GITEA_SECRET}' });
  expect(sampleText('hooks.json')).toContain('secret-of-');
  expect(rules + stderr).not.toContain('secret-of-');
  expect(code).toBe(1);
});

test('each part of a hook that could not be translated is named', async () => {
  const { stderr } = await imported('hooks.json');
  const named = [...stderr.matchAll(/^hooks\.json:(\d+): (\S+): not translated: [^;]+; \S/gm)];
  expect(named.map(([, line, text]) => `${line} ${text}`)).toEqual([
    '7 [1].include-command-output-in-response',
    '12 [1].pass-arguments-to-command[4]',
    '46 [2].http-methods',
    '60 [3].trigger-rule.match',
    '73 [5].trigger-rule.match',
    '80 [6].trigger-rule.or[1].match',
    '91 [7].execute-command',
  ]);
});

/** Rules that Belfry would have to ignore: the program would run for anybody. */
test.each([
  [
    'a signature that is only one of several ways',
    {
      or: [
        value('payload', 'a', '1'),
        { match: { type: 'payload-hmac-sha256', secret: 'x', parameter: { source: 'header', name: 'X-S' } } },
      ],
    },
  ],
  [
    'a signature that must not be there',
    { not: { match: { type: 'payload-hmac-sha1', secret: 'x', parameter: { source: 'header', name: 'X-S' } } } },
  ],
  [
    'two signatures',
    {
      and: ['X-A', 'X-B'].map((name) => ({
        match: { type: 'payload-hmac-sha1', secret: 'x', parameter: { source: 'header', name } },
      })),
    },
  ],
  [
    'a signature with headers in it',
    {
      match: {
        type: 'payload-hmac-sha1',
        secret: 'x',
        parameter: { source: 'header', name: 'X-S', 'headers-to-add-to-signature-payload': ['Date'] },
      },
    },
  ],
  [
    'a pattern for a token',
    { match: { type: 'regex', regex: '^x', parameter: { source: 'header', name: 'X-Token' } } },
  ],
  ['the address of the client as a value', value('request', 'remote-addr', '10.0.0.1')],
  [
    'two lists of networks',
    { and: ['10.0.0.0/8', '10.1.0.0/16'].map((range) => ({ match: { type: 'ip-whitelist', 'ip-range': range } })) },
  ],
  [
    'a regular expression that RE2 does not have',
    { match: { type: 'regex', regex: '(?=a)', parameter: { source: 'payload', name: 'a' } } },
  ],
  ['an empty rule', {}],
])('a hook with %s is left out and named', async (_, trigger) => {
  const { rule, stderr } = await withTrigger(trigger);
  expect(rule).toBeUndefined();
  expect(stderr).toMatch(/^standard input:1: .*: not translated: .+; .+/);
});

test.each([
  [value('header', 'Authorization', 'Bearer abc'), { bearer: '${env:H_TOKEN}' }],
  [value('header', 'Authorization', 'Basic dTpw'), { basic: '${env:H_LOGIN}' }],
  [{ and: [value('url', 'token', '42')] }, { bearer: '${env:H_TOKEN}' }],
  [
    {
      match: { type: 'payload-hash-sha256', secret: 's', parameter: { source: 'header', name: 'X-Hub-Signature-256' } },
    },
    { github: '${env:H_SECRET}' },
  ],
  [
    { match: { type: 'payload-hmac-sha512', secret: 's', parameter: { source: 'header', name: 'X-Gitea' } } },
    { hmac: { header: 'X-Gitea', algorithm: 'sha512', secret: '${env:H_SECRET}' } },
  ],
])('the trigger rule %j verifies the sender', async (trigger, verify) => {
  const { source, rule } = await withTrigger(trigger);
  expect(source!.verify).toEqual(verify);
  expect(rule!.match).toBeUndefined();
});

test('a hook whose source would not load has no rule', async () => {
  const hooks = ['a b', 'c'].map((id) => ({
    id,
    'execute-command': '/bin/true',
    'trigger-rule': value('payload', 'x', '1'),
  }));
  const { rules, stderr } = await importedText(JSON.stringify(hooks));
  expect((parse(rules) as Rules).rules.map(({ name }) => name)).toEqual(['c']);
  expect(stderr).toMatch(/^standard input:1: \[1\]: not translated: `path` does not have the required form/);
});

test('a value that a text within the body would have is named, and its rule never fires', async () => {
  const { stderr } = await withTrigger(value('payload', 'payload.state', 'passed'), {
    'parse-parameters-as-json': [{ source: 'payload', name: 'payload' }],
    'pass-arguments-to-command': [{ source: 'payload', name: 'payload.branch' }],
  });
  expect(stderr).toContain('[1].parse-parameters-as-json: not translated: a text within the body is not parsed');
  expect(stderr).toContain('[1].pass-arguments-to-command[1]: not translated: an event does not have this value');
});

test('hooks in YAML are read as well', async () => {
  const text = `- id: h
  execute-command: /bin/true
  trigger-rule:
    match: { type: value, value: a, parameter: { source: payload, name: b } }
`;
  const { code, rules } = await importedText(text);
  expect(code).toBe(0);
  expect(rules).toContain('data.b: a\n');
});

test('a file with Go templates is named as a whole', async () => {
  const text =
    '[\n  {\n    "id": "h",\n    "execute-command": "/bin/true",\n    "x": "{{ getenv "SECRET" | js }}"\n  }\n]\n';
  const { code, rules, stderr } = await importedText(text);
  expect(code).toBe(1);
  expect(rules).not.toContain('sources:');
  expect(stderr).toMatch(/^standard input:5: \{\{ \.\.\. \}\}: not translated: this file is a Go template/);
});

test('texts of a hook that look like templates and references stay as they are', async () => {
  const { rules } = await importedText(
    JSON.stringify([
      {
        id: 'h',
        'execute-command': '/bin/true',
        'pass-arguments-to-command': [{ source: 'string', name: '${env:HOME} {{ a }}' }],
      },
    ]),
  );
  expect((parse(rules) as Rules).channels.h!.run).toEqual(['/bin/true', '{% raw %}$${env:HOME} {{ a }}{% endraw %}']);
});
