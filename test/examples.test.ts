import { Command } from 'commander';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { channelTypes } from '../daemon/channels/index.ts';
import { check } from '../daemon/commands/check.ts';
import { verbs } from '../daemon/commands/verbs.ts';
import { sourceTypes } from '../daemon/sources/index.ts';

const root = path.resolve(import.meta.dirname, '..');
const examples = path.join(root, 'examples');
const stories = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const registry = { channels: channelTypes, sources: sourceTypes };

const text = (...parts: readonly string[]): string => readFileSync(path.join(examples, ...parts), 'utf8');

/** Stand-ins for the variables that a rules file names. */
function environmentOf(rules: string): Record<string, string> {
  const names = [...rules.matchAll(/\$\{env:(\w+)/g)].map((match) => match[1]!);
  return Object.fromEntries(
    names.map((name) => [name, name.endsWith('_URL') ? 'https://stand-in.example.com' : 'SECstandin']),
  );
}

it('there are eight stories or more, and the index names each of them', () => {
  expect(stories.length).toBeGreaterThanOrEqual(8);
  const index = text('README.md');
  expect(stories.filter((name) => !index.includes(`(${name}/README.md)`))).toEqual([]);
});

describe.each(stories)('%s', (name) => {
  it('has rules, tests and a README', () => {
    const missing = ['rules.yaml', 'rules.test.yaml', 'README.md'].filter(
      (file) => !existsSync(path.join(examples, name, file)),
    );
    expect(missing).toEqual([]);
  });

  it('has rules without a problem', async () => {
    const env = environmentOf(text(name, 'rules.yaml'));
    const { problems } = await check({ paths: [path.join('examples', name)], env, cwd: root, registry });
    expect(problems).toEqual([]);
  });
});
void Command;
void PassThrough;
void verbs;
