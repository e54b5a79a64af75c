import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { check } from '../../../../daemon/cli/check-rules.ts';
import { checkAndReport, type CheckFormat } from '../../../../daemon/cli/commands/rules/check.ts';
import { sourceTypes } from '../../../../daemon/sources/index.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { written } from '../../../support/command-line.ts';

const channelTypes = await loadChannelTypes();

const registry = { channels: channelTypes, sources: sourceTypes };
const root = path.resolve(import.meta.dirname, '../../../..');

const SOURCES = `sources:
  inbox: { type: files, paths: [/srv/inbox] }
  log: { type: lines, paths: [/var/log/app.log], match: '(?P<code>\\d+) (?P<level>\\w+)' }
  nightly: { type: schedule, every: 1d, data: { team: ops } }
  deploys: { type: webhook, path: /hooks/deploys }
  backup: { type: heartbeat, every: 1d }
`;
const CHANNELS = 'channels:\n  ops: { type: log }\n';

/** A rule with some settings, a line each. */
const rule = (...lines: readonly string[]): string =>
  `${SOURCES}${CHANNELS}rules:\n  - name: r\n    notify: ops\n${lines.map((line) => `    ${line}\n`).join('')}`;

async function problemsIn(text: string) {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'r.yaml'), text);
  return await check({ paths: ['r.yaml'], env: {}, cwd, registry });
}

/** First line of the rule's settings, or of the text below the channels. */
const LINE = 12;

/** Settings of a rule, the position of the one warning, a part of its mend, and the corrected settings. */
const RULES: readonly (readonly [wrong: string, column: number, mend: string, mended: string])[] = [
  ['match: { data.code: { gte: 500 } }', 32, '`double(data.code) >= 500`', 'if: double(data.code) >= 500'],
  ['match: { data.code: 500 }', 25, '`"500"`', 'match: { data.code: "500" }'],
  ['match: { data.code: [500, 502] }', 26, '`"500"`', 'match: { data.code: ["500", "502"] }'],
  ['match: { data.code: { not: 200 } }', 32, '`"200"`', 'match: { data.code: { not: "200" } }'],
  ['if: data.code >= 500', 9, '`double(data.code)`', 'if: double(data.code) >= 500'],
  ['if: data.code == 500', 9, '`"500"`', 'if: data.code == "500"'],
  ['match: { data.number: { prefix: "1" } }', 37, '`gt`', 'match: { data.number: { gt: 1 } }'],
  ['match: { data.number: "5" }', 27, 'without quotes', 'match: { data.number: 5 }'],
  ['match: { data.cod: "500" }', 14, '`data.code`', 'match: { data.code: "500" }'],
  [
    'any: [{ data.cod: "500" }, { data.level: x }]',
    13,
    '`data.code`',
    'any: [{ data.code: "500" }, { data.level: x }]',
  ],
  ['match: { event.data.code: "500" }', 14, '`data.code`', 'match: { data.code: "500" }'],
  ['match: { dta.code: "500" }', 14, '`data`', 'match: { data.code: "500" }'],
  ['match: { code: "500" }', 14, '`data.code`', 'match: { data.code: "500" }'],
  ['match: { type: lines }', 20, '`line`', 'match: { type: line }'],
  ['match: { data.line.text: x }', 14, '`data.line`', 'match: { data.line: x }'],
  ['match: { data.number: { gte: 5, lt: 3 } }', 41, 'swap', 'match: { data.number: { gte: 3, lt: 5 } }'],
  ['match: { data.number: { gt: 5, lt: 5 } }', 40, 'swap', 'match: { data.number: { gte: 5, lte: 5 } }'],
  ['if: dta.code == "500"', 9, '`data`', 'if: data.code == "500"'],
  ['if: event.dta.code == "500"', 9, '`data`', 'if: event.data.code == "500"'],
  ['if: data.cod == "500"', 9, '`data.code`', 'if: data.code == "500"'],
  ['if: data.code == nil', 22, '`null`', 'if: data.code == null'],
  ['if: event.type == "lines"', 9, '`line`', 'if: event.type == "line"'],
  ['if: \'data.level == "a" && dta.code == "b"\'', 31, '`data`', 'if: \'data.level == "a" && data.code == "b"\''],
  ['key: "{{ dta.code }}"', 14, '`data`', 'key: "{{ data.code }}"'],
  ['key: "{{ data.cod }}"', 14, '`data.code`', 'key: "{{ data.code }}"'],
  ['key: "{{ count }}"', 14, 'there are', 'key: "{{ rule }}"'],
  ['message: { title: "{{ dta.code }}" }', 27, '`data`', 'message: { title: "{{ data.code }}" }'],
  ['message: { title: "{{ Data.code | upcase }}" }', 27, '`data`', 'message: { title: "{{ data.code | upcase }}" }'],
  ['message: { title: "{{ .Data.code }}" }', 27, '`data`', 'message: { title: "{{ data.code }}" }'],
  ['message: { title: "{data.code}" }', 23, '`{{ data.code }}`', 'message: { title: "{{ data.code }}" }'],
  [
    'message: { fields: { Code: "{{ data.cod }}" } }',
    36,
    '`data.code`',
    'message: { fields: { Code: "{{ data.code }}" } }',
  ],
  ['message: { tags: [a, "{{ dta.x }}"] }', 30, '`data`', 'message: { tags: [a, "{{ data.code }}"] }'],
  [
    'escalate: [{ after: 5m, notify: ops, message: { title: "{{ dta.code }}" } }]',
    64,
    '`data`',
    'escalate: [{ after: 5m, notify: ops, message: { title: "{{ data.code }}" } }]',
  ],
];

