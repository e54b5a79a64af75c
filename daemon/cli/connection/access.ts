import { existsSync } from 'node:fs';
import { refuseUnsafeEnvironment } from '../../app/environment.ts';
import type { Offline, OfflineStore } from '../../app/state/offline/offline.ts';
import { configPath, type StatePaths } from '../../app/state/paths.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { userOf } from '../../lib/terminal.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { ChannelView } from '../../http/daemon-api.ts';
import type { Audit } from '../../store/store.ts';
import { CommandError, type CommonOptions, type Terminal } from '../render/terminal.ts';
import { type AuditLogAccess, offlineAuditLog, remoteAuditLog } from './audit-log.ts';
import { type Client, type ClientDeps, openClient, tokenFor } from './client.ts';
import { type DeadLetterAccess, offlineDeadLetters, remoteDeadLetters } from './dead-letters.ts';
import { deniedNotice, locateDaemon, type Search } from './locate.ts';
import type { LocatedState } from './locate-state.ts';

/** Loads the search for state directories, which is needed only if no daemon answers. */
const importStates = () => import('./locate-state.ts');

/**
 * Access to the data of the daemon: through the API of the running one, or in its state directory while it is stopped.
 * Connections are opened on first use and closed together.
 */
export class DaemonAccess {
  readonly #terminal: Terminal;
  readonly #version: string;
  readonly #deps: ClientDeps;
  #client: Client | undefined;
  #offline: Promise<Offline> | undefined;
  #store: Promise<OfflineStore> | undefined;
  #stopped: Promise<LocatedState> | undefined;

