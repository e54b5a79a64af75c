import { chmod } from 'node:fs/promises';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { expectApplied, expectRefused, NO_WATCH, reload, reloadWith, ruleWith, withdraw } from '../support/reload.ts';
import type { Target } from '../support/target.ts';

const attack = attacksOn({
  daemon: `${NO_WATCH}  egress: { deny_private: true, allow: [127.0.0.1] }\n`,
});

attack('E11', async (target) => {
  await expectRefused(target, [
    [ruleWith('chanel: proof'), 'schema.unknown_key'],
    ['chanels: {}\n', 'schema.unknown_key'],
    ['channels: { x: { type: log, lvl: info } }\n', 'schema.unknown_key'],
    ['channels: { x: { type: lgo } }\n', 'channel.unknown_type'],
  ]);
  const { problems } = await reloadWith(target, 'chanels: {}\n');
  expect(problems[0]?.mend).toContain('did you mean `channels`');
  await withdraw(target);
});

attack('E12', async (target) => {
  await expectRefused(target, [
    ['rules:\n  - { name: attacked, notify: prof }\n', 'rule.unknown_channel'],
    ['rules:\n  - { name: x, notify: proof }\n  - { name: x, notify: proof }\n', 'rule.duplicate'],
  ]);
  // The second of two files has the problem, and names the first.
  for (const text of ['rules:\n  - { name: proof, notify: proof }\n', 'channels:\n  proof: { type: log }\n']) {
    const { ok, problems } = await reloadWith(target, text);
    expect([ok, problems]).toEqual([
      false,
      expect.arrayContaining([
        expect.objectContaining({
          file: expect.stringMatching(/proof\.yaml$/),
          code: expect.stringMatching(/duplicate/),
          mend: expect.stringMatching(/attack\.yaml:2:\d+/),
        }),
      ]),
    ]);
  }
  await withdraw(target);
});

/** Sends an event through rules with one more rule, and resolves to the outcome of that rule. */
async function outcomeWith(target: Target, line: string, data: object): Promise<string | undefined> {
  const { ok, problems } = await reloadWith(target, ruleWith(line));
  expect([line.slice(0, 100), ok, problems]).toEqual([line.slice(0, 100), true, expect.any(Array)]);
  const { status, body } = await target.home.call<{ events: { id: string }[] }>('POST', '/v1/events', {
    type: 'attack.event',
    data,
  });
  expect([line.slice(0, 100), status]).toEqual([line.slice(0, 100), 202]);
  const { body: event } = await target.home.call<{ outcomes: Record<string, string> }>(
    'GET',
    `/v1/events/${body.events[0]!.id}`,
  );
  return event.outcomes.attacked;
}

const quoted = (text: string): string => JSON.stringify(text);
const LONG = 'a'.repeat(400_000);
const NEARLY = `${'a'.repeat(100_000)}b${'a'.repeat(100_000)}`;

attack('E13', async (target) => {
  for (const regex of ['^(a+)+$', '(a*)*b', String.raw`\s+$`, '(a|aa)+$', '(.{1,300}x)+$', 'a.{200}b']) {
    const matched = `match: { data.x: { regex: ${quoted(regex)} } }`;
    expect([regex, await outcomeWith(target, matched, { x: `${LONG}!` })]).toEqual([regex, undefined]);
    const condition = `if: ${quoted(`data.x.matches(${quoted(regex)})`)}`;
    expect([regex, await outcomeWith(target, condition, { x: `${LONG}!` })]).toEqual([regex, undefined]);
  }
  const stopped: readonly [string, object][] = [
    ['data.list.exists(i, data.text.contains(i))', { list: Array(50_000).fill('ab'), text: LONG }],
    ['data.list.exists(i, -1 - i in data.list)', { list: Array.from({ length: 20_000 }, (_, at) => at) }],
    ['data.list.exists(i, i.x == 1)', { list: Array(60_000).fill(1) }],
    ['data.text.matches(data.list)', { list: '(?:a?){300}(?:a){300}$', text: LONG }],
    ['duration(data.text) > duration("1s")', { text: '1'.repeat(300_000) }],
  ];
  for (const [condition, data] of stopped)
    expect([condition, await outcomeWith(target, `if: ${quoted(condition)}`, data)]).toEqual([condition, 'error']);
  expect(await outcomeWith(target, 'if: data.a.contains(data.b)', { a: LONG, b: NEARLY })).toBeUndefined();
  await withdraw(target);
  await expectRefused(target, [
    [ruleWith('match: { data.x: { regex: "(?<=a)b" } }'), 'rule.match'],
    [ruleWith(String.raw`match: { data.x: { regex: '(a)\1' } }`), 'rule.match'],
    [ruleWith('match: { data.x: { regex: "((a{100}){100}){100}" } }'), 'rule.match'],
    [ruleWith(`match: { data.x: { regex: "${'('.repeat(5000)}${')'.repeat(5000)}" } }`), 'rule.match'],
    [ruleWith(`if: ${quoted('data.x.matches("(?=a)")')}`), 'value.condition'],
    [ruleWith(`if: ${quoted('data.l.all(a, data.l.all(b, data.l.all(c, a == c)))')}`), 'value.condition'],
    [ruleWith(`if: "${'('.repeat(2000)}true${')'.repeat(2000)}"`), 'value.condition'],
    [ruleWith(`if: "${'true && '.repeat(2000)}true"`), 'value.condition'],
  ]);
});

