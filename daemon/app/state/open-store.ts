import { kill } from 'node:process';
import { BelfryError } from '../../core/problems/failure.ts';
import type { DaemonSettings, PostgresSettings } from '../../core/ruleset.ts';
import { type DeadLetters, openDeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { SharedDeadLetters } from '../../delivery/dead-letters/shared-dead-letters.ts';
import { Backoff } from '../../lib/async/retry.ts';
import type { Closers } from '../../lib/async/closers.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Terminal } from '../../lib/terminal.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Live } from '../../reload/live.ts';
import { readStoreSettings } from '../../reload/daemon-settings.ts';
import { openStore as openSqlite } from '../../store/sqlite/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { instanceName, type StatePaths } from './paths.ts';

interface OpenStoreDeps {
  readonly settings: Pick<DaemonSettings, 'store' | 'instance'>;
  readonly paths: StatePaths;
  readonly closers: Closers;
  readonly scrubber: Scrubber;
  readonly log: Log;
  readonly clock: Clock;
  readonly terminal: Pick<Terminal, 'hostname' | 'pid'>;
  readonly version: string;
  /** The rules in force, of which the other instances see the number and the fingerprint. */
  readonly live: Pick<Live, 'generation' | 'fingerprint'>;
}

/** Opens the store of the settings and the dead letters that belong to it. Rejects with an error of the store. */
export async function openStoreOf(
  deps: OpenStoreDeps,
): Promise<{ readonly store: Store; readonly deadLetters: DeadLetters }> {
  const { settings } = deps;
  return settings.store.type === 'postgres' ? openShared(settings.store, deps) : openLocal(deps);
}

async function openLocal({
  paths,
  closers,
  scrubber,
  log,
}: OpenStoreDeps): Promise<{ store: Store; deadLetters: DeadLetters }> {
  const store = await openSqlite({ path: paths.state });
  closers.own('store', () => store.close());
  const deadLetters = await openDeadLetters({ path: paths.deadLetters, scrubber, log });
  closers.own('dead letters', () => deadLetters.close());
  return { store, deadLetters };
}

/** Loads the client of PostgreSQL, which a daemon with the embedded store does not need. */
async function openShared(
  { url, schema, pool, synchronous }: PostgresSettings,
  { settings, closers, scrubber, log, clock, terminal, version, live }: OpenStoreDeps,
): Promise<{ store: Store; deadLetters: DeadLetters }> {
  const { openPostgresStore } = await import('../../store/postgres/postgres.ts');
  const instance = instanceName(settings, terminal);
  if (!synchronous)
    log.warn(
      '`daemon.store.synchronous` is false: a crash of the PostgreSQL server loses its last commits, also events that were answered 2xx',
    );
  const store = await openPostgresStore({
    url: url.reveal(),
    schema,
    connections: pool,
    synchronous,
    instance,
    clock,
    isAlive,
    details: () => ({
      host: terminal.hostname,
      pid: terminal.pid,
      version,
      generation: live.generation,
      ...(live.fingerprint !== undefined && { rules: live.fingerprint }),
    }),
    onOutage: (reason) => {
      if (reason === undefined) log.info('PostgreSQL can be used again');
      else
        log.error(
          `PostgreSQL cannot be used: ${reason}; no new event is accepted until it can be used, and nothing was lost`,
        );
    },
  });
  closers.own('store', () => store.close());
  log.info({ instance, owner: store.membership.owner }, 'joined the instances on PostgreSQL');
  return { store, deadLetters: new SharedDeadLetters(store.letters, scrubber, () => store.refusing) };
}

/** Key of all instances; undefined without a store on PostgreSQL. Waits while the server cannot be reached. */
export async function sharedKeyOf({
  config,
  terminal,
  clock,
}: Pick<OpenStoreDeps, 'clock'> & { readonly config: string; readonly terminal: Terminal }): Promise<
  Buffer | undefined
> {
  const { store } = await readStoreSettings(config, terminal.env);
  if (store?.type !== 'postgres') return undefined;
  const { sharedStateKey } = await import('../../store/postgres/schema/state-key.ts');
  const target = { url: store.url.reveal(), schema: store.schema };
  const backoff = new Backoff();
  for (;;) {
    try {
      return await sharedStateKey(target, terminal.hostname);
    } catch (error) {
      if (!(error instanceof BelfryError) || error.code !== 'store.unavailable') throw error;
      terminal.stderr.write(`belfry: waiting for the store: ${error.message}\n`);
      await backoff.wait(clock, terminal.interrupted);
      if (terminal.interrupted.aborted) throw error;
    }
  }
}

/** Whether a process of this host lives. One that belongs to another user does. */
function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
