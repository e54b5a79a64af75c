import { Worker } from 'node:worker_threads';

/** A case may take this long on a machine with much other work; a loop without end takes longer. */
const DEADLINE_SECONDS = 60;
const MAX_SHOWN_BYTES = 8192;

/** Source of the thread. It counts seconds in which one case does not end; the thread that tests may not get to run any more. */
const THREAD = `
const { workerData } = require('node:worker_threads');
const [count, length] = [0, 1];
const words = new Int32Array(workerData, 0, 2);
let seen = 0, seconds = 0;
setInterval(() => {
  const now = Atomics.load(words, count);
  seconds = now === seen && now % 2 === 1 ? seconds + 1 : 0;
  seen = now;
  if (seconds < ${DEADLINE_SECONDS}) return;
  const shown = Buffer.from(workerData, 8, words[length]).toString('utf8');
  require('node:fs').writeSync(2, '\\nthis case does not end: ' + shown + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, 1000);
`;

/** Ends the process of the test, with the case on standard error, when a case does not end. A loop without end stops all timers of its own thread. */
export class Watchdog {
  readonly #shared = new SharedArrayBuffer(8 + MAX_SHOWN_BYTES);
  readonly #words = new Int32Array(this.#shared, 0, 2);
  readonly #text = new Uint8Array(this.#shared, 8);
  readonly #thread = new Worker(THREAD, { eval: true, workerData: this.#shared });

  begin(name: string, input: unknown): void {
    const { written } = new TextEncoder().encodeInto(`${name}: ${JSON.stringify(input)}`, this.#text);
    this.#words[1] = written;
    Atomics.add(this.#words, 0, 1);
  }

  end(): void {
    Atomics.add(this.#words, 0, 1);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
