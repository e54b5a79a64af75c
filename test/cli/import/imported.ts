import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { runCommand, type TestTerminal, testTerminal } from '../../support/command-line.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** Result of `belfry import` on a sample, and the folder with the rules that it wrote. */
export interface Imported {
  readonly code: number;
  readonly rules: string;
  readonly stderr: string;
  readonly folder: string;
  readonly variables: readonly string[];
}

const samples = path.join(import.meta.dirname, 'samples');
export const sampleText = (name: string): string => readFileSync(path.join(samples, name), 'utf8');

/** Imports a file of `samples`, or a URL. `belfry check` must find no problem in the rules once the variables are set. */
export const imported = (source: string, ...more: readonly string[]): Promise<Imported> =>
  importedBy(testTerminal({ cwd: samples }), [source, ...more]);

/** Imports a text from standard input. */
export const importedText = (text: string, ...more: readonly string[]): Promise<Imported> =>
  importedBy(testTerminal({ stdin: Readable.from([Buffer.from(text)]) }), ['-', ...more]);

async function importedBy(terminal: TestTerminal, args: readonly string[]): Promise<Imported> {
  const { code, stdout: rules, stderr } = await runCommand(terminal, ['import', ...args]);
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'rules.yaml'), rules);
  const checked = await runCommand(testTerminal({ cwd: folder }), ['check', '.', '--without-secrets']);
  expect(checked.stdout).toMatch(/^valid: \d+ rules? in 1 file\n$/);
  return { code, rules, stderr, folder, variables: variablesIn(rules) };
}

const variablesIn = (rules: string): string[] => [
  ...new Set([...rules.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1]!)),
];

/** Channels of a text, with the secrets in place of their references. */
export async function channelsOf(text: string, ...more: readonly string[]): Promise<readonly unknown[]> {
  const file = path.join(await temporaryFolder(), 'belfry.env');
  const { rules } = await importedText(text, ...more, '--env', file);
  const env = await readFile(file, 'utf8');
  const values = new Map(
    [...env.matchAll(/^(\w+)="(.*)"$/gm)].map(([, name, value]) => [name!, value!.replace(/\\(.)/g, '$1')]),
  );
  const { channels } = parse(rules) as { readonly channels: Readonly<Record<string, unknown>> };
  return Object.values(channels).map(
    (settings) =>
      JSON.parse(JSON.stringify(settings), (_, value: unknown) =>
        typeof value === 'string'
          ? value.replace(/\$\{env:(\w+)\}/g, (whole, name: string) => values.get(name) ?? whole)
          : value,
      ) as unknown,
  );
}

/** Problems of a rule test: whether an event of `belfry emit notify` reaches these channels. */
export async function problemsOf(folder: string, event: object, channels: readonly string[]): Promise<unknown> {
  const steps = [{ event, expect: channels.map((channel) => ({ channel })) }];
  await writeFile(
    path.join(folder, 'rules.test.yaml'),
    JSON.stringify({ tests: [{ name: 'x', at: '2026-11-23T09:00:00Z', steps }] }),
  );
  const { stdout } = await runCommand(testTerminal({ cwd: folder }), ['test', '.', '--json']);
  return (JSON.parse(stdout) as { tests: readonly { problems: unknown }[] }).tests[0]!.problems;
}
