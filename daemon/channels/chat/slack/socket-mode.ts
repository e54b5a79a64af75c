import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { Backoff } from '../../../lib/async/retry.ts';
import { pause } from '../../../lib/time/clock.ts';
import type { ListenTools } from '../../channel.ts';
import { jsonOf } from '../../kit/http/answers.ts';
import { type SlackApi, SlackRefusal } from './api.ts';

const CONNECT_MS = 10_000;
/** Interval of pings. A connection from which nothing came since the ping before is dead. */
const PING_MS = 30_000;
const MAX_FRAME_BYTES = 1024 * 1024;

/** Handles the payload of an interaction. The envelope is acknowledged when it resolves; Slack shows a warning to the person if that takes 3 s. */
type OnInteraction = (payload: unknown) => Promise<void>;

/**
 * Receives envelopes until the signal aborts. Slack ends each connection after some hours, and says so shortly before: the next
 * connection is opened then, while the old one still receives. https://docs.slack.dev/apis/events-api/using-socket-mode/
 */
export async function receiveEnvelopes(app: SlackApi, tools: ListenTools, onInteraction: OnInteraction): Promise<void> {
  const { clock, signal } = tools;
  const backoff = new Backoff(1000, 60_000);
  const connections = new Set<SocketModeConnection>();
  const closeAll = (): void => {
    for (const connection of connections) connection.close();
  };
  signal.addEventListener('abort', closeAll, { once: true });
  while (!signal.aborted) {
    try {
      const connection = await connect(app, tools, onInteraction);
      connections.add(connection);
      void connection.closed.then(() => connections.delete(connection));
      if (signal.aborted) closeAll();
      await connection.opened;
      await connection.replaced;
      // A connection that was never greeted counts as a failure.
      if (!connection.wasGreeted) throw new Error('the connection was closed before Slack greeted');
      backoff.reset();
    } catch (error) {
      if (signal.aborted) break;
      tools.onFault(faultText(error));
      const retryAfter = error instanceof SlackRefusal ? (error.retryAfterMs ?? 0) : 0;
      if (retryAfter > 0) await pause(clock, retryAfter, signal);
      else await backoff.wait(clock, signal);
    }
  }
  closeAll();
  await Promise.all([...connections].map(({ closed }) => closed));
}

const MENDS: Readonly<Record<string, string>> = {
  invalid_auth: 'set a new `app_token`',
  not_authed: 'set a new `app_token`',
  token_revoked: 'set a new `app_token`',
  not_allowed_token_type: '`app_token` is not an app-level token (xapp-...)',
  missing_scope: 'give the app-level token the scope `connections:write`',
  link_disabled: 'switch on Socket Mode in the settings of the app',
  socket_mode_not_enabled: 'switch on Socket Mode in the settings of the app',
};

function faultText(error: unknown): string {
  const { message } = error as Error;
  const mend = error instanceof SlackRefusal ? MENDS[message] : undefined;
  return `presses of buttons are not received: ${message}${mend === undefined ? '' : `; ${mend}`}`;
}

async function connect(app: SlackApi, tools: ListenTools, onInteraction: OnInteraction): Promise<SocketModeConnection> {
  const { url } = await app.call('apps.connections.open');
  const target = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  // Only an API without TLS, as in a test, may give an address without TLS.
  const isSecure = target?.protocol === 'wss:';
  if (target === undefined || (!isSecure && !(target.protocol === 'ws:' && app.base.startsWith('http:'))))
    throw new Error('Slack gave no address of a WebSocket');
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = Number(target.port || (isSecure ? 443 : 80));
  const socket = await tools.http.connect({ tls: isSecure, host, port });
  const { WebSocket } = await import('ws');
  const client = webSocketOver(socket, target, WebSocket);
  // Created before the connection is open, because the greeting may come in the packet that opens it.
  return new SocketModeConnection(client, tools, onInteraction);
}

function webSocketOver(socket: Socket, { host, pathname, search }: URL, Client: typeof WebSocket): WebSocket {
  // TLS is on the socket already.
  return new Client(`ws://${host}${pathname}${search}`, {
    createConnection: () => socket,
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: MAX_FRAME_BYTES,
    handshakeTimeout: CONNECT_MS,
  });
}

/** One connection. It answers envelopes until it is closed, also after it was replaced. */
class SocketModeConnection {
  /** Rejects if the server refuses the WebSocket. */
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  /** Resolves when another connection is needed: this one is closed, or will be soon. Rejects when Slack allows none. */
  readonly replaced: Promise<void>;
  wasGreeted = false;
  readonly #client: WebSocket;
  readonly #tools: ListenTools;
  readonly #onInteraction: OnInteraction;
  #replace: (error?: Error) => void = () => undefined;
  #isAlive = true;
  #cancelPing: () => void = () => undefined;

  constructor(client: WebSocket, tools: ListenTools, onInteraction: OnInteraction) {
    this.#client = client;
    this.#tools = tools;
    this.#onInteraction = onInteraction;
    this.opened = new Promise((resolve, reject) => {
      client.once('open', resolve);
      client.once('error', reject);
    });
    this.replaced = new Promise((resolve, reject) => {
      this.#replace = (error) => (error === undefined ? resolve() : reject(error));
    });
    // The promise may reject when nobody waits for it any more.
    this.replaced.catch(() => undefined);
    this.closed = new Promise((resolve) => {
      client.on('close', () => {
        this.#cancelPing();
        this.#replace();
        resolve();
      });
    });
    client.on('error', () => client.terminate());
    for (const event of ['ping', 'pong', 'message'] as const) client.on(event, () => (this.#isAlive = true));
    client.on('message', (data) => void this.#receive(String(data as Buffer)));
    this.#ping();
  }

  close(): void {
    this.#client.terminate();
  }

  #ping(): void {
    this.#cancelPing = this.#tools.clock.after(PING_MS, () => {
      if (!this.#isAlive) return this.#client.terminate();
      this.#isAlive = false;
      this.#client.ping();
      this.#ping();
    });
  }

  async #receive(text: string): Promise<void> {
    const frame = jsonOf(text);
    if (frame.type === 'hello') {
      this.wasGreeted = true;
      this.#tools.onFault(undefined);
    }
    if (frame.type === 'disconnect')
      this.#replace(frame.reason === 'link_disabled' ? new SlackRefusal('link_disabled') : undefined);
    if (typeof frame.envelope_id !== 'string') return;
    try {
      if (frame.type === 'interactive') await this.#onInteraction(frame.payload);
      this.#client.send(JSON.stringify({ envelope_id: frame.envelope_id }));
    } catch (error) {
      // Without the acknowledgement Slack shows the person that the press failed.
      this.#tools.log.warn({ error: (error as Error).message }, 'a press of a button could not be stored');
    }
  }
}
