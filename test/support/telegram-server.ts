import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Call {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Bot API on the loopback. `getUpdates` stays open until there is an update. https://core.telegram.org/bots/api */
export class TelegramServer {
  readonly api: string;
  /** Calls besides `getUpdates`, in order. */
  readonly calls: Call[] = [];
  /** Offsets of the calls of `getUpdates`. */
  readonly offsets: number[] = [];
  /** Answers of the next calls of `getUpdates`. */
  readonly refusals: object[] = [];
  readonly #updates: { readonly update_id: number }[] = [];
  readonly #open = new Set<ServerResponse>();

  private constructor(api: string) {
    this.api = api;
  }

  static async open(token: string): Promise<TelegramServer> {
    const server = createServer((request, response) => void telegram.#take(request, response, token));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const telegram = new TelegramServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return telegram;
  }

  /** Number of `getUpdates` that are open. */
  get polls(): number {
    return this.#open.size;
  }

  /** Reports the press of a button in a message that was sent. */
  press(data: string, chat: object, message: object = {}): void {
    const id = this.#updates.length + 100;
    const from = { id: 7, is_bot: false, first_name: 'Ann', username: 'ann' };
    const sent = this.calls.findLast(({ method }) => method === 'sendMessage')?.body ?? {};
    const shown = { text: 'Disk of db1', reply_markup: sent.reply_markup, ...message };
    const query = {
      id: `q${id}`,
      from,
      chat_instance: '1',
      data,
      message: { message_id: 42, date: 1, chat, ...shown },
    };
    this.#updates.push({ update_id: id, callback_query: query } as { update_id: number });
    for (const response of this.#open) send(response, { ok: true, result: this.#updates.slice(-1) });
    this.#open.clear();
  }

  async #take(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const [, method = ''] = new RegExp(`^/bot${token}/(\\w+)$`).exec(request.url ?? '') ?? [];
    if (method !== 'getUpdates') {
      this.calls.push({ method, body });
      send(response, { ok: true, result: { message_id: 42, chat: { id: body.chat_id } } });
      return;
    }
    this.offsets.push(body.offset as number);
    const refusal = this.refusals.shift();
    const [next] = this.#updates.filter(({ update_id: id }) => id >= (body.offset as number));
    if (refusal !== undefined) send(response, refusal, 409);
    else if (next !== undefined) send(response, { ok: true, result: [next] });
    else {
      this.#open.add(response);
      response.on('close', () => this.#open.delete(response));
    }
  }
}

const send = (response: ServerResponse, body: object, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
