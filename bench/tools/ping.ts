import { now } from './clock.ts';
import { Connection } from './connection.ts';

const EVERY_MS = 1;

/** Requests the daemon's health a thousand times a second over one connection, to measure how long clients wait. */
export class Ping {
  readonly #connection: Connection;
  readonly #request: string;
  #timer: NodeJS.Timeout | undefined;
  #longest = 0;
  #failed = false;

  constructor(port: number) {
    this.#connection = new Connection(port);
    this.#request = `GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    this.#send();
  }

  /** Longest response time since the last call, milliseconds. */
  longest(): number {
    if (this.#failed) throw new Error('a health request failed');
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#connection.close();
    return Promise.resolve();
  }

  #send(): void {
    const sent = now();
    this.#connection.send(this.#request, (status) => {
      this.#longest = Math.max(this.#longest, now() - sent);
      this.#failed ||= status !== 200;
      this.#timer = setTimeout(() => this.#send(), EVERY_MS);
    });
  }
}
