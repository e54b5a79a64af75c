import { connect, type Socket } from 'node:net';

const TIMEOUT_MS = 30_000;

/** One keep-alive HTTP/1.1 connection with one request in flight, on a bare socket: a cheap client leaves the machine to the measured program. */
export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #answer = '';
  #done: ((status: number) => void) | undefined;
  #limit: NodeJS.Timeout | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** `done` gets the status; 0 if the connection broke or there was no response. */
  send(request: string, done: (status: number) => void): void {
    this.#done = done;
    this.#answer = '';
    this.#socket ??= this.#open();
    this.#socket.write(request, 'latin1');
    this.#limit = setTimeout(() => this.#socket?.destroy(), TIMEOUT_MS);
  }

  close(): void {
    clearTimeout(this.#limit);
    this.#done = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      if (this.#socket === socket) this.#read(text);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish(0);
    });
    return socket;
  }

  #read(text: string): void {
    this.#answer += text;
    const head = this.#answer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const headers = this.#answer.slice(0, head).toLowerCase();
    if (!hasWholeBody(headers, this.#answer, head + 4)) return;
    if (headers.includes('connection: close')) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#finish(Number(headers.slice(9, 12)));
  }

  #finish(status: number): void {
    clearTimeout(this.#limit);
    const done = this.#done;
    this.#done = undefined;
    done?.(status);
  }
}

function hasWholeBody(headers: string, answer: string, from: number): boolean {
  const length = /content-length: *(\d+)/.exec(headers)?.[1];
  if (length !== undefined) return answer.length >= from + Number(length);
  if (headers.includes('transfer-encoding: chunked')) return answer.endsWith('0\r\n\r\n');
  return true;
}

export interface Request {
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function requestText(port: number, request: Request): string {
  const headers = {
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    ...request.headers,
    'content-length': Buffer.byteLength(request.body),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `POST ${request.path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${request.body}`;
}

/** Sends one request on a new connection; resolves to the status, or 0. */
export function post(port: number, request: Request): Promise<number> {
  const connection = new Connection(port);
  return new Promise((resolve) => {
    connection.send(requestText(port, request), (status) => {
      connection.close();
      resolve(status);
    });
  });
}
