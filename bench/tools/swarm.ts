import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface SwarmOptions {
  readonly port: number;
  /** URL, in which `USER` is replaced by the user of each client. */
  readonly path: string;
  readonly clients: number;
  /** One header line, for a token. */
  readonly header?: string;
  readonly acks: boolean;
}

type Said = {
  readonly connected?: number;
  readonly last?: number;
  readonly doubled?: number;
  readonly failed?: string;
};

/** Many WebSocket clients in a process of their own. */
export class Swarm {
  readonly #process: ChildProcess;

  private constructor(running: ChildProcess) {
    this.#process = running;
  }

  /** Resolves when all are connected. */
  static async connect({ port, path, clients, header = '', acks }: SwarmOptions): Promise<Swarm> {
    const program = fileURLToPath(new URL('./swarm-program.js', import.meta.url));
    const given = [path, String(port), String(clients), header, acks ? 'acks' : ''];
    const swarm = new Swarm(fork(program, given));
    await swarm.#said();
    return swarm;
  }

  /** Resolves with the time of the last message, on the machine's monotonic clock; throws if one was received twice. */
  async received(count: number): Promise<number> {
    const said = this.#said();
    this.#process.send({ expect: count });
    const { last, doubled } = await said;
    if (doubled !== 0) throw new Error(`${doubled} messages came twice`);
    return last!;
  }

  close(): Promise<void> {
    this.#process.kill('SIGKILL');
    return Promise.resolve();
  }

  #said(): Promise<Said> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the clients are gone'));
      this.#process.once('exit', gone);
      this.#process.once('message', (said: Said) => {
        this.#process.off('exit', gone);
        if (said.failed === undefined) resolve(said);
        else reject(new Error(`a client failed: ${said.failed}`));
      });
    });
  }
}
