import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Request } from '../tools/connection.ts';
import { removeFolder, temporaryFolder } from '../tools/folder.ts';
import { freePort } from '../tools/port.ts';
import { type Command, Program, type Target } from '../tools/program.ts';

/** Folder and ports of a peer for one round. */
export interface PeerSetup {
  readonly folder: string;
  readonly port: number;
  /** Port for a second program. */
  readonly secondPort: number;
  readonly sinkUrl: string;
}

/** Another program that does comparable work: event in, one of ten rules matches, notification out. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  /** Guarantee of its 2xx. */
  readonly promise: 'durable' | 'in memory' | 'a process was started' | 'delivered';
  /** Events in a round, enough for some seconds. */
  readonly count: number;
  /** Name of a missing program; undefined if all are installed. */
  missing(): string | undefined;
  /** Configuration files, by name. */
  files(setup: PeerSetup): Readonly<Record<string, string>>;
  /** Programs in the order of their start. The last one accepts the events. */
  commands(setup: PeerSetup): readonly Omit<Command, 'folder'>[];
  request(number: number): Request;
}

export class RunningPeer implements Target {
  readonly port: number;
  readonly #peer: Peer;
  readonly #setup: PeerSetup;
  readonly #programs: Program[] = [];

  private constructor(peer: Peer, setup: PeerSetup) {
    this.#peer = peer;
    this.#setup = setup;
    this.port = setup.port;
  }

  static async start(peer: Peer, sinkUrl: string): Promise<RunningPeer> {
    const folder = await temporaryFolder();
    const running = new RunningPeer(peer, { folder, port: await freePort(), secondPort: await freePort(), sinkUrl });
    try {
      await running.#start();
      return running;
    } catch (error) {
      await running.close();
      throw error;
    }
  }

  request(number: number): Request {
    return this.#peer.request(number);
  }

  async close(): Promise<void> {
    for (const program of this.#programs.toReversed()) await program.stop();
    await removeFolder(this.#setup.folder);
  }

  async #start(): Promise<void> {
    const { folder } = this.#setup;
    for (const [name, text] of Object.entries(this.#peer.files(this.#setup)))
      await writeFile(path.join(folder, name), text);
    for (const command of this.#peer.commands(this.#setup)) this.#programs.push(new Program({ ...command, folder }));
    await this.#programs.at(-1)!.ready(this);
  }
}
