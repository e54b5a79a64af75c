// The floor: HTTP in, JSON.parse, one lookup in a Map, HTTP out. With a log file each event is appended and synced before its 202;
// one sync covers all events that arrived during the previous one. It has one rule, a fixed retry interval, no history and no checks:
// the least work for an event.
import { closeSync, existsSync, fdatasync, openSync, readFileSync, write } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';

const [port, sinkUrl, type, logFile] = process.argv.slice(2);
if (port === undefined || sinkUrl === undefined || type === undefined) throw new Error('PORT SINK TYPE [LOG]');

const RETRY_MS = 250;
const rules = new Map([[type, 'sink']]);
const sink = new Pool(new URL(sinkUrl).origin, { connections: 16, pipelining: 1 });

async function send(body: string): Promise<boolean> {
  try {
    const answer = await sink.request({
      path: '/',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.body.dump();
    return answer.statusCode < 300;
  } catch {
    return false;
  }
}

/** An append-only file of `E number event` (accepted) and `D number` (delivered). */
class Log {
  readonly #file: number;
  #last = 0;
  #lines = '';
  #waiting: (() => void)[] = [];
  #isCommitting = false;

  constructor(path: string) {
    const open = existsSync(path) ? this.#read(readFileSync(path, 'utf8')) : new Map<number, string>();
    this.#file = openSync(path, 'a');
    for (const [number, body] of open) void this.#deliver(number, body);
  }

  append(body: string, accepted: () => void): void {
    const number = ++this.#last;
    this.#lines += `E ${number} ${body}\n`;
    this.#waiting.push(() => {
      accepted();
      void this.#deliver(number, body);
    });
    if (!this.#isCommitting) this.#commit();
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(text: string): Map<number, string> {
    const open = new Map<number, string>();
    for (const line of text.split('\n')) {
      const [kind, number = ''] = line.split(' ', 2);
      if (kind === 'E') open.set(Number(number), line.slice(3 + number.length));
      else if (kind === 'D') open.delete(Number(number));
      this.#last = Math.max(this.#last, Number(number));
    }
    return open;
  }

  async #deliver(number: number, body: string): Promise<void> {
    while (!(await send(body))) await sleep(RETRY_MS);
    this.#lines += `D ${number}\n`;
  }

  #commit(): void {
    const [lines, waiting] = [this.#lines, this.#waiting];
    [this.#lines, this.#waiting, this.#isCommitting] = ['', [], true];
    write(this.#file, lines, () =>
      fdatasync(this.#file, () => {
        for (const accepted of waiting) accepted();
        if (this.#waiting.length > 0) this.#commit();
        else this.#isCommitting = false;
      }),
    );
  }
}

const log = logFile === undefined ? undefined : new Log(logFile);

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    const event = JSON.parse(body) as { readonly type: string };
    const answer = (status: number): void => {
      response.writeHead(status, { 'content-length': 0 });
      response.end();
    };
    if (!rules.has(event.type)) return answer(204);
    if (log !== undefined) return log.append(body, () => answer(202));
    answer(202);
    void send(body);
  });
}).listen(Number(port), '127.0.0.1', 4096);

process.once('SIGTERM', () => {
  log?.close();
  process.exit(0);
});
