import { truncate, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { expectApplied, expectRefused, NO_WATCH, reload, reloadWith, ruleWith, withdraw } from '../support/reload.ts';

const attack = attacksOn({ daemon: NO_WATCH });

attack('E1', async (target) => {
  const levels = Array.from(
    { length: 8 },
    (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(', ')}]`,
  );
  const bomb = `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${levels.join('\n')}\n`;
  const inRule = `rules:\n  - name: bomb\n    notify: proof\n    match:\n${bomb.replace(/^/gm, '      ')}`;
  await expectRefused(target, [
    [bomb, 'yaml.too_many_aliases'],
    [inRule, 'yaml.too_many_aliases'],
  ]);
});

attack('E2', async (target) => {
  const steps = Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n');
  const shapes = [
    '['.repeat(1000),
    '['.repeat(100_000),
    '{a: '.repeat(5000),
    '- '.repeat(5000),
    '? '.repeat(5000),
    steps,
    ruleWith(`match: { data.x: ${'['.repeat(5000)} }`),
  ];
  await expectRefused(
    target,
    [...shapes, ...Array<string>(100).fill('['.repeat(1000))].map((text) => [text, 'yaml.too_deep']),
  );
});

attack('E3', async (target) => {
  const keys = Array.from({ length: 50_000 }, (_, at) => `k${at}: v`).join('\n');
  const [refused, during] = await Promise.all([
    reloadWith(target, keys),
    target.home.call('POST', '/v1/events?wait=30s', { type: 'attack.proof' }),
  ]);
  expect([refused.ok, refused.problems[0]?.code, during.status]).toEqual([false, 'schema.unknown_key', 200]);
  await withdraw(target);
});

attack('E4', async (target) => {
  await expectRefused(target, [[`rules:\n  - name: ${'x'.repeat(10_000_000)}\n    notify: proof\n`, 'schema.range']]);
  const file = target.home.path('rules', 'attack.yaml');
  await writeFile(file, '');
  await truncate(file, 5_000_000_000);
  const { ok, problems } = await reload(target);
  expect([ok, problems[0]?.code]).toEqual([false, 'file.too_large']);
  await withdraw(target);
});

attack('E5', async (target) => {
  await expectRefused(target, [
    [ruleWith('notify: proof'), 'yaml.duplicate_key'],
    ['rules: []\nrules: []\n', 'yaml.duplicate_key'],
    [ruleWith('match: { data.x: 1, "data.x": 2 }'), 'yaml.duplicate_key'],
  ]);
});

attack('E6', async (target) => {
  const places = (key: string): readonly string[] => [
    key,
    ruleWith(key),
    ruleWith(`match: { ${key} }`),
    `channels: { ${key} }`,
  ];
  const hostile = [
    '__proto__: { polluted: true }',
    '"__proto__": { polluted: true }',
    '<<: { __proto__: { polluted: true } }',
  ];
  await expectRefused(
    target,
    hostile.flatMap(places).map((text) => [text, /^yaml\.(?:key|quote)$/]),
  );
  await expectRefused(target, [
    ['constructor: { prototype: { polluted: true } }', 'schema.unknown_key'],
    ['toString: 1', 'schema.unknown_key'],
    [ruleWith('hasOwnProperty: 1'), 'schema.unknown_key'],
    [ruleWith('match: { constructor: { prototype: { polluted: true } } }'), 'rule.match'],
    ['channels: { toString: 1 }', 'schema.type'],
  ]);
  // Names of a person that objects have too.
  for (const name of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    const { ok } = await reloadWith(
      target,
      `channels: { ${name}: { type: log } }\nrules:\n  - { name: ${name}, on: api, match: { type: attack.${name.toLowerCase()} }, key: "{{ data.k }}", notify: ${name} }\n`,
    );
    const { body } = await target.home.call<{ deliveries: { state: string }[] }>('POST', '/v1/events?wait=30s', {
      type: `attack.${name.toLowerCase()}`,
      data: { k: '__proto__' },
    });
    expect([name, ok, body.deliveries.map(({ state }) => state)]).toEqual([name, true, ['delivered']]);
  }
  await withdraw(target);
});

attack('E7', async (target) => {
  const tags = [
    '!!js/function "x"',
    '!!python/object:os.system x',
    '!include /etc/passwd',
    '!foo x',
    '!!binary aGk=',
    '!!set {a}',
  ];
  await expectRefused(
    target,
    tags.map((text) => [ruleWith(`if: ${text}`), 'yaml.tag']),
  );
});

attack('E8', async (target) => {
  const numbers = ['010', '1e3', '0x1F', 'true', 'null', '~'];
  await expectRefused(
    target,
    numbers.map((text) => [`rules:\n  - { name: ${text}, notify: proof }\n`, 'schema.type']),
  );
  await expectApplied(
    target,
    ['no', 'yes', 'on', '12:30:45', '2026-11-23', '1_000', '0b1'].map(
      (text) => `rules:\n  - { name: ${text.replaceAll(':', '-')}, match: { data.x: ${text} }, notify: proof }\n`,
    ),
  );
});

attack('E9', async (target) => {
  const rule = ruleWith('enabled: true');
  const named = (name: string): string => `rules:\n  - { name: "${name}", notify: proof }\n`;
  await expectRefused(target, [
    ['rules:\n\t- name: x\n', 'yaml.tab'],
    [named('a\u0000b'), 'yaml.control_character'],
    ['rules: \u0000\n', 'yaml.control_character'],
    [Buffer.from(`\uFEFF${rule}`, 'utf16le'), 'file.encoding'],
    [Buffer.concat([Buffer.from('rules: [] # '), Buffer.from([0xff, 0xfe])]), 'file.encoding'],
    [named('a\u202Eb'), 'schema.format'],
    [named(String.raw`a\e[31mb`), 'schema.format'],
    [named(String.raw`a\nb`), 'schema.format'],
    ['channels: { "a\u202Eb": { type: log } }\n', 'channel.name'],
  ]);
  await expectApplied(target, [rule.replaceAll('\n', '\r\n'), `\uFEFF${rule}`]);
});

attack('E10', async (target) => {
  await expectRefused(target, [
    ['rules: []\n---\nrules: []\n', 'yaml.documents'],
    ['rules: []\n...\nchannels: {}\n', 'yaml.documents'],
  ]);
});
