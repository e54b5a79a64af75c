import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import type { PostgresSettings } from '../../core/ruleset.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { DatabaseFacts } from '../../store/database-facts.ts';
import type { DoctorCheck } from '../check.ts';

const OLDEST_MAJOR = 14;
const MAX_CLOCK_DIFFERENCE_MS = 2000;
const MAX_LISTED = 5;

/** Check that applies only to a store on a PostgreSQL server that answers. */
const ofServer =
  (results: (facts: DatabaseFacts, settings: PostgresSettings) => readonly DoctorResult[]): DoctorCheck['run'] =>
  async ({ database, ruleset }) => {
    const facts = await database?.();
    const settings = ruleset?.daemon.store;
    if (facts === undefined || 'unreachable' in facts || settings?.type !== 'postgres') return [];
    return results(facts, settings);
  };

export const postgresChecks: readonly DoctorCheck[] = [
  {
    name: 'postgres.reachable',
    group: 'postgres',
    about: 'The PostgreSQL server of the store cannot be reached, or refuses the user.',
    mend: 'start the server, correct `daemon.store.url`, or the lines of pg_hba.conf and the password',
    async run({ database }) {
      const facts = await database?.();
      if (facts === undefined) return [];
      return ['unreachable' in facts ? fail(facts.unreachable) : ok(`PostgreSQL ${facts.version} answers`)];
    },
  },
  {
    name: 'postgres.server',
    group: 'postgres',
    about: 'The server is too old, only reads because it is a standby, or the database cannot store every text.',
    mend: 'connect to the primary server of PostgreSQL 14 or later, and create the database with `ENCODING UTF8`',
    run: ofServer(serverResults),
  },
  {
    name: 'postgres.schema',
    group: 'postgres',
    about:
      'The tables of the store do not exist, or have another version than this program, so that no instance starts.',
    mend: 'run `belfry store migrate`',
    run: ofServer(({ schemaFault }, { schema }) => [
      schemaFault === undefined ? ok(`the schema ${schema} has the version of this program`) : fail(schemaFault),
    ]),
  },
  {
    name: 'postgres.privileges',
    group: 'postgres',
    about: 'The user of the store may not read or write its tables, or run its functions.',
    mend: 'run `belfry store migrate` as the user of `daemon.store.url`, so that it owns them, or grant the privileges (GRANT)',
    run: ofServer(({ user, missingPrivileges: missing }, { schema }) => {
      if (missing.length === 0) return [ok(`${user} may use everything in the schema ${schema}`)];
      const more = missing.length > MAX_LISTED ? `, and ${missing.length - MAX_LISTED} more` : '';
      return [fail(`${user} lacks ${missing.slice(0, MAX_LISTED).join(', ')}${more}`)];
    }),
  },
  {
    name: 'postgres.notifications',
    group: 'postgres',
    about:
      'Notifications do not arrive, because a pooler shares connections (PgBouncer with `pool_mode = transaction`): instances ask twice a second instead.',
    mend: 'connect to the server directly or by a pooler with `pool_mode = session`',
    run: ofServer(({ isNotified, isStandby }) => {
      if (isStandby) return [];
      return [
        isNotified
          ? ok('notifications arrive')
          : warn(
              'a notification did not arrive: what one instance did is known to the others up to half a second later',
            ),
      ];
    }),
  },
  {
    name: 'postgres.clock',
    group: 'postgres',
    about: 'The clock of this machine and that of the server differ by more than 2 s.',
    mend: 'set both by NTP (timedatectl set-ntp true)',
    run: ofServer(({ clockAhead }) => {
      const difference = Math.abs(clockAhead);
      if (difference <= MAX_CLOCK_DIFFERENCE_MS) return [ok('the clock is that of the server')];
      const text = formatDuration(Math.round(difference / 1000) * 1000);
      return [warn(`this clock is ${text} ${clockAhead > 0 ? 'ahead of' : 'behind'} that of the server`)];
    }),
  },
  {
    name: 'postgres.connections',
    group: 'postgres',
    about: 'The server allows fewer connections than the instances need: each takes `pool` and one more.',
    mend: 'raise `max_connections` (or the CONNECTION LIMIT of the user or the database), or lower `daemon.store.pool`',
    run: ofServer(connectionResults),
  },
  {
    name: 'postgres.durability',
    group: 'postgres',
    about:
      'A commit is not on the disk of the server before it counts, so that a crash loses events that were answered 2xx.',
    mend: 'set `fsync`, `full_page_writes` and `synchronous_commit` to `on`, and remove `daemon.store.synchronous: false`',
    run: ofServer(durabilityResults),
  },
  {
    name: 'postgres.replication',
    group: 'postgres',
    about:
      'Standbys replicate asynchronously, so that a failover can lose the last commits; or commits wait for a standby that is away.',
    mend: "set `synchronous_standby_names = 'ANY 1 (*)'` with two standbys or more, or accept the loss: see docs/cluster.md",
    run: ofServer(replicationResults),
  },
  {
    name: 'postgres.held',
    group: 'postgres',
    about:
      'A transaction older than five minutes or an unused replication slot keeps dead rows and log segments: the disk fills, and queries get slower.',
    mend: 'end it: `SELECT pg_terminate_backend(PID)`, `ROLLBACK PREPARED`, `SELECT pg_drop_replication_slot(NAME)`',
    run: ofServer(({ held, seesOthers, user }) => {
      if (held.length > 0) return held.slice(0, MAX_LISTED).map((text) => warn(text));
      const limit = seesOthers
        ? ''
        : ` (${user} does not see the transactions of other users: GRANT pg_read_all_stats)`;
      return [ok(`no old transaction and no unused slot is known${limit}`)];
    }),
  },
  {
    name: 'postgres.autovacuum',
    group: 'postgres',
    about: 'Autovacuum is off, so that dead rows are never removed.',
    mend: 'set `autovacuum = on`',
    run: ofServer(({ settings }) => [
      settings.autovacuum === 'off' ? fail('autovacuum is off') : ok('autovacuum is on'),
    ]),
  },
];

