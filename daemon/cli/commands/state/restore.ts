import { constants } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import type { StatePaths } from '../../../app/state/paths.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import { LONG_GRACE_MS, type Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
import { styleOf } from '../../render/style.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';
import { refusePostgres } from './refuse-postgres.ts';

interface RestoreOptions extends CommonOptions {
  readonly state?: string;
  readonly check?: boolean;
}

export const verb: Verb = (program, { terminal, config, run }) => {
  program
    .command('restore')
    .description('write a backup into an empty state directory, while no daemon runs')
    .addArgument(new TypedArgument('<file>', NAME, 'the backup'))
    .addOption(new TypedOption('--state <dir>', NAME, 'the state directory (default: that of the rules)'))
    .option('--check', 'check the backup and restore nothing')
    .action((file: string, options: RestoreOptions) =>
      run(
        () => restore(path.resolve(terminal.cwd, file), { terminal, config: config(options) }, options),
        LONG_GRACE_MS,
      ),
    );
};

interface RestoreDeps {
  readonly terminal: Terminal;
  readonly config: string;
}

async function restore(file: string, deps: RestoreDeps, options: RestoreOptions): Promise<number> {
  const { terminal } = deps;
  const [{ checkBackup, commandLog }, { backupJson, backupLines, backupWarnings, fileError }] = await Promise.all([
    import('../../../app/backup/check.ts'),
    import('../../render/backup.ts'),
  ]);
  try {
    const state = options.check ? undefined : await targetOf(deps, options);
    const restored = state
      ? await restoreInto(state, file, deps, options)
      : await checkBackup(file, file, true, commandLog(terminal));
    const { head } = restored;
    const { time } = styleOf(terminal, options);
    if (options.json)
      jsonLine(terminal, { file: await nameOf(file), ...(state && { state: state.state }), ...backupJson(restored) });
    else {
      const from = `made at ${time(head.created_at)} by belfry ${head.belfry} of ${head.state}`;
      line(
        terminal,
        state ? `${state.state}: restored from ${await nameOf(file)}, ${from}` : `${file}: sound, ${from}`,
      );
      for (const text of backupLines(restored)) line(terminal, text);
    }
    for (const warning of backupWarnings(restored)) terminal.stderr.write(`belfry: ${warning}\n`);
    return EXIT.ok;
  } catch (error) {
    throw fileError(error, 'nothing was restored');
  }
}

/** A file that this process was started with, instead of the name of one. */
const OPEN_FILE = /^\/dev\/fd\/(\d+)$/;

async function restoreInto(paths: StatePaths, named: string, deps: RestoreDeps, options: RestoreOptions) {
  const { terminal, config } = deps;
  const { state } = paths;
  const [{ openRegularFile }, { restoreBackup }, { continueAsOwner }, { stateError }, { commandLog }] =
    await Promise.all([
      import('../../../lib/files/regular-file.ts'),
      import('../../../app/backup/restore.ts'),
      import('../../../app/state/state-owner.ts'),
      import('../../../app/state/check-state.ts'),
      import('../../../app/backup/check.ts'),
    ]);
  const number = OPEN_FILE.exec(named)?.[1];
  // The file is opened before root continues as the owner of the state directory, who may not be allowed to read it.
  const handle = number === undefined ? await openRegularFile(named, constants.O_RDONLY) : undefined;
  const fd = handle?.fd ?? Number(number);
  try {
    const flags = (['json', 'utc'] as const).filter((name) => options[name]).map((name) => `--${name}`);
    const args = ['restore', '/dev/fd/3', '--state', state, ...flags];
    await continueAsOwner(terminal, { state, config, args, fd });
    return await restoreBackup({ fd }, await nameOf(named), state, commandLog(terminal)).catch((error: unknown) => {
      throw stateError(error, paths);
    });
  } finally {
    await handle?.close();
  }
}

/** Name of a file for messages: that of the open one. */
async function nameOf(file: string): Promise<string> {
  return OPEN_FILE.test(file) ? readlink(file.replace('/dev', '/proc/self')).catch(() => file) : file;
}

/** The directory of `--state`, else the one that the rules or the environment set, else the default one. */
async function targetOf({ terminal, config }: RestoreDeps, { state }: RestoreOptions): Promise<StatePaths> {
  const { env, cwd, uid } = terminal;
  const { serviceStates, statePaths } = await import('../../../app/state/paths.ts');
  if (state !== undefined) return statePaths({ state: path.resolve(cwd, state) }, env, cwd);
  await refusePostgres(config, { env });
  const { readSettingsOf } = await import('../../connection/locate.ts');
  const { settings, certain } = await readSettingsOf({ config, env });
  if (settings.state !== undefined || env.STATE_DIRECTORY) return statePaths(settings, env, cwd);
  const [service] = serviceStates(env);
  // A daemon hardly ever runs as root, so the default directory of root is not used.
  if (uid === 0 && (await stat(service!).catch(() => undefined)) !== undefined)
    return statePaths({ ...settings, state: service! }, env, cwd);
  if (certain && uid !== 0) return statePaths(settings, env, cwd);
  throw new CommandError(
    EXIT.config,
    certain
      ? 'the state directory is not known: the rules do not set `daemon.state`; name it with `--state`'
      : `the state directory is not known: the rules at ${config} do not load; name it with \`--state\``,
  );
}
