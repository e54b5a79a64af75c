export interface ConnectOptions {
  /** Of the stream: ws:// or wss:// */
  readonly url: string;
  /** Whom to listen as, if the token may listen as several. */
  readonly user?: string;
  /** Sent as a subprotocol, not in the address. */
  readonly token?: string;
  /** Fetches a fresh ticket for each connection, instead of a token. */
  readonly getTicket?: () => Promise<string>;
  /** A message is acknowledged once this has returned or resolved. */
  readonly onMessage: (message: PushedMessage) => unknown;
  readonly onState?: (state: 'connecting' | 'open' | 'waiting' | 'closed', detail?: string) => void;
  readonly WebSocket?: unknown;
}

export interface PushedMessage {
  readonly seq: number;
  /** The delivery's id. */
  readonly id: string;
  readonly time: string;
  readonly title: string;
  readonly body: string;
  readonly format: 'text' | 'markdown' | 'html';
  readonly priority: 'min' | 'low' | 'normal' | 'high' | 'urgent';
  readonly tags: readonly string[];
  readonly link?: string;
}

export declare function connect(options: ConnectOptions): { close(): void };
