import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Clock } from '../../../lib/time/clock.ts';
import { connectionString } from '../engine/address.ts';

interface ListenerDeps {
  readonly url: string;
  /** Name of the notification channel. */
  readonly channel: string;
  readonly clock: Clock;
  /** Sends a notification with this text by another connection. */
  readonly probe: (text: string) => Promise<unknown>;
  /** Called when another instance says that it has committed something. */
  readonly onNotified: () => void;
}

/** Milliseconds between two notifications of one instance. */
const NOTIFY_MS = 100;
const RECONNECT_MS = 1000;
/** Milliseconds between two signs of life of the connection, after which one without an answer is replaced, and between two probes. */
const HEARTBEAT_MS = 5000;

/**
 * Connection of its own for `LISTEN` and `NOTIFY`. Notifications are hints that make what is polled arrive sooner: none is waited for,
 * and none is part of a transaction, because a commit with one takes a lock of the whole server.
 */
export class Listener {
  readonly #deps: ListenerDeps;
  #client: pg.Client | undefined;
  #isWanted = false;
  #cancel: (() => void) | undefined;
  #isClosed = false;
  #stopHeartbeat: (() => void) | undefined;
  #isListening = false;
  /** Text of the probe that has not arrived yet; empty when it has. */
  #probe = '';

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
    void this.#connect();
  }

  /** Whether notifications arrive; without them everything is polled. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Notifies the others that something was committed, at most ten times a second. */
  notify(): void {
    this.#isWanted = true;
    if (this.#cancel !== undefined || this.#isClosed) return;
    this.#send();
    this.#cancel = this.#deps.clock.after(NOTIFY_MS, () => {
      this.#cancel = undefined;
      if (this.#isWanted) this.notify();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#stopHeartbeat?.();
    await this.#client?.end().catch(() => undefined);
  }

  #send(): void {
    this.#isWanted = false;
    this.#client?.query('SELECT pg_notify($1, $2)', [this.#deps.channel, '']).catch(() => undefined);
  }

  async #connect(): Promise<void> {
    if (this.#isClosed) return;
    const client = new pg.Client({
      connectionString: connectionString(this.#deps.url),
      connectionTimeoutMillis: 2000,
      query_timeout: HEARTBEAT_MS,
      keepAlive: true,
      application_name: 'belfry listener',
    });
    const lost = (): void => {
      if (this.#client === client) this.#reconnect(client);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload = '' }) => this.#notified(payload));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${client.escapeIdentifier(this.#deps.channel)}`);
      this.#sendProbe();
      this.#deps.onNotified();
      this.#beat(client);
    } catch {
      lost();
    }
  }

  /** A probe shows whether notifications of other connections arrive: behind a pooler that shares connections they do not. */
  #sendProbe(): void {
    if (this.#probe !== '') this.#isListening = false;
    this.#probe = randomUUID();
    this.#deps.probe(this.#probe).catch(() => undefined);
  }

  #notified(text: string): void {
    if (text === '') this.#deps.onNotified();
    if (text === '' || text !== this.#probe) return;
    this.#isListening = true;
    this.#probe = '';
  }

  #beat(client: pg.Client): void {
    this.#stopHeartbeat = this.#deps.clock.after(HEARTBEAT_MS, () => {
      this.#sendProbe();
      client.query('SELECT 1').then(
        () => this.#client === client && this.#beat(client),
        () => this.#client === client && this.#reconnect(client),
      );
    });
  }

  #reconnect(client: pg.Client): void {
    this.#client = undefined;
    this.#isListening = false;
    this.#stopHeartbeat?.();
    client.end().catch(() => undefined);
    if (!this.#isClosed) this.#stopHeartbeat = this.#deps.clock.after(RECONNECT_MS, () => void this.#connect());
  }
}
