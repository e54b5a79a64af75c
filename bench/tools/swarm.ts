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

/** Report of the process. */
type Report = {
  readonly connected?: number;
  readonly last?: number;
  readonly doubled?: number;
  readonly failed?: string;
};

/** Many WebSocket clients in a separate process. */
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
    await swarm.#nextReport();
    return swarm;
  }

  /** Resolves with the time of the last message, on the machine's monotonic clock; throws if one was received twice. */
  async received(count: number): Promise<number> {
    const report = this.#nextReport();
    this.#process.send({ expect: count });
    const { last, doubled } = await report;
    if (doubled !== 0) throw new Error(`${doubled} messages were received twice`);
    return last!;
  }

  close(): Promise<void> {
    this.#process.kill('SIGKILL');
    return Promise.resolve();
  }

  #nextReport(): Promise<Report> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('the clients are gone'));
      this.#process.once('exit', gone);
      this.#process.once('message', (report: Report) => {
        this.#process.off('exit', gone);
        if (report.failed === undefined) resolve(report);
        else reject(new Error(`a client failed: ${report.failed}`));
      });
    });
  }
}
