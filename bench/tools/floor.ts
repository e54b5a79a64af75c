import { fileURLToPath } from 'node:url';
import { eventText, EVENT_TYPE } from './events.ts';
import { removeFolder, temporaryFolder } from './folder.ts';
import { freePort } from './port.ts';
import type { Request } from './connection.ts';
import { Program, type Target } from './program.ts';

/** `durable`: an event is synced to disk before its 202, and sent again after a crash. `memory`: 202 at once, nothing is kept. */
export type FloorKind = 'durable' | 'memory';

export const FLOORS: Readonly<Record<FloorKind, string>> = {
  durable: 'the least that one Node process does durably',
  memory: 'the least that one Node process does, keeping nothing',
};

/** The least that one Node process can do for an event, with which the daemon is compared on every machine. */
export class Floor implements Target {
  readonly folder: string;
  readonly port: number;
  readonly #kind: FloorKind;
  readonly #sinkUrl: string;
  #program: Program | undefined;

  private constructor(kind: FloorKind, sinkUrl: string, folder: string, port: number) {
    this.#kind = kind;
    this.#sinkUrl = sinkUrl;
    this.folder = folder;
    this.port = port;
  }

  static async start(kind: FloorKind, sinkUrl: string): Promise<Floor> {
    const floor = new Floor(kind, sinkUrl, await temporaryFolder(), await freePort());
    await floor.start();
    return floor;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error('the floor was not started');
    return this.#program;
  }

  async start(): Promise<void> {
    const server = fileURLToPath(new URL('./floor-server.js', import.meta.url));
    const log = this.#kind === 'durable' ? [`${this.folder}/events.log`] : [];
    this.#program = new Program({
      command: process.execPath,
      arguments: [server, String(this.port), this.#sinkUrl, EVENT_TYPE, ...log],
      folder: this.folder,
    });
    await this.#program.ready(this);
  }

  request(number: number): Request {
    return { path: '/', body: eventText(number) };
  }

  kill(): Promise<void> {
    return this.program.stop('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#program?.stop();
    await removeFolder(this.folder);
  }
}
