import { describe, expect, it } from 'vitest';
import { Secret } from '../../../daemon/lib/secrets/secret.ts';
import { compileText, placesOf, problemsOf, rulesetOf } from '../../support/compile.ts';

const CHANNELS = 'channels:\n  ops: { type: sink }\n';

/** A rule after `CHANNELS`; its first line is line 4. */
const rule = (text: string): string =>
  `${CHANNELS}rules:\n  - name: r\n    notify: ops\n${text.replace(/^/gm, '    ')}\n`;

const only = (text: string) => {
  const problems = problemsOf(text);
  expect(problems).toHaveLength(1);
  return problems[0]!;
};

describe('a rules file', () => {
  it('becomes a ruleset with every default filled in and every text decoded', () => {
    const ruleset = rulesetOf(`
sources:
  deploys: { type: hook, path: /hooks/deploys }
channels:
  ops:
    type: pager
    key: abcdefgh
    delivery: { timeout: 30s, retry: [1s, 1m30s], rate: 5/10s, fallback: log }
  log: { type: sink }
rules:
  - name: failed
    on: deploys
    match: { data.x: 1 }
    any: [{ data.y: 2 }]
    if: data.z == 3.0
    dedupe: 5m
    throttle: { max: 2, per: 1h }
    message: { title: "T {{ data.x }}", tags: one, priority: high, ttl: 1h }
    notify: [ops, { channel: log, delay: 1m, to: me }]
`);
    const ops = ruleset.channels.get('ops')!;
    expect(ops.policy).toEqual({
      timeout: 30_000,
      retry: [1000, 90_000],
      giveUpAfter: 86_400_000,
      rate: { count: 5, per: 10_000 },
      concurrency: 2,
      order: 'none',
      onUnknown: 'dead',
      fallback: 'log',
      paused: false,
    });
    expect(ops.settings).toMatchObject({
      key: expect.any(Secret) as Secret,
      port: 25,
      style: 'plain',
      body: { source: '{{ title }}' },
    });
    expect(ruleset.channels.get('log')!.policy).toMatchObject({
      timeout: 10_000,
      concurrency: 4,
      onUnknown: 'retry',
      retry: { length: 9 },
    });
    expect(ruleset.sources.get('deploys')!.settings).toEqual({ path: '/hooks/deploys' });
    expect(ruleset.rules[0]).toMatchObject({
      name: 'failed',
      enabled: true,
      on: ['deploys'],
      catchAll: false,
      onError: 'skip',
      match: { 'data.x': 1, any: [{ 'data.y': 2 }] },
      condition: { source: 'data.z == 3.0' },
      key: { source: '{{ source }}|{{ type }}|{{ subject }}' },
      steps: [
        { name: 'silences', settings: true },
        { name: 'dedupe', settings: 300_000 },
        { name: 'throttle', settings: { max: 2, per: 3_600_000 } },
      ],
      message: {
        title: { source: 'T {{ data.x }}' },
        tags: [{ source: 'one' }],
        priority: { source: 'high' },
        ttl: '1h',
      },
      notify: [
        { channel: 'ops', delay: 0 },
        { channel: 'log', delay: 60_000, templates: { ttl: '1h', to: [{ source: 'me' }] } },
      ],
    });
    expect(ruleset.daemon).toMatchObject({
      listen: '127.0.0.1:8765',
      tokens: [],
      limits: { body: 1_048_576, queue: 1_073_741_824 },
      retention: { events: 604_800_000, size: 1_073_741_824 },
      reload: { watch: true, requireTests: false },
      log: { level: 'info', format: 'auto' },
    });
  });

  it("uses the rate that the provider documents unless the file's defaults or the channel say another", () => {
    const rates = (text: string) => [...rulesetOf(text).channels.values()].map(({ policy }) => policy.rate?.count);
    expect(rates('channels:\n  a: { type: pager, key: k }\n')).toEqual([20]);
    expect(
      rates(
        'defaults: { delivery: { rate: 7/1m } }\nchannels:\n  a: { type: pager, key: k }\n  b: { type: sink, delivery: { rate: 1/1s } }\n',
      ),
    ).toEqual([7, 1]);
  });

  it('multiplies the documented rate by the number of keys, and no other rate', () => {
    const rateOf = (entry: string) => rulesetOf(`channels:\n  a: ${entry}\n`).channels.get('a')!.policy.rate?.count;
    expect(rateOf('{ type: pager, key: k, keys: [l, m] }')).toBe(60);
    expect(rateOf('{ type: pager, key: k, keys: [l, m], delivery: { rate: 7/1m } }')).toBe(7);
  });

  it('merges the message of defaults with that of each rule, field by field', () => {
    const ruleset = rulesetOf(`defaults: { message: { title: T, body: B } }\n${rule('message: { body: mine }')}`);
    expect(ruleset.rules[0]!.message).toMatchObject({ title: { source: 'T' }, body: { source: 'mine' } });
  });

  it('takes the origins of web applications, one or several', () => {
    expect(rulesetOf(rule('')).daemon.origins).toEqual([]);
    expect(rulesetOf('daemon: { origins: "https://app.example.com" }').daemon.origins).toEqual([
      'https://app.example.com',
    ]);
    const several = ['http://localhost:3000', 'http://[::1]:8080', 'https://xn--bcher-kva.example'];
    expect(rulesetOf(`daemon: { origins: ${JSON.stringify(several)} }`).daemon.origins).toEqual(several);
  });

  it('keeps only the hash of a token', () => {
    const { daemon } = rulesetOf(
      'daemon: { tokens: [{ name: ci, token: tok-1234567, scopes: [emit, "stream:alice"] }] }',
    );
    expect(daemon.tokens).toEqual([
      { name: 'ci', hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string, scopes: ['emit', 'stream:alice'] },
    ]);
    expect(JSON.stringify(daemon)).not.toContain('tok-1234567');
  });

  it.each([
    ['2027-06-30', '2027-07-01T00:00:00Z'],
    ['2027-06-30T18:00:00+08:00', '2027-06-30T10:00:00Z'],
  ])('takes a token as a hash, with its end %s', (written, end) => {
    const hash = 'AB'.repeat(32);
    const tokens = `[{ name: ci, token_hash: "sha256:${hash}", scopes: [emit], expires: ${written} }]`;
    expect(rulesetOf(`daemon: { tokens: ${tokens} }`).daemon.tokens).toEqual([
      { name: 'ci', hash: hash.toLowerCase(), scopes: ['emit'], expires: Date.parse(end) },
    ]);
  });

  it('changes the fingerprint of a channel with its settings, not with their order, its delivery or its place', () => {
    const print = (text: string) => rulesetOf(text).channels.get('a')!.fingerprint;
    const first = print('channels:\n  a: { type: pager, key: k, port: 1 }\n');
    expect(print('# moved\nchannels:\n  a: { port: 1, key: k, delivery: { paused: true }, type: pager }\n')).toBe(
      first,
    );
    expect(print('channels:\n  a: { type: pager, key: k2, port: 1 }\n')).not.toBe(first);
  });

  it('that contains only comments is valid and empty', () => {
    expect(rulesetOf('# nothing yet\n').rules).toEqual([]);
    expect(rulesetOf('rules:\nchannels:\nsources:\n').rules).toEqual([]);
  });
});

