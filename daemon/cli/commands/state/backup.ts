import { once } from 'node:events';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { DaemonAccess } from '../../connection/access.ts';
import { SHORT_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { refusePostgres } from './refuse-postgres.ts';

interface BackupOptions extends CommonOptions {
  readonly force?: boolean;
  readonly skipCheck?: boolean;
}

/** Name of standard output. */
const STDOUT = '-';
const OWNER_ONLY = 0o600;
const COMPRESSED = /\.t?gz$/;

export const verb: Verb = (program, { terminal, access, config, run }) => {
  daemonOptions(program.command('backup'))
    .description('copy the state directory into one file, also while the daemon runs')
    .addArgument(
      new TypedArgument(
        '<file>',
        NAME,
        'the backup, a tar archive; compressed if it ends in .gz or .tgz; - is standard output',
      ),
    )
    .option('--force', 'replace the file if it exists, once the new backup is complete')
    .option('--skip-check', 'do not extract the backup beside the file to check its store')
    .addHelpText('after', '\nThe backup contains the keys and every event: keep it as secret as the state directory.')
    .action((file: string, options: BackupOptions) =>
      run(async () => {
        if (options.url === undefined) await refusePostgres(config(options), terminal);
        if (file === STDOUT) return printBackup(terminal, access, options);
        return writeBackup(file, { terminal, access, config: config(options) }, options);
      }, SHORT_GRACE_MS),
    );
};

async function printBackup(terminal: Terminal, access: DaemonAccess, options: BackupOptions): Promise<number> {
  const { stdout, interrupted } = terminal;
  if (stdout.isTTY)
    throw new CommandError(EXIT.usage, 'a backup is not text: write it to a file, or send it into a pipe');
  try {
    // A reader that has gone and a full disk interrupt the command.
    for await (const block of access.backup(options))
      if (!stdout.write(block)) await once(stdout, 'drain', { signal: interrupted });
  } catch (error) {
    if (!interrupted.aborted) throw error;
  }
  if (interrupted.aborted) throw new CommandError(EXIT.interrupted, 'interrupted; the backup is not complete');
  return EXIT.ok;
}

interface BackupDeps {
  readonly terminal: Terminal;
  readonly access: DaemonAccess;
  readonly config: string;
}

async function writeBackup(named: string, deps: BackupDeps, options: BackupOptions): Promise<number> {
  const { terminal } = deps;
  const file = await targetOf(path.resolve(terminal.cwd, named), options.force === true);
  const [{ writeAtomically }, { checkBackup, commandLog }, { backupJson, backupLines, backupWarnings, fileError }] =
    await Promise.all([
      import('../../../lib/files/atomic-file.ts'),
      import('../../../app/backup/check.ts'),
      import('../../render/backup.ts'),
    ]);
  const suffix = `${terminal.pid}.partial`;
  const partial = path.join(path.dirname(file), `.${path.basename(file)}.${suffix}`);
  let checked: Awaited<ReturnType<typeof checkBackup>> | undefined;
  let failure: unknown;
  const isDeep = options.skipCheck !== true;
  const isSound = async (): Promise<boolean> => {
    try {
      checked = await checkBackup(partial, file, isDeep, commandLog(terminal));
    } catch (error) {
      failure = error;
    }
    return checked !== undefined;
  };
  try {
    await writeAtomically(file, await blocksOf(file, deps, options), OWNER_ONLY, isSound, suffix);
    if (checked === undefined) throw ofStore(failure);
  } catch (error) {
    throw fileError(error, `there is no new backup${options.force ? ', and an earlier one is as it was' : ''}`);
  }
  const { size } = await stat(file);
  if (options.json) jsonLine(terminal, { file, bytes: size, checked: isDeep, ...backupJson(checked) });
  else
    for (const text of [`${file}: ${size} bytes${isDeep ? ', checked' : ''}`, ...backupLines(checked)])
      line(terminal, text);
  for (const warning of backupWarnings(checked)) terminal.stderr.write(`belfry: ${warning}\n`);
  return EXIT.ok;
}

/** Error of the check of a new backup. Damage of its store is that of the state directory. */
function ofStore(failure: unknown): unknown {
  if (!(failure instanceof BelfryError) || failure.code !== 'backup.damaged') return failure;
  return new CommandError(
    EXIT.failed,
    'the store of the state directory is malformed, so there is no new backup; `belfry audit` says since when, and what to do',
    { cause: failure },
  );
}

/** Path of the file that is written; symbolic links are followed. */
async function targetOf(file: string, mayReplace: boolean): Promise<string> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CommandError(EXIT.failed, `${file} cannot be written: ${error.message}`);
  });
  if (found === undefined) {
    if ((await stat(path.dirname(file)).catch(() => undefined))?.isDirectory()) return file;
    throw new CommandError(EXIT.failed, `there is no folder ${path.dirname(file)}; create it first`);
  }
  if (!found.isFile())
    throw new CommandError(EXIT.failed, `${file} is not a regular file; name a file, or - for standard output`);
  if (!mayReplace) throw new CommandError(EXIT.failed, `${file} exists; name another file, or replace it with --force`);
  return realpath(file);
}

/** The bytes of the file. */
async function blocksOf(
  file: string,
  { terminal, access, config }: BackupDeps,
  options: BackupOptions,
): Promise<AsyncIterable<Buffer>> {
  // Root reads the state of a stopped daemon as its owner, who may not be allowed to write the file. So another process reads it.
  const isOther = terminal.uid === 0 && (await access.runningClient(options)) === undefined;
  const blocks = isOther
    ? (await import('../../connection/backup-by-owner.ts')).backupByOwner(terminal, config)
    : access.backup(options);
  if (!COMPRESSED.test(file)) return blocks;
  const [{ pipeline, Readable }, { createGzip }] = await Promise.all([import('node:stream'), import('node:zlib')]);
  return pipeline(Readable.from(blocks), createGzip(), () => undefined) as AsyncIterable<Buffer>;
}
