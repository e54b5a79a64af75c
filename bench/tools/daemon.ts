import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Request } from './connection.ts';
import { eventText } from './events.ts';
import { removeFolder, temporaryFolder } from './folder.ts';
import { freePort } from './port.ts';
import { Program, type Target } from './program.ts';
import { ROOT } from './root.ts';

const TOKEN = 'bench-token';

export interface DaemonOptions {
  /** Rules files by name, without the `daemon:` block. */
  readonly files: Readonly<Record<string, string>>;
  /** Additional lines of the `daemon:` block, indented by two. */
  readonly settings?: string;
  /** Additional arguments of Node: `['--cpu-prof']`. */
  readonly node?: readonly string[];
}

/** The built daemon with a new folder. The caller closes it. */
export class Daemon implements Target {
  readonly folder: string;
  readonly port: number;
  readonly #node: readonly string[];
  #program: Program | undefined;

  private constructor(folder: string, port: number, node: readonly string[]) {
    this.folder = folder;
    this.port = port;
    this.#node = node;
  }

  /** Writes the rules; `start` starts the daemon. */
  static async prepare(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(await temporaryFolder(), await freePort(), options.node ?? []);
    await mkdir(path.join(daemon.folder, 'rules'));
    await writeFile(path.join(daemon.folder, 'rules', 'daemon.yaml'), daemon.#settings(options.settings ?? ''));
    for (const [name, text] of Object.entries(options.files)) await daemon.write(name, text);
    return daemon;
  }

  /** Prepares and starts a daemon, and waits until it accepts an event. Works without a rule for `EVENT_TYPE`. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = await Daemon.prepare(options);
    await daemon.start();
    return daemon;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the daemon was not started');
    return this.#program;
  }

  async start(): Promise<void> {
    this.#program = new Program({
      command: process.execPath,
      arguments: [...this.#node, path.join(ROOT, 'bin/belfry.js'), 'run', '--config', path.join(this.folder, 'rules')],
      folder: this.folder,
      env: { RUNTIME_DIRECTORY: path.join(this.folder, 'run') },
    });
    await this.#program.ready(this);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(path.join(this.folder, 'rules', name), text);
  }

  request(number: number): Request {
    return this.requestOf(eventText(number));
  }

  /** An event, or an array of them. */
  requestOf(body: string): Request {
    return { path: '/v1/events', body, headers: { authorization: `Bearer ${TOKEN}` } };
  }

  kill(): Promise<void> {
    return this.program.stop('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#program?.stop();
    await removeFolder(this.folder);
  }

  #settings(more: string): string {
    return `daemon:
  listen: 127.0.0.1:${this.port}
  state: ${path.join(this.folder, 'state')}
  log: { level: warn }
  tokens: [{ name: bench, token: ${TOKEN}, scopes: [emit, read, admin] }]
${more}`;
  }
}
