import { existsSync } from 'node:fs';
import { refuseUnsafeEnvironment } from '../../app/environment.ts';
import type { Offline } from '../../app/state/offline.ts';
import { configPath, type StatePaths, statePaths } from '../../app/state/paths.ts';
import { EXIT } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Audit } from '../../store/store.ts';
import { CommandError, type CommonOptions, type Terminal } from '../render/terminal.ts';
import { type Client, type ClientDeps, openClient, tokenFor } from './client.ts';
import { type DeadLetterAccess, offlineDeadLetters, remoteDeadLetters } from './dead-letters.ts';
import { locateDaemon, locateInbox, locateState, type NoInbox, type Search } from './locate.ts';

/**
 * Access to the data of the daemon: through the API of the running one, or in its state directory while it is stopped.
 * Connections are opened on first use and closed together.
 */
export class DaemonAccess {
  readonly #terminal: Terminal;
  readonly #version: string;
  readonly #deps: ClientDeps;
  #client: Client | undefined;
  #offline: Offline | undefined;

  constructor(terminal: Terminal, version: string, clock: Clock) {
    this.#terminal = terminal;
    this.#version = version;
    this.#deps = { clock, print: (text) => terminal.stderr.write(`belfry: ${text}\n`) };
  }

  config(options: CommonOptions): string {
    return configPath(options.config, this.#terminal.env, this.#terminal.cwd, existsSync);
  }

  async client(options: CommonOptions): Promise<Client> {
    if (options.url !== undefined) refuseUnsafeEnvironment(this.#terminal.env);
    const search = this.#search(options);
    const token = await tokenFor(options, this.#terminal.env, () => locateState(search));
    this.#client ??= openClient(
      { ...options, ...(token !== undefined && { token }) },
      () => locateDaemon(search),
      this.#deps,
    );
    return this.#client;
  }

  /** State directory in whose inbox an event can be left while no daemon runs, or the reason why there is none. */
  inbox(options: CommonOptions): Promise<StatePaths | NoInbox> {
    return locateInbox(this.#search(options));
  }

  async deadLetters(options: CommonOptions): Promise<DeadLetterAccess> {
    if (await this.#running(options)) return remoteDeadLetters(await this.client(options));
    return offlineDeadLetters((await this.#open(options)).daemon, this.#deps);
  }

  async audit(options: CommonOptions): Promise<Audit> {
    if (await this.#running(options)) return (await this.client(options)).call<Audit>('GET', '/v1/audit');
    return (await this.#open(options)).daemon.audit();
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#offline?.close();
  }

  #search(options: CommonOptions): Search {
    const { env, cwd } = this.#terminal;
    return { config: this.config(options), env, cwd, clock: this.#deps.clock };
  }

  /** Test whether a daemon answers. With `--url` it must; without, the state directory on this machine is used instead. */
  async #running(options: CommonOptions): Promise<boolean> {
    try {
      await (await this.client(options)).call('GET', '/healthz');
      return true;
    } catch (error) {
      if (options.url === undefined && error instanceof CommandError && error.exit === EXIT.unreachable) return false;
      throw error;
    }
  }

  async #open(options: CommonOptions): Promise<Offline> {
    const { config, env, cwd } = this.#search(options);
    const { readDaemonSettings } = await import('../../reload/daemon-settings.ts');
    const { settings, certain } = await readDaemonSettings(config, env);
    const paths = statePaths(settings, env, cwd);
    if (certain && !existsSync(paths.state))
      throw new CommandError(
        EXIT.unreachable,
        `the daemon is not running, and there is no state directory at ${paths.state}`,
      );
    const { openOffline } = await import('../../app/state/offline.ts');
    this.#offline ??= await openOffline({
      config: this.config(options),
      terminal: this.#terminal,
      version: this.#version,
      clock: this.#deps.clock,
    });
    return this.#offline;
  }
}
