import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import { makeFolder } from '../../../lib/files/make-folder.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument } from '../../options.ts';
import type { CommonOptions, Terminal } from '../../render/terminal.ts';

interface InitCommand {
  /** Path as given, relative to the working directory. */
  readonly dir: string;
  readonly json?: boolean;
  readonly terminal: Pick<Terminal, 'cwd' | 'stdout' | 'stderr'>;
}

export const verb: Verb = (program, { terminal, run }) => {
  program
    .command('init')
    .description('create a starter rules directory')
    .addArgument(new TypedArgument('[dir]', NAME, 'the directory').default('rules'))
    .action((dir: string, { json = false }: CommonOptions) => run(() => init({ dir, json, terminal })));
};

/** Writes a first rules directory that works without changes. Refuses a directory that holds anything. */
export async function init({ dir, json, terminal }: InitCommand): Promise<number> {
  const folder = path.resolve(terminal.cwd, dir);
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : error));
  if (present instanceof Error || present.length > 0) {
    const why = present instanceof Error ? `cannot be used (${present.code ?? 'unknown'})` : 'is not empty';
    return refused(terminal, `${dir} ${why}`);
  }
  const failure = await makeFolder(folder, 0o777).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (failure !== undefined) return refused(terminal, `${dir} cannot be made (${failure.code ?? 'unknown'})`);
  const files = await starterFiles();
  try {
    await writeAll(folder, files);
  } catch (error) {
    return refused(terminal, `${dir} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  const names = Object.keys(files).map((name) => path.join(dir, name));
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ files: names })}\n`);
    return EXIT.ok;
  }
  terminal.stdout.write(`wrote ${names.join(', ')}\n${nextSteps(dir)}`);
  return EXIT.ok;
}

/** Writes new files. If one cannot be written, those that were written before are removed. */
async function writeAll(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const written: string[] = [];
  try {
    for (const [name, text] of Object.entries(files)) {
      const handle = await open(path.join(folder, name), 'wx');
      written.push(name);
      try {
        await handle.writeFile(text);
      } finally {
        await handle.close();
      }
    }
  } catch (error) {
    for (const name of written) await rm(path.join(folder, name), { force: true });
    throw error;
  }
}

/** Writes the starter rules into a folder, which is created if it is missing. */
export async function writeStarter(folder: string): Promise<void> {
  await makeFolder(folder, 0o755);
  await writeAll(folder, await starterFiles());
}

/** Files of a starter rules directory, by name: rules, their tests, and the schemas for editors. */
async function starterFiles(): Promise<Readonly<Record<string, string>>> {
  const { STARTER_RULES } = await import('../../../app/starter/starter-rules.ts');
  const { schemas } = await import('../../../core/schema/generate.ts');
  const { loadRegistry } = await import('../../registry.ts');
  const { rules, tests } = schemas(await loadRegistry());
  return {
    ...STARTER_RULES,
    'rules.schema.json': `${JSON.stringify(rules)}\n`,
    'tests.schema.json': `${JSON.stringify(tests)}\n`,
  };
}

/** Commands to try next, for the shell; `./rules` is where commands look for rules without `--config`. */
function nextSteps(dir: string): string {
  const quoted = /^[\w@%+=:,./-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", "'\\''")}'`;
  const config = dir === 'rules' ? '' : ` --config ${quoted}`;
  const steps = [
    [`belfry check ${quoted}`, 'finds mistakes'],
    [`belfry test ${quoted}`, 'runs the tests of the rules'],
    [`belfry run${config}`, 'runs the daemon in this terminal, until Ctrl-C'],
  ] as const;
  const width = Math.max(...steps.map(([command]) => command.length));
  return `
These rules work as they are and write to the log. Next:

${steps.map(([command, effect]) => `  ${command.padEnd(width)}  ${effect}\n`).join('')}
and in a second terminal, in the same folder:

  belfry emit deploy.finished conclusion=failure repository=acme/api${config}

Set up a channel in ${path.join(dir, 'channels.yaml')}, and choose in ${path.join(dir, 'belfry.yaml')} who is notified of
channels that fail and rules that do not load. Saved files are loaded within a second.
To run Belfry at each start of the machine: belfry service install --help
`;
}

function refused({ stderr }: InitCommand['terminal'], why: string): number {
  stderr.write(`belfry: ${why}; nothing was written. Name a directory that does not exist yet: belfry init DIR\n`);
  return EXIT.failed;
}