attack('E14', async (target) => {
  const globs = [
    '{a,b}'.repeat(40),
    `${'**/'.repeat(40)}x`,
    `${'*a'.repeat(500)}b`,
    `${'{a,'.repeat(40)}b${'}'.repeat(40)}`,
  ];
  for (const glob of globs) {
    const outcome = await outcomeWith(target, `match: { data.x: { glob: ${quoted(glob)} } }`, {
      x: 'a'.repeat(100_000),
    });
    expect([glob.slice(0, 20), outcome]).toEqual([glob.slice(0, 20), undefined]);
    await expectApplied(target, [
      `sources:\n  w: { type: files, paths: [${quoted(target.home.path('none', glob))}], ignore: [${quoted(glob)}] }\n`,
    ]);
  }
  await withdraw(target);
  await expectRefused(
    target,
    ['{1..99999999}', '+(a|b)', '[a', '{a'].flatMap((glob) => [
      [ruleWith(`match: { data.x: { glob: ${quoted(glob)} } }`), 'rule.match'] as const,
      [`sources:\n  w: { type: files, paths: [${quoted(`/srv/${glob}`)}] }\n`, 'source.settings'] as const,
    ]),
  );
});

attack('E15', async (target) => {
  const patterns = [
    '61 * * * *',
    '* * 31 2 *',
    '0 0 0 0 0 0 0',
    '*/0 * * * *',
    '@reboot',
    '',
    'L * * * *',
    '* '.repeat(3000),
  ];
  const source = (settings: string): string => `sources:\n  t: { type: schedule, ${settings} }\n`;
  await expectRefused(target, [
    ...patterns.map((cron) => [source(`cron: ${quoted(cron)}`), 'source.settings'] as const),
    [source('cron: "0 0 * * *", timezone: Mars/Base'), 'source.settings'],
    [source('cron: "0 0 * * *", timezone: "../../etc/passwd"'), 'source.settings'],
  ]);
});

attack('E16', async (target) => {
  await expectRefused(
    target,
    ['-1s', '1e9d', 'NaN', '5', `${'9'.repeat(30)}d`, '"5"', '0s', '" 1h"', '[1h]'].map(
      (text) => [ruleWith(`for: ${text}`), /^(?:value|schema)\./] as const,
    ),
  );
});

attack('E17', async (target) => {
  const channel = (url: string): string =>
    `channels:\n  inside: { type: webhook, url: ${quoted(url)}, delivery: { retry: [] } }\n`;
  await expectRefused(
    target,
    [
      'file:///etc/passwd',
      'gopher://x/',
      'ftp://x/',
      'javascript:alert(1)',
      'data:text/plain,x',
      '//x/',
      'http://',
      'http://a b/',
    ].map((url) => [channel(url), /./] as const),
  );
  const hosts = [
    '127.0.0.2',
    '127.2',
    '0x7f.0.0.2',
    '2130706434',
    '0177.0.0.2',
    '[::ffff:127.0.0.2]',
    '[::ffff:7f00:2]',
    '169.254.169.254',
    '10.0.0.1',
    '[fd00::1]',
    '100.64.0.1',
    '[64:ff9b::10.0.0.1]',
  ];
  await expectRefused(
    target,
    hosts.map((host) => [channel(`http://${host}/`), /^channel\.(?:settings|egress_denied)$/] as const),
  );
  const { problems } = await reloadWith(target, channel('http://169.254.169.254/'));
  expect(problems[0]?.message).toContain('egress');
  await withdraw(target);
});

attack('E18', async (target) => {
  const secret = 'xoxb-4711-literal-Q9kz7';
  const { ok } = await reloadWith(
    target,
    `channels:\n  slack: { type: slack, token: ${secret}, channel: ops }\nrules:\n  - { name: literal, on: api, match: { type: attack.literal }, notify: slack, message: { title: "${secret}" } }\n`,
  );
  expect(ok).toBe(true);
  const shown = await Promise.all(
    ['/v1/rules', '/v1/rules/literal', '/v1/channels', '/v1/status', '/v1/generations'].map(async (path) =>
      JSON.stringify((await target.home.call('GET', path)).body),
    ),
  );
  expect(shown.filter((text) => text.includes(secret))).toEqual([]);
  const broken = await reloadWith(target, `channels:\n  slack: { type: slack, tokn: ${secret}, token: [${secret}] }\n`);
  expect([broken.ok, JSON.stringify(broken).includes(secret)]).toEqual([false, false]);
  await withdraw(target);
});

attack('E21', async (target) => {
  const file = target.home.path('rules', 'attack.yaml');
  await reloadWith(target, ruleWith('enabled: false'));
  await chmod(file, 0o666);
  expect(await reload(target)).toMatchObject({ ok: true });
  const { stdout } = await target.home.belfry(['doctor', '--json']);
  const { findings } = JSON.parse(stdout) as {
    findings: { check: string; level: string; message: string; mend: string }[];
  };
  expect(findings.filter(({ check }) => check === 'rules.writable-by-others')).toEqual([
    expect.objectContaining({
      level: 'fail',
      message: expect.stringContaining('attack.yaml'),
      mend: expect.stringContaining('chmod o-w'),
    }),
  ]);
  await withdraw(target);
});
