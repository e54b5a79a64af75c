import { BelfryError, EXIT } from './failure.ts';

/** Error of a backup or restore of a store on PostgreSQL, whose own programs do it. `schema` is undefined where it is not known. */
export function usePgDump(schema = 'belfry'): BelfryError {
  return new BelfryError(
    'backup.postgres',
    `the state is in PostgreSQL (\`daemon.store\`), so this command has nothing to copy: back it up with \`pg_dump --format=custom --schema=${schema}\`, and restore that with \`pg_restore\`, while no instance runs`,
    { exit: EXIT.config },
  );
}