  constructor(terminal: Terminal, version: string, clock: Clock) {
    this.#terminal = terminal;
    this.#version = version;
    const user = userOf(terminal);
    this.#deps = {
      clock,
      print: (text) => terminal.stderr.write(`belfry: ${text}\n`),
      ...(user !== undefined && { user }),
    };
  }

  config(options: CommonOptions): string {
    return configPath(options.config, this.#terminal.env, this.#terminal.cwd, existsSync);
  }

  async client(options: CommonOptions): Promise<Client> {
    if (options.url !== undefined) refuseUnsafeEnvironment(this.#terminal.env);
    const search = this.#search(options);
    const token = await tokenFor(
      options,
      this.#terminal.env,
      async () => (await (await importStates()).locateState(search)).paths,
    );
    this.#client ??= openClient(
      { ...options, ...(token !== undefined && { token }) },
      (agent) => locateDaemon(search, agent),
      this.#deps,
    );
    return this.#client;
  }

  /** State directory in whose inbox an event can be left while no daemon runs, or the reason why there is none. */
  async inbox(options: CommonOptions): Promise<StatePaths | string> {
    const { locateInbox } = await importStates();
    return locateInbox(this.#search(options), this.#terminal);
  }

  /**
   * State directory of the daemon on the rules, for work on it while no daemon runs. A command of root continues as the owner of the
   * directory, so files that the user named must be open before. Rejects with exit 69 if there is none, 78 if it may not be used.
   */
  async stoppedState(options: CommonOptions): Promise<StatePaths> {
    this.#stopped ??= this.#locateStopped(options);
    return (await this.#stopped).paths;
  }

  async deadLetters(options: CommonOptions): Promise<DeadLetterAccess> {
    const client = await this.runningClient(options);
    if (client !== undefined) return remoteDeadLetters(client);
    await this.#refuseShared(options);
    const { deadLetters } = await this.stoppedState(options);
    const { offlineDeadLines } = await import('../../app/state/offline/dead-letters.ts');
    return offlineDeadLetters(
      {
        list: () => offlineDeadLines(deadLetters),
        store: async () => (await this.#openStore(options)).daemon,
        channels: async () => (await this.#openChannels(options)).daemon,
      },
      this.#deps,
    );
  }

  async audit(options: CommonOptions): Promise<Audit> {
    const client = await this.runningClient(options);
    if (client !== undefined) return client.call<Audit>('GET', '/v1/audit');
    return (await this.#openStore(options)).daemon.audit();
  }

  /** The audit log: of the running daemon, or else in the state directory. It needs neither the rules nor a lock. */
  async auditLog(options: CommonOptions): Promise<AuditLogAccess> {
    const client = await this.runningClient(options);
    if (client !== undefined) return remoteAuditLog(client);
    const { state } = await this.stoppedState(options);
    const { auditChain, auditPage } = await import('../../app/identity/audit/read.ts');
    return offlineAuditLog({ page: (query) => auditPage(state, query), chain: () => auditChain(state) }, this.#deps);
  }

  async channels(options: CommonOptions): Promise<readonly ChannelView[]> {
    const client = await this.runningClient(options);
    if (client === undefined) return (await this.#openChannels(options)).daemon.channels();
    return (await client.call<{ channels: readonly ChannelView[] }>('GET', '/v1/channels')).channels;
  }

  /** Blocks of a backup: of the running daemon, or else of the state directory of the stopped one. */
  async *backup(options: CommonOptions): AsyncGenerator<Buffer> {
    const client = await this.runningClient(options);
    if (client !== undefined) {
      yield* client.bytes('/v1/backup', this.#terminal.interrupted);
      return;
    }
    const paths = await this.stoppedState(options);
    const { backupStopped } = await import('../../app/backup/backup.ts');
    yield* backupStopped({ paths, version: this.#version, clock: this.#deps.clock });
  }

  async close(): Promise<void> {
    await this.#client?.close();
    for (const opened of [this.#offline, this.#store]) await (await opened?.catch(() => undefined))?.close();
  }

  /**
   * Client of the daemon if one answers, else undefined: the caller then uses the files on this machine. With `--url` no answer is an
   * error; with `--offline` no daemon is asked. `onMissing` gets the error that names the places where a daemon was searched.
   */
  async runningClient(
    options: CommonOptions,
    onMissing: (error: CommandError) => void = (error) => this.#noteDenied(error),
  ): Promise<Client | undefined> {
    if (options.offline === true) {
      if (options.url === undefined) return undefined;
      throw new CommandError(EXIT.usage, '--offline and --url exclude each other: --url asks the daemon there');
    }
    const client = await this.client(options);
    try {
      await client.call('GET', '/healthz');
      return client;
    } catch (error) {
      if (options.url !== undefined || !(error instanceof CommandError) || error.exit !== EXIT.unreachable) throw error;
      onMissing(error);
      return undefined;
    }
  }

  /** Prints that a daemon may run whose group the user may join: the error that follows names only the state directory. */
  #noteDenied(error: Error): void {
    const notice = deniedNotice(error);
    if (notice?.includes('join group ') === true) this.#deps.print(notice);
  }

  #search(options: CommonOptions): Search {
    const { env, cwd } = this.#terminal;
    return { config: this.config(options), env, cwd, clock: this.#deps.clock, timeout: options.timeout };
  }

  async #locateStopped(options: CommonOptions): Promise<LocatedState> {
    const search = this.#search(options);
    const { closedStateText, continueAsOwner } = await import('../../app/state/state-owner.ts');
    const located = await (await importStates()).locateState(search);
    const { paths, hasRun, closed, tried, certain } = located;
    const [first] = closed;
    if (!hasRun && first !== undefined) {
      const text = await closedStateText(first, this.#terminal);
      throw new CommandError(EXIT.config, text ?? `the state directory ${first} cannot be read`);
    }
    if (!existsSync(search.config))
      throw new CommandError(
        EXIT.unreachable,
        `the daemon is not running, and there are no rules at ${search.config}; name those of the daemon with \`--config\``,
      );
    if (certain && !existsSync(paths.state))
      throw new CommandError(
        EXIT.unreachable,
        `the daemon is not running, and there is no state directory at ${paths.state} (looked in ${tried.join(', ')}); set \`daemon.state\` in the rules or $STATE_DIRECTORY to that of the daemon`,
      );
    await continueAsOwner(this.#terminal, { state: paths.state, config: search.config });
    return located;
  }

  /** Rejects with exit 69 if the state is in PostgreSQL: a command cannot do the work of an instance. Rules that cannot be read refuse nothing. */
  async #refuseShared(options: CommonOptions): Promise<void> {
    const { readStoreSettings } = await import('../../reload/daemon-settings.ts');
    const { type } = await readStoreSettings(this.config(options), this.#terminal.env);
    if (type !== 'postgres') return;
    const { needsInstance } = await import('../../app/state/offline/needs-instance.ts');
    throw needsInstance();
  }

  async #openStore(options: CommonOptions): Promise<OfflineStore> {
    await this.#refuseShared(options);
    const paths = await this.stoppedState(options);
    const { openOfflineStore } = await import('../../app/state/offline/offline.ts');
    this.#store ??= openOfflineStore(paths, { terminal: this.#terminal, clock: this.#deps.clock });
    return this.#store;
  }

  async #openChannels(options: CommonOptions): Promise<Offline> {
    const { state } = await this.stoppedState(options);
    const { openOffline } = await import('../../app/state/offline/offline.ts');
    const env = { ...this.#terminal.env, STATE_DIRECTORY: state };
    this.#offline ??= openOffline({
      config: this.config(options),
      terminal: { ...this.#terminal, env },
      version: this.#version,
      clock: this.#deps.clock,
    });
    return this.#offline;
  }
}
