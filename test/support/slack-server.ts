import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

interface Call {
  readonly method: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Web API and Socket Mode of Slack on the loopback. https://docs.slack.dev/apis/events-api/using-socket-mode/ */
export class SlackServer {
  readonly api: string;
  readonly calls: Call[] = [];
  /** Ids of the envelopes that were acknowledged. */
  readonly acknowledged: string[] = [];
  /** Answers of the next calls of `apps.connections.open`. */
  readonly refusals: { readonly ok: false; readonly error: string; readonly retryAfter?: number }[] = [];
  /** Open connections, the latest last. */
  readonly sockets: WebSocket[] = [];
  /** Number of connections that were opened. */
  opened = 0;
  #envelopes = 0;

  private constructor(api: string) {
    this.api = api;
  }

  static async open(): Promise<SlackServer> {
    const server = createServer((request, response) => {
      void slack.#answer(request).then((body) => {
        const pause = 'retryAfter' in body && { 'retry-after': String(body.retryAfter) };
        response.writeHead(200, { 'content-type': 'application/json', ...pause }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const slack = new SlackServer(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => slack.#connected(socket));
    onTestFinished(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
    });
    return slack;
  }

  /** Calls of one method. */
  of(method: string): readonly Call[] {
    return this.calls.filter((call) => call.method === method);
  }

  send(frame: object): void {
    this.sockets.at(-1)!.send(JSON.stringify(frame));
  }

  /** Reports the press of a button; returns the id of its envelope. */
  press(value: string, attachments: readonly object[] = []): string {
    const id = `envelope-${(this.#envelopes += 1)}`;
    const payload = {
      type: 'block_actions',
      user: { id: 'UA8RXUSPL', username: 'ann', name: 'ann', team_id: 'T9TK3CUKW' },
      api_app_id: 'AABA1ABCD',
      container: {
        type: 'message_attachment',
        message_ts: '1548261231.000200',
        attachment_id: 2,
        channel_id: 'C1',
        is_ephemeral: false,
      },
      channel: { id: 'C1', name: 'ops' },
      message: { type: 'message', text: '*Disk of db1*', ts: '1548261231.000200', attachments },
      response_url: 'https://hooks.slack.com/actions/AABA1ABCD/1/2',
      actions: [{ action_id: 'belfry_0', block_id: 'b', type: 'button', value, action_ts: '1548426417.840180' }],
    };
    this.send({ envelope_id: id, type: 'interactive', accepts_response_payload: true, payload });
    return id;
  }

  async #answer(request: IncomingMessage): Promise<object> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const method = (request.url ?? '').replace('/api/', '');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    this.calls.push({ method, token, body });
    if (method !== 'apps.connections.open') return { ok: true, channel: 'C1', ts: '1548261231.000200' };
    return this.refusals.shift() ?? { ok: true, url: `${this.api.replace('http', 'ws')}/link/?ticket=1&app_id=2` };
  }

  #connected(socket: WebSocket): void {
    this.opened += 1;
    this.sockets.push(socket);
    socket.on('close', () => this.sockets.splice(this.sockets.indexOf(socket), 1));
    socket.on('message', (data) => {
      this.acknowledged.push((JSON.parse(String(data as Buffer)) as { envelope_id: string }).envelope_id);
    });
    socket.send(JSON.stringify({ type: 'hello', num_connections: 1, connection_info: { app_id: 'AABA1ABCD' } }));
  }
}
