import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import { problemText } from '../../../core/problems/problem-text.ts';
import type { PostgresSettings } from '../../../core/ruleset.ts';
import { Scrubber } from '../../../lib/secrets/scrubber.ts';
import type { Verb } from '../../context.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

interface MigrateOptions extends CommonOptions {
  readonly check?: boolean;
}

export const declareMigrate: Verb = (store, { terminal, config, run }) => {
  store
    .command('migrate')
    .description('create or upgrade the schema of the database, in one transaction')
    .option('--check', 'change nothing; exit 1 if the schema has to be created or upgraded')
    .addHelpText(
      'after',
      '\nAfter an upgrade, instances of the earlier version end what is in flight, take no more work, and do not start again.',
    )
    .action((options: MigrateOptions) => run(() => migrateStore({ terminal, config: config(options) }, options)));
};

interface MigrateDeps {
  readonly terminal: Terminal;
  readonly config: string;
}

async function migrateStore(deps: MigrateDeps, options: MigrateOptions): Promise<number> {
  const { store, scrubber } = await postgresSettings(deps);
  try {
    return await (options.check ? checkSchema : migrateSchema)(store, deps.terminal, options);
  } catch (error) {
    const safe = scrubber.scrubError(error);
    if (!(safe instanceof BelfryError) || safe.code !== 'store.unavailable') throw safe;
    throw new CommandError(EXIT.unreachable, safe.message.replace(/; send it again later$/, ''), { cause: safe });
  }
}

async function migrateSchema(
  { url, schema }: PostgresSettings,
  terminal: Terminal,
  { json }: MigrateOptions,
): Promise<number> {
  const { migrate } = await import('../../../store/postgres/schema/migrate.ts');
  const { from, to } = await migrate({ url: url.reveal(), schema });
  const done = from === 0 ? 'created' : from === to ? 'nothing to do' : `upgraded from version ${from}`;
  if (json) jsonLine(terminal, { schema, from, to });
  else line(terminal, `schema ${schema}: ${done}; version ${to}`);
  return EXIT.ok;
}

async function checkSchema(
  { url, schema }: PostgresSettings,
  terminal: Terminal,
  { json }: MigrateOptions,
): Promise<number> {
  const { refuseOtherSchema, schemaState } = await import('../../../store/postgres/schema/migrate.ts');
  const state = await schemaState({ url: url.reveal(), schema });
  if (state.kind === 'newer') refuseOtherSchema(state, schema);
  const isDue = state.kind !== 'current';
  const version = state.kind === 'missing' ? 0 : state.version;
  if (json) jsonLine(terminal, { schema, version, migration_due: isDue });
  else if (state.kind === 'missing')
    line(terminal, `schema ${schema}: it does not exist; belfry store migrate creates it`);
  else
    line(
      terminal,
      `schema ${schema}: version ${version}; ${isDue ? 'belfry store migrate upgrades it' : 'nothing to do'}`,
    );
  return isDue ? EXIT.failed : EXIT.ok;
}

/** Settings of the store, read without the other settings and their secrets. Rejects with exit 78 if there are none. */
async function postgresSettings({
  terminal,
  config,
}: MigrateDeps): Promise<{ readonly store: PostgresSettings; readonly scrubber: Scrubber }> {
  const { readStoreSettings } = await import('../../../reload/daemon-settings.ts');
  const { type, store, problems, secrets } = await readStoreSettings(config, terminal.env);
  const scrubber = new Scrubber();
  for (const secret of secrets) scrubber.add(secret);
  if (store?.type === 'postgres') return { store, scrubber };
  if (type === 'sqlite')
    throw new CommandError(
      EXIT.config,
      `the rules at ${config} keep the state in SQLite, which is upgraded at the start of the daemon; for PostgreSQL set \`daemon.store: { type: postgres, url: ... }\``,
    );
  const texts = problems.map((problem) => scrubber.scrub(problemText(problem, undefined)));
  throw new CommandError(EXIT.config, ['`daemon.store` cannot be read:', ...texts].join('\n'));
}
