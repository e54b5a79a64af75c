export interface ConnectOptions {
  /** URL of the stream, ws:// or wss:// */
  readonly url: string;
  /** User whose pushes to receive, if the token is for several users. */
  readonly user?: string;
  /** Token, sent as a subprotocol and not in the URL. */
  readonly token?: string;
  /** Gets a new ticket for each connection, in place of a token. */
  readonly getTicket?: () => Promise<string>;
  /** Handles a message, which is acknowledged when this has returned or resolved. */
  readonly onMessage: (message: PushedMessage) => unknown;
  readonly onState?: (state: 'connecting' | 'open' | 'waiting' | 'closed', detail?: string) => void;
  readonly WebSocket?: unknown;
}

export interface PushedMessage {
  readonly seq: number;
  /** Id of the delivery. */
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
