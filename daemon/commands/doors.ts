import { existsSync } from 'node:fs';
import { refuseUnsafeEnvironment } from '../app/environment.ts';
import { type Stopped, openStopped } from '../app/stopped.ts';
import { configPath, type StatePaths, statePaths } from '../app/paths.ts';
import { EXIT } from '../core/failure.ts';
import { peekDaemonSettings } from '../reload/peek.ts';
import type { Audit } from '../store/store.ts';
import { type Client, openClient, tokenFor } from './client.ts';
import { type DeadDoor, localDoor, remoteDoor } from './dead.ts';
import { CommandError, type CommonOptions, type Terminal } from './terminal.ts';

/** The ways to what the daemon keeps: through the running one, or straight to its state directory while it is stopped. Opened when asked for, closed together. */
export class Doors {
  readonly #terminal: Terminal;
  readonly #version: string;
  #client: Client | undefined;
  #stopped: Stopped | undefined;

  constructor(terminal: Terminal, version: string) {
    this.#terminal = terminal;
    this.#version = version;
  }

  config(options: CommonOptions): string {
    return configPath(options.config, this.#terminal.env, this.#terminal.cwd, existsSync);
  }

  /** Found from the rules without their secrets, which the user of the command line need not have. */
  async paths(options: CommonOptions): Promise<StatePaths> {
    const { env, cwd } = this.#terminal;
    return statePaths(await peekDaemonSettings(this.config(options), env), env, cwd);
  }

  async client(options: CommonOptions): Promise<Client> {
    if (options.url !== undefined) refuseUnsafeEnvironment(this.#terminal.env);
    const paths = (): Promise<StatePaths> => this.paths(options);
    const token = await tokenFor(options, this.#terminal.env, paths);
    this.#client ??= openClient({ ...options, ...(token !== undefined && { token }) }, paths);
    return this.#client;
  }

  async dead(options: CommonOptions): Promise<DeadDoor> {
    if (await this.#running(options)) return remoteDoor(await this.client(options));
    return localDoor((await this.#open(options)).port);
  }

  async audit(options: CommonOptions): Promise<Audit> {
    if (await this.#running(options)) return (await this.client(options)).call<Audit>('GET', '/v1/audit');
    return (await this.#open(options)).port.audit();
  }

  async close(): Promise<void> {
    await this.#client?.close();
    await this.#stopped?.close();
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
    const paths = await this.paths(options);
    if (!existsSync(paths.state))
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