function serverResults({ version, major, encoding, isStandby }: DatabaseFacts): readonly DoctorResult[] {
  const faults = [
    ...(major < OLDEST_MAJOR ? [fail(`PostgreSQL ${version} is too old; ${OLDEST_MAJOR} or later is needed`)] : []),
    ...(isStandby ? [fail('the server is a standby, which cannot be written')] : []),
    ...(encoding === 'UTF8' ? [] : [fail(`the encoding of the database is ${encoding}, not UTF8`)]),
  ];
  return faults.length > 0 ? faults : [ok(`PostgreSQL ${version} with ${encoding}`)];
}

function connectionResults(
  { maxConnections, instances }: DatabaseFacts,
  { pool }: PostgresSettings,
): readonly DoctorResult[] {
  const own = pool + 1;
  if (own > maxConnections)
    return [fail(`this instance needs ${own} connections, and the server allows ${maxConnections}`)];
  const needed = own * Math.max(1, instances);
  const text = `${instances} instances need ${needed} connections, and the server allows ${maxConnections}`;
  return [needed > maxConnections ? warn(text) : ok(text)];
}

function durabilityResults({ settings }: DatabaseFacts, { synchronous }: PostgresSettings): readonly DoctorResult[] {
  const faults = [
    ...(settings.fsync === 'off' ? [fail('`fsync` is off: a crash of the machine can destroy the database')] : []),
    ...(settings.full_page_writes === 'off' && settings.fsync === 'on'
      ? [fail('`full_page_writes` is off: a crash of the machine can destroy pages')]
      : []),
    ...(settings.synchronous_commit === 'off'
      ? [fail('`synchronous_commit` is off for this user: a crash of the server loses the last commits')]
      : []),
    ...(synchronous ? [] : [warn('`daemon.store.synchronous` is false: a crash of the server loses the last commits')]),
  ];
  return faults.length > 0 ? faults : [ok('a commit is on the disk of the server before it counts')];
}

function replicationResults({ settings, standbys: { all, synchronous } }: DatabaseFacts): readonly DoctorResult[] {
  const { synchronous_standby_names: names, synchronous_commit: commit } = settings;
  const isSynchronous = names !== '' && !['off', 'local'].includes(commit);
  if (isSynchronous && all === 0)
    return [fail('`synchronous_standby_names` is set and no standby is connected, so every commit waits for one')];
  if (all === 0) return [ok('there are no standbys')];
  if (isSynchronous) return [ok(`commits wait for standbys (${synchronous} of ${all} are synchronous)`)];
  return [
    warn(
      `${all} standbys replicate asynchronously: a failover loses the commits that had not reached the new primary, also events that were answered 2xx`,
    ),
  ];
}
