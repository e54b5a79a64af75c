import { existsSync } from 'node:fs';
import { refuseUnsafeEnvironment } from '../../app/environment.ts';
import { type Stopped, openStopped } from '../../app/offline.ts';
import { configPath, type StatePaths, statePaths } from '../../app/paths.ts';
import { EXIT } from '../../core/problems/failure.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { readPlaces } from '../../reload/daemon-settings.ts';
import type { Audit } from '../../store/store.ts';
import { type Client, type ClientParts, openClient, tokenFor } from './client.ts';
import { type DeadDoor, localDoor, remoteDoor } from '../commands/dead.ts';
import { locateDaemon, locateInbox, locateState, type Search, type NoInbox } from './locate.ts';
import { CommandError, type CommonOptions, type Terminal } from '../render/terminal.ts';

/** The ways to what the daemon keeps: through the running one, or straight to its state directory while it is stopped. Opened when asked for, closed together. */
export class Doors {
  readonly #terminal: Terminal;
  readonly #version: string;
  readonly #parts: ClientParts;
  #client: Client | undefined;
  #stopped: Stopped | undefined;

  constructor(terminal: Terminal, version: string) {
    this.#terminal = terminal;
    this.#version = version;
    this.#parts = { clock: systemClock, say: (text) => terminal.stderr.write(`belfry: ${text}\n`) };
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
      this.#parts,
    );
    return this.#client;
  }

  /** Where an event may be left for a daemon that does not run, or why it may be left nowhere. */
  inbox(options: CommonOptions): Promise<StatePaths | NoInbox> {
    return locateInbox(this.#search(options));
  }

  async dead(options: CommonOptions): Promise<DeadDoor> {
    if (await this.#running(options)) return remoteDoor(await this.client(options));
    return localDoor((await this.#open(options)).daemon, this.#parts);
  }

  async audit(options: CommonOptions): Promise<Audit> {
    if (await this.#running(options)) return (await this.client(options)).call<Audit>('GET', '/v1/audit');
    return (await this.#open(options)).daemon.audit();
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#stopped?.close();
  }

  #search(options: CommonOptions): Search {
    const { env, cwd } = this.#terminal;
    return { config: this.config(options), env, cwd };
  }

  /** With `--url` the daemon must be there; on this machine its state directory will do. */
  async #running(options: CommonOptions): Promise<boolean> {
    try {
      await (await this.client(options)).call('GET', '/healthz');
      return true;
    } catch (error) {
      if (options.url === undefined && error instanceof CommandError && error.exit === EXIT.unreachable) return false;
      throw error;
    }
  }

  async #open(options: CommonOptions): Promise<Stopped> {
    const { config, env, cwd } = this.#search(options);
    const { places, certain } = await readPlaces(config, env);
    const paths = statePaths(places, env, cwd);
    if (certain && !existsSync(paths.state))
      throw new CommandError(
        EXIT.unreachable,
        `the daemon is not running, and there is no state directory at ${paths.state}`,
      );
    this.#stopped ??= await openStopped({
      config: this.config(options),
      terminal: this.#terminal,
      version: this.#version,
    });
    return this.#stopped;
  }
}