describe('problems', () => {
  it('are reported all at once, each with its position', () => {
    const problems = problemsOf(`sources:
  in: { type: hok, path: /hooks/a }
channels:
  ops:
    type: pager
    kye: abc
    port: "25"
rules:
  - name: a
    on: [inn]
    notfy: ops
    throttle: { max: 0, per: 10 }
  - nam: b
    notify: opz
`);
    expect(placesOf(problems)).toEqual([
      '2:15 source.unknown_type',
      '6:5 schema.unknown_key',
      '7:11 schema.type',
      '11:5 schema.unknown_key',
      '12:22 schema.range',
      '12:30 value.unit',
      '13:5 schema.unknown_key',
      '10:10 rule.unknown_source',
    ]);
  });

  it.each([
    ['an unknown section', 'chanels:\n  a: 1\n', '1:1 schema.unknown_key', 'did you mean `channels`?'],
    ['an unknown field of a rule', rule('trottle: 1'), '6:5 schema.unknown_key', 'did you mean `throttle`?'],
    [
      'an unknown field of a nested map',
      rule('throttle: { mx: 1, max: 1, per: 1m }'),
      '6:17 schema.unknown_key',
      'did you mean `max`?',
    ],
    ['an unknown word', rule('on_error: notfy'), '6:15 schema.choice', 'did you mean `notify`?'],
    ['an unknown priority', rule('message: { priority: hgih }'), '6:26 schema.choice', 'did you mean `high`?'],
    [
      'an unknown channel type',
      'channels:\n  a: { type: pagr }\n',
      '2:14 channel.unknown_type',
      'did you mean `pager`?',
    ],
    ['a misspelt type', 'channels:\n  a: { tpye: sink }\n', '2:8 schema.missing', 'did you mean `type`?'],
    [
      'a missing setting',
      'channels:\n  a: { type: pager }\n',
      '2:3 schema.missing',
      'add it, for example `key: "${env:PAGER_KEY}"`',
    ],
    ['a duration without unit', rule('dedupe: 10'), '6:13 value.unit', 'write `10s`'],
    [
      'a text that is not a duration',
      rule('dedupe: ten'),
      '6:13 value.format',
      'write it like `500ms`, `10s`, `5m`, `2h`, `3d` or `1h30m`',
    ],
    [
      'a negative duration',
      rule('dedupe: -1s'),
      '6:13 value.format',
      'write it like `500ms`, `10s`, `5m`, `2h`, `3d` or `1h30m`',
    ],
    ['a number that is wanted as text', rule('message: { title: 12 }'), '6:23 schema.type', 'put it in quotes'],
    ['a boolean spelt as in YAML 1.1', rule('enabled: no'), '6:14 schema.type', 'for example `false`'],
    [
      'a broken template',
      rule('message: { title: "x {{ bad" }'),
      '6:26 value.template',
      'close it with `}}`: `x {{ bad }}`',
    ],
    [
      'a type of its own check',
      'channels:\n  a: { type: pager, key: same-as-old }\n',
      '2:26 channel.settings',
      'use the new one',
    ],
    [
      'a name that cannot be',
      'channels:\n  "a b": { type: sink }\n',
      '2:3 channel.name',
      'use letters, digits, `_`, `.` and `-`',
    ],
    [
      'a name written backwards',
      rule('').replace('name: r', 'name: "r\u202Ex"'),
      '4:11 schema.format',
      'write it like `failed-deploy`',
    ],
    [
      'a built-in source',
      'sources:\n  api: { type: hook, path: /hooks/a }\n',
      '2:3 source.reserved',
      'give the source another name',
    ],
    ['rules that are a map', 'rules: { a: 1 }\n', '1:8 schema.type', 'begin each one with `- name: ...`'],
    ['a rule that is a text', 'rules:\n  - hello\n', '2:5 schema.type', 'begin it with `- name: ...`'],
    [
      'channels that are a list',
      'channels: [a]\n',
      '1:11 schema.type',
      'write `NAME: { type: ... }` for each of the channels',
    ],
    ['a list at the top', '- name: a\n', '1:1 schema.type', 'put the list under `rules:`'],
    [
      'a text at the top',
      'hello\n',
      '1:1 schema.type',
      'begin with one of: daemon, defaults, sources, channels, hours, silences, rules',
    ],
    ['an unknown log level', 'daemon: { log: { level: inf } }\n', '1:25 schema.choice', 'did you mean `info`?'],
    [
      'a port that does not exist',
      'daemon: { listen: "127.0.0.1:99999" }\n',
      '1:19 schema.range',
      'use a port up to 65535',
    ],
    [
      'any origin at all',
      'daemon: { origins: ["*"] }\n',
      '1:21 daemon.origin',
      'name each application by its scheme, host and port, such as `https://app.example.com`, without a path',
    ],
    [
      'the origin of files and sandboxed frames',
      'daemon: { origins: ["null"] }\n',
      '1:21 daemon.origin',
      'name each application by its scheme, host and port, such as `https://app.example.com`, without a path',
    ],
    [
      'any host of a domain as an origin',
      'daemon: { origins: ["https://*.example.com"] }\n',
      '1:21 daemon.origin',
      'name each application by its scheme, host and port, such as `https://app.example.com`, without a path',
    ],
    [
      'an origin with a slash behind it',
      'daemon: { origins: ["https://app.example.com/"] }\n',
      '1:21 daemon.origin',
      'write `https://app.example.com`',
    ],
    [
      'an origin with a path',
      'daemon: { origins: ["https://a.example", "https://app.example.com:8443/inbox?x=1"] }\n',
      '1:42 daemon.origin',
      'write `https://app.example.com:8443`',
    ],
    [
      'an origin in capitals, with the port that it has anyway',
      'daemon: { origins: "HTTPS://App.Example.com:443" }\n',
      '1:20 daemon.origin',
      'write `https://app.example.com`',
    ],
    [
      'an origin in letters that browsers encode',
      'daemon: { origins: ["https://bücher.example"] }\n',
      '1:21 daemon.origin',
      'write `https://xn--bcher-kva.example`',
    ],
    [
      'a host alone as an origin',
      'daemon: { origins: ["app.example.com"] }\n',
      '1:21 daemon.origin',
      'write `https://app.example.com`',
    ],
    [
      'the address of a stream as an origin',
      'daemon: { origins: ["wss://app.example.com/v1/stream"] }\n',
      '1:21 daemon.origin',
      'write `https://app.example.com`',
    ],
    [
      'the origin of something that is not a web application',
      'daemon: { origins: ["file:///home/ann/page.html"] }\n',
      '1:21 daemon.origin',
      'name each application by its scheme, host and port, such as `https://app.example.com`, without a path',
    ],
    [
      'a token without its text and its hash',
      'daemon: { tokens: [{ name: a, scopes: [emit] }] }\n',
      '1:20 schema.missing',
      'add `token: ${env:NAME}`, or `token_hash` with the hash that `belfry token new` prints',
    ],
    [
      'a token with its text and its hash',
      `daemon: { tokens: [{ name: a, token: t, token_hash: "sha256:${'ab'.repeat(32)}", scopes: [emit] }] }\n`,
      '1:41 daemon.token',
      'remove one of them',
    ],
    [
      'the end of a token without an offset',
      'daemon: { tokens: [{ name: a, token: t, scopes: [emit], expires: "2027-06-30T12:00" }] }\n',
      '1:66 value.format',
      'write it like `2027-06-30` or `2027-06-30T18:00:00+08:00`',
    ],
    [
      'an unknown scope',
      'daemon: { tokens: [{ name: a, token: t, scopes: [emitt] }] }\n',
      '1:50 schema.choice',
      'did you mean `emit`?',
    ],
    [
      'an attempt without time',
      'channels:\n  a: { type: sink, delivery: { timeout: 0s } }\n',
      '2:41 schema.range',
      'make it longer than 0s',
    ],
  ])('say what to do about %s', (_what, text, place, mend) => {
    const problem = only(text);
    expect(placesOf([problem])).toEqual([place]);
    expect(problem.mend).toBe(mend);
  });

  it('show the position in a condition', () => {
    const problem = only(rule('if: data.a == 1 => 2'));
    expect(problem).toMatchObject({ line: 6, code: 'value.condition' });
    expect(problem.column).toBeGreaterThan(9);
  });

  it('of a match have the position of the pattern, in `match` and beside it', () => {
    expect(only(rule('match: { data.a: { prefx: x } }'))).toMatchObject({ line: 6, column: 24, code: 'rule.match' });
    expect(problemsOf(rule('any: [{ data.a: { prefx: x } }]'))[0]).toMatchObject({ line: 6, code: 'rule.match' });
    expect(problemsOf(rule('match: { any: [{ a: 1 }] }\nany: [{ b: 1 }]'))[0]).toMatchObject({
      line: 7,
      column: 5,
      code: 'rule.match',
    });
  });

  it('of aliased values have the position of the written value', () => {
    const problem = problemsOf(
      `channels:\n  a: { type: sink, delivery: &d { timeout: 5 } }\n  b: { type: sink, delivery: *d }\n`,
    );
    expect(placesOf(problem)).toEqual(['2:44 value.unit', '2:44 value.unit']);
  });

  it('do not repeat an origin from a reference', () => {
    const text = 'daemon: { origins: ["https://inside.example/x"] }\n';
    const [problem] = compileText(text, 'rules.yaml', ['/daemon/origins/0']).problems;
    expect(problem!.code).toBe('daemon.origin');
    expect(JSON.stringify(problem)).not.toContain('inside.example');
  });

  it('never repeat a secret value or a value from a reference', () => {
    const text = `channels:
  a: { type: pager, key: [hunter2secret], style: hunter2secret, port: hunter2secret }
  b: { type: hunter2secret }
rules:
  - name: r
    notify: a
    dedupe: hunter2secret
    message: { title: "{{ bad hunter2secret", priority: hunter2secret }
`;
    const referenced = [
      '/channels/a/style',
      '/channels/a/port',
      '/channels/b/type',
      '/rules/0/dedupe',
      '/rules/0/message/title',
      '/rules/0/message/priority',
    ];
    const { problems } = compileText(text, 'rules.yaml', referenced);
    expect(problems.map(({ code }) => code).sort()).toEqual([
      'channel.unknown_type',
      'schema.choice',
      'schema.choice',
      'schema.type',
      'schema.type',
      'value.format',
      'value.template',
    ]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('convert a referenced text to the number or boolean that is required, and no other text', () => {
    const text = 'channels:\n  a: { type: pager, key: k, port: "26", delivery: { paused: "true" } }\n';
    expect(compileText(text).problems).toHaveLength(2);
    const good = compileText(text, 'a.yaml', ['/channels/a/port', '/channels/a/delivery/paused']);
    expect(good.problems).toEqual([]);
    expect(good.channels[0]).toMatchObject({ settings: { port: 26 }, policy: { paused: true } });
  });
});

describe('files together', () => {
  const other = 'channels:\n  mail: { type: sink }\nsources:\n  in: { type: hook, path: /hooks/a }\n';

  it('may name the channels and sources of the others, and the built-in sources', () => {
    expect(problemsOf(other, 'rules:\n  - { name: r, on: [in, api, belfry], notify: mail }\n')).toEqual([]);
  });

  it.each([
    ['an unknown channel', 'rules:\n  - { name: r, notify: [mial] }\n', 'rule.unknown_channel', 'did you mean `mail`?'],
    [
      'an unknown channel in a target',
      'rules:\n  - { name: r, notify: { channel: mial } }\n',
      'rule.unknown_channel',
      'did you mean `mail`?',
    ],
    [
      'an unknown source',
      'rules:\n  - { name: r, on: appi, notify: mail }\n',
      'rule.unknown_source',
      'did you mean `api`?',
    ],
    [
      'an unknown fallback',
      'channels:\n  a: { type: sink, delivery: { fallback: mial } }\n',
      'channel.unknown_channel',
      'did you mean `mail`?',
    ],
    [
      'a name used twice',
      'channels:\n  mail: { type: sink }\n',
      'channel.duplicate',
      'the other one is at a.yaml:2:3; rename one of them',
    ],
    [
      'a path used twice',
      'sources:\n  b: { type: hook, path: /hooks/a }\n',
      'path.duplicate',
      'the other one is at a.yaml:4:27; give one of them another path',
    ],
    [
      'a circle of fallbacks',
      'channels:\n  a: { type: sink, delivery: { fallback: b } }\n  b: { type: sink, delivery: { fallback: a } }\n',
      'channel.fallback_circle',
      'remove the fallback of one of these channels',
    ],
    [
      'a fallback on itself',
      'channels:\n  a: { type: sink, delivery: { fallback: a } }\n',
      'channel.fallback_circle',
      'remove the fallback of one of these channels',
    ],
  ])('have problems between them: %s', (_what, text, code, mend) => {
    const problems = problemsOf(other, text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: 'b.yaml', code, mend });
  });

  it('have one `daemon` at most', () => {
    expect(problemsOf('daemon: {}\n', 'daemon: {}\n')).toMatchObject([{ file: 'b.yaml', code: 'daemon.duplicate' }]);
  });

  it('do not report a rule with a channel that exists but has a problem', () => {
    expect(problemsOf('channels:\n  a: { type: pager }\n', 'rules:\n  - { name: r, notify: a }\n')).toMatchObject([
      { file: 'a.yaml', code: 'schema.missing' },
    ]);
  });
});
