import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { manPage } from '../../daemon/cli/man-page.ts';
import { commandTree } from '../../daemon/cli/program.ts';
import type { Terminal } from '../../daemon/lib/terminal.ts';
import { EXIT } from '../../daemon/core/problems/failure.ts';

const tree = (): Promise<Command> => commandTree({ env: {}, cwd: '/' } as unknown as Terminal, '1.2.3', () => {});
const pageOf = (program: Command): string => manPage(program, { version: '1.2.3', date: '2026-11-30' });

/** Text without the escapes of groff. */
const plain = (text: string): string =>
  text
    .replace(/\\f[BIR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '');

function leaves(command: Command, path = 'belfry'): readonly (readonly [path: string, command: Command])[] {
  return command.commands.flatMap((child) =>
    child.commands.length > 0
      ? leaves(child, `${path} ${child.name()}`)
      : [[`${path} ${child.name()}`, child] as const],
  );
}

test('the manual page has every command with its options', async () => {
  const program = await tree();
  const page = plain(pageOf(program));
  for (const [path, command] of leaves(program)) {
    expect(page).toContain(`.SS ${path}`);
    for (const { flags, description } of command.options) expect(page).toContain(`.B ${flags}\n${description}`);
  }
});

test('the manual page explains every exit code', async () => {
  const page = pageOf(await tree());
  const codes = Object.entries(EXIT).filter(([name]) => name !== 'interrupted');
  for (const [, code] of codes) expect(page).toContain(`.B ${code}\n`);
});

test('a dot at the start of a line is text and no request to groff', async () => {
  const program = await tree();
  program.command('dotted').description('.hidden files');
  expect(pageOf(program)).toContain('\n\\&.hidden files.');
});
