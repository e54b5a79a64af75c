import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
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
  const variables = [...new Set([...rules.matchAll(/\$\{env:(\w+)\}/g)].map((match) => match[1]!))];
  return { code, rules, stderr, folder, variables };
}