describe('settings of a rule that have no effect', () => {
  it.each(RULES)('%s', async (wrong, column, mend, mended) => {
    const { valid, problems } = await problemsIn(rule('on: log', wrong));
    expect(valid).toBe(true);
    expect(problems.map(({ line, column: at, level }) => `${line}:${at} ${level}`)).toContain(
      `${LINE + 1}:${column} warning`,
    );
    expect(problems[0]!.mend).toContain(mend);
    expect((await problemsIn(rule('on: log', mended))).problems).toEqual([]);
  });

  const OTHERS: readonly (readonly [what: string, lines: readonly string[], warnings: readonly string[]])[] = [
    ['a field that no file has', ['on: inbox', 'match: { data.foo: 1 }'], ['13:14 rule.unknown_field']],
    [
      'the content that was not asked for',
      ['on: inbox', 'message: { body: "{{ data.content }}" }'],
      ['13:26 rule.unknown_field'],
    ],
    ['a type of files', ['on: inbox', 'match: { type: file.create }'], ['13:20 rule.never_matches']],
    ['a type of several sources', ['on: [inbox, log]', 'match: { type: lne }'], ['13:20 rule.never_matches']],
    ['a field of a schedule', ['on: nightly', 'message: { title: "{{ data.tem }}" }'], ['13:27 rule.unknown_field']],
    [
      'a heartbeat that is not up',
      ['on: backup', 'match: { type: heartbeat.missed, data.state: up }'],
      ['13:50 rule.never_matches'],
    ],
    [
      'a field of another heartbeat event',
      ['on: backup', 'match: { type: heartbeat.missed, data.exit_code: 1 }'],
      ['13:38 rule.unknown_field'],
    ],
    [
      "one of the daemon's own events",
      ['on: belfry', 'match: { type: belfry.delivery.ded }'],
      ['13:20 rule.never_matches'],
    ],
    [
      'a header with a dash in an expression',
      ['on: deploys', 'if: headers.x-github-event == "push"'],
      ['13:19 rule.unknown_name'],
    ],
    ['a misspelt name where anything may come', ['on: deploys', 'if: dta.pct > 90'], ['13:9 rule.unknown_name']],
    ['a mode that is a number', ['on: deploys', 'match: { data.mode: 0644 }'], ['13:25 yaml.spelling']],
    ['a version that is a number', ['match: { data.version: 3.10 }'], ['12:28 yaml.spelling']],
    ['a word that is not a truth value', ['match: { data.ok: yes }'], ['12:23 yaml.spelling']],
    ['grouped digits', ['match: { data.n: { gte: 1_000 } }'], ['12:29 yaml.spelling']],
    ['typographic quotes', ['match: { data.x: “y” }'], ['12:22 yaml.quotes']],
    ['a comment that was none', ['message:', '  title: deploy #5'], ['13:21 yaml.comment']],
    ['an anchor that was none', ['message:', '  title: &x full'], ['13:14 yaml.anchor']],
    [
      'an alert whose default key has the type',
      ['on: backup', 'match: { type: heartbeat.missed }', 'resolve: { match: { type: heartbeat.recovered } }'],
      ['14:5 rule.never_resolves'],
    ],
    [
      'an alert whose key the end does not have',
      [
        'on: backup',
        'match: { type: heartbeat.missed }',
        'key: "{{ data.expected_at }}"',
        'resolve: { match: { type: heartbeat.recovered } }',
      ],
      ['14:10 rule.never_resolves'],
    ],
    [
      'an alert whose key differs between its start and its end',
      [
        'match: { data.state: down }',
        'key: "{{ data.host }} {{ data.state }}"',
        'resolve: { match: { data.state: up } }',
      ],
      ['13:10 rule.never_resolves'],
    ],
  ];

  it.each(OTHERS)('%s', async (_what, lines, warnings) => {
    const { problems } = await problemsIn(rule(...lines));
    expect(problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual(warnings);
  });
});

describe('correct settings cause no warning', () => {
  it.each([
    ['a quoted mode', ['match: { data.mode: "0644", data.ok: "yes", data.version: "3.10" }']],
    ['a limit with decimals', ['match: { data.pct: { gte: 90.0 } }']],
    ['a field that a webhook may have', ['on: deploys', 'if: data.anything.at.all > 3']],
    ['an extension of posted events', ['if: traceparent == "a"']],
    ['a missing field that is asked for', ['on: inbox', 'match: { data.content: { exists: false } }']],
    ['a variable of a macro', ['on: deploys', 'if: data.tags.exists(t, t == "x")']],
    [
      'a variable of a template',
      ['message: { body: "{% for e in events %}{{ e.id }} {{ forloop.index }}{% endfor %}" }'],
    ],
    [
      'the values that only some messages have',
      ['message: { body: "{{ count }} {{ suppressed }} {{ resolved_after }}" }'],
    ],
    ['a field that one of two sources has', ['on: [inbox, log]', 'match: { data.level: x, data.size: { gt: 1 } }']],
    ['a comment', ['dedupe: 5m # minutes']],
    [
      'an alert with a key that both have',
      [
        'on: backup',
        'match: { type: heartbeat.missed }',
        'key: "{{ subject }}"',
        'resolve: { match: { type: heartbeat.recovered } }',
      ],
    ],
    ['a type by a function', ['if: type(data.x) == string']],
    [
      'the fields of the daemon',
      ['on: belfry', 'if: data.class == "exhausted" && data.channel != "ops"', 'key: "{{ data.channel }}"'],
    ],
  ])('%s', async (_what, lines) => {
    expect((await problemsIn(rule(...lines))).problems).toEqual([]);
  });

  it('settings of the answer of a webhook', async () => {
    const body = '{{ events | size }} {{ id }} {{ duplicate }} {{ headers.host }} {{ query.a }} {{ body.b }}';
    const source = `sources:\n  s: { type: webhook, path: /hooks/s, respond: { body: "${body}" } }\n`;
    expect((await problemsIn(source)).problems).toEqual([]);
  });
});

describe('other settings that have no effect', () => {
  it.each([
    ['key: "$WECOM_KEY"', '${env:WECOM_KEY}'],
    ['key: "%WECOM_KEY%"', '${env:WECOM_KEY}'],
    ['key: env:WECOM_KEY', '${...}` around it'],
    ['key: "{{ secrets.WECOM_KEY }}"', '${env:WECOM_KEY}'],
  ])('%s', async (setting, reference) => {
    const { valid, problems } = await problemsIn(`channels:\n  c:\n    type: wecom\n    ${setting}\n`);
    expect(valid).toBe(true);
    expect(problems).toEqual([
      {
        file: 'r.yaml',
        line: 4,
        column: 10,
        level: 'warning',
        code: 'secret.not_a_reference',
        message: expect.any(String),
        mend: expect.stringContaining(`write \`${reference}`),
      },
    ]);
  });

  it.each([
    [
      'the body of a webhook',
      'channels:\n  c: { type: webhook, url: "http://h/", body: { text: "{{ titel }}" } }\n',
      '2:59',
      '`title`',
    ],
    [
      'the event of a webhook',
      'sources:\n  s: { type: webhook, path: /hooks/s, event: { id: "{{ bdy.id }}" } }\n',
      '2:56',
      '`body`',
    ],
    [
      'the answer of a webhook',
      'sources:\n  s: { type: webhook, path: /hooks/s, respond: { body: "{{ bdy.id }}" } }\n',
      '2:60',
      '`body`',
    ],
    [
      'the beats of a heartbeat',
      'sources:\n  s: { type: heartbeat, every: 1d, match: { dta.x: 1 } }\n',
      '2:45',
      '`data`',
    ],
    ['the key of a heartbeat', 'sources:\n  s: { type: heartbeat, every: 1d, key: "{{ dta.x }}" }\n', '2:45', '`data`'],
    ['the defaults of messages', 'defaults:\n  message: { title: "{{ evnt.type }}" }\n', '2:25', '`event`'],
    ['a silence', 'silences:\n  - { match: { dta.x: 1 }, until: 2030-01-01T00:00:00Z, reason: x }\n', '2:16', '`data`'],
  ])('%s', async (_what, text, place, mend) => {
    const { valid, problems } = await problemsIn(text);
    expect(problems.map(({ line, column, level }) => `${line}:${column} ${level}`)).toEqual([`${place} warning`]);
    expect(problems[0]!.mend).toContain(mend);
    expect(valid).toBe(true);
  });
});

describe('belfry check with warnings', () => {
  const run = async (strict: boolean, format: CheckFormat = 'text') => {
    const cwd = await temporaryFolder();
    await writeFile(path.join(cwd, 'r.yaml'), `${CHANNELS}rules:\n  - { name: a, notify: ops, if: dta.x > 1 }\n`);
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await checkAndReport({
      paths: ['.'],
      format,
      strict,
      registry,
      terminal: { env: {}, cwd, stdout, stderr },
    });
    return { code, out: written(stdout) };
  };

  it('shows them, and exits with 0', async () => {
    const { code, out } = await run(false);
    expect(code).toBe(0);
    expect(out).toContain('r.yaml:4:33: warning: events have no `dta` [rule.unknown_name]');
    expect(out).toMatch(/\nvalid: 1 rule in 1 file, 1 warning\n$/);
  });

  it('exits with 78 with --strict', async () => {
    const { code, out } = await run(true);
    expect(code).toBe(78);
    expect(out).toMatch(/\n1 warning, 1 rule in 1 file\n$/);
    expect(JSON.parse((await run(true, 'json')).out)).toMatchObject({ valid: false, problems: [{ level: 'warning' }] });
  });

  it('annotates them as warnings on GitHub', async () => {
    expect((await run(false, 'github')).out).toMatch(/^::warning file=r\.yaml,line=4,/);
  });

  it('knows the sources of the files beside the one that is checked', async () => {
    const cwd = await temporaryFolder();
    await writeFile(path.join(cwd, 's.yaml'), `${SOURCES}${CHANNELS}`);
    await writeFile(
      path.join(cwd, 'r.yaml'),
      'rules:\n  - { name: a, on: log, notify: ops, match: { data.cod: "1" } }\n',
    );
    const { problems } = await check({ paths: ['r.yaml'], env: {}, cwd, registry });
    expect(problems.map(({ code }) => code)).toEqual(['rule.unknown_field']);
  });
});

/** All YAML of the repository that must be correct: files, and examples in the documents. */
function shown(): [string, string][] {
  const files = [
    'README.md',
    ...['docs', 'examples', 'rules'].flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        path.join(folder, name),
      ),
    ),
  ];
  return files.flatMap((file): [string, string][] => {
    if (/(?<!\.test)\.ya?ml$/.test(file)) return [[file, readFileSync(path.join(root, file), 'utf8')]];
    if (!file.endsWith('.md')) return [];
    const blocks = [...readFileSync(path.join(root, file), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)];
    return blocks.map((block, index): [string, string] => [`${file} ${index + 1}`, block[1]!]);
  });
}

it.each(shown())('%s is shown without a warning', async (_name, text) => {
  const { problems } = await problemsIn(text);
  expect(problems.filter(({ level }) => level === 'warning')).toEqual([]);
});
