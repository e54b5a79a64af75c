import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { commandTree } from '../../daemon/cli/program.ts';
import type { Terminal } from '../../daemon/lib/terminal.ts';

const root = path.resolve(import.meta.dirname, '../..');

const pages = ['README.md', 'README.zh-CN.md', 'CONTRIBUTING.md', 'SECURITY.md'].concat(
  ['docs', 'examples', 'monitoring'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => path.posix.join(folder, file)),
  ),
);

/** Commands in a page: the words after `belfry`, up to the end of the code span or the line. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\bbelfry ([a-z][^`\n|]*)/g)].map(([, words]) => words!.replace(/ #.*/, ''));

function commandOf(program: Command, words: readonly string[]): Command | undefined {
  const command = program.commands.find((one) => one.name() === words[0]);
  return command?.commands.find((one) => one.name() === words[1]) ?? command;
}

/** Options in a text that its command does not have. A group has those of its sub-commands, one of which may be the default. */
function unknownOptions(program: Command, text: string): readonly string[] {
  const command = commandOf(program, text.split(' '));
  if (command === undefined) return [];
  const known = [command, ...command.commands].flatMap(({ options }) => options.map(({ long }) => long));
  const given = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([option]) => option);
  return given.filter((option) => option !== '--help' && !known.includes(option));
}

test('every option that a page shows with a command exists', async () => {
  const program = await commandTree({ env: {}, cwd: '/' } as unknown as Terminal, '1.2.3', () => {});
  const commands = pages.flatMap((page) =>
    commandsIn(readFileSync(path.join(root, page), 'utf8')).map((text) => ({ page, text })),
  );
  expect(commands.filter(({ text }) => text.includes('--')).length).toBeGreaterThan(50);
  expect(commands.filter(({ text }) => unknownOptions(program, text).length > 0)).toEqual([]);
});
