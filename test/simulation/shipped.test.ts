import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STARTER_RULES } from '../../daemon/app/starter/starter-rules.ts';
import { schemas } from '../../daemon/core/schema/generate.ts';
import { registry } from '../support/rule-types.ts';
import { withChannelsSetUp } from '../support/starter-channels.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { runCommand, testTerminal } from '../support/command-line.ts';

const root = path.resolve(import.meta.dirname, '../..');

async function belfry(cwd: string, ...args: readonly string[]) {
  const { code, stdout: out } = await runCommand(testTerminal({ env: {}, cwd }), args);
  return { code, out };
}

it('the shipped rules pass their tests', async () => {
  const { code, out } = await belfry(root, 'test', 'rules');
  expect(out).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  expect(code).toBe(0);
});

it('the rules that `belfry init` writes pass their tests', async () => {
  const cwd = await temporaryFolder();
  expect((await belfry(cwd, 'init', 'mine')).code).toBe(0);
  const { code, out } = await belfry(cwd, 'test', 'mine');
  expect(out).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
  expect(code).toBe(0);
});

/** Rules about the daemon itself that `belfry init` writes, with the channels of `rules/hello.yaml`. */
it('rules/belfry.yaml is that of `belfry init` for other channels', () => {
  const expected = STARTER_RULES['belfry.yaml']!.replaceAll(/\bmail\b/g, 'terminal')
    .replaceAll(/\bpager\b/g, 'outbox')
    .replace('$schema=', '$schema=../schemas/');
  expect(readFileSync(path.join(root, 'rules/belfry.yaml'), 'utf8')).toBe(expected);
});

it('every channel that `belfry init` writes is valid once it is set up', async () => {
  const cwd = await temporaryFolder();
  expect((await belfry(cwd, 'init', 'mine')).code).toBe(0);
  const setUp = withChannelsSetUp(STARTER_RULES['channels.yaml']!);
  writeFileSync(path.join(cwd, 'mine', 'channels.yaml'), setUp);
  const { out } = await belfry(cwd, 'check', 'mine', '--without-secrets', '--strict');
  expect(out).toMatch(/^valid: 8 rules in 3 files/);
  const channels = Object.values((parse(setUp) as { channels: Record<string, { type: string }> }).channels);
  expect(channels.filter(({ type }) => type === 'log')).toHaveLength(1);
  expect(channels.length).toBeGreaterThan(10);
});

describe('the schema of test files', () => {
  const schema = schemas(registry).tests!;
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const files = readdirSync(path.join(root, 'examples'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/rules.test.yaml`)
    .filter((file) => existsSync(path.join(root, file)));

  it.each(['rules/hello.test.yaml', ...files])('accepts %s', (file) => {
    const valid = validate(parse(readFileSync(path.join(root, file), 'utf8'), { merge: true }));
    expect(validate.errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it.each([
    'test: []',
    'tests: []',
    'tests: [{ name: a }]',
    'tests: [{ name: a, steps: [{ evnet: { type: x } }] }]',
    'tests: [{ name: a, steps: [{ after: 5 }] }]',
    'tests: [{ name: a, steps: [{ after: soon }] }]',
    'tests: [{ name: a, answers: { ops: maybe }, steps: [{ after: 1s }] }]',
    'tests: [{ name: a, steps: [{ after: 1s, expect: [{ titel: x }] }] }]',
    'tests: [{ name: a, steps: [{ after: 1s, expect: [{ title: { contians: x } }] }] }]',
    'tests: [{ name: a, steps: [{ after: 1s, outcomes: { r: [] } }] }]',
  ])('refuses %s', (text) => {
    expect(validate(parse(text))).toBe(false);
  });
});
