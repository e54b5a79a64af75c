export type Format = 'text' | 'markdown' | 'html';
export type Priority = 'min' | 'low' | 'normal' | 'high' | 'urgent';

export const FORMATS: readonly Format[] = ['text', 'markdown', 'html'];
export const PRIORITIES: readonly Priority[] = ['min', 'low', 'normal', 'high', 'urgent'];

/** Button that opens a link. */
export interface Action {
  readonly label: string;
  /** Empty if the daemon has no public address; then `press` is set. */
  readonly url: string;
  /** Token of an alert button. A channel with buttons of its own sends it, and gets it back when the button is pressed. */
  readonly press?: string;
}

/** Button that changes the alert of its message. Its link is made for each attempt, so that only the recipient gets it. */
export interface AlertButton {
  readonly label: string;
  /** `ack`, `resolve` or `silence 1h`. */
  readonly do: string;
}

/**
 * Content of a notification, independent of the channel. It is rendered once when the event is accepted, then stored and sent
 * unchanged. Values from the event are escaped for `format` during rendering, by the channel's own `escape`. With `format: text` nothing
 * is escaped, and a channel whose wire format has markup escapes the whole title and body.
 */
export interface Message {
  readonly title: string;
  readonly body: string;
  readonly format: Format;
  readonly priority: Priority;
  readonly tags: readonly string[];
  readonly link?: string;
  readonly image?: string;
  readonly actions?: readonly Action[];
  readonly fields?: Readonly<Record<string, string>>;
  readonly mention?: readonly string[];
  /** Paths or URLs of files to attach, for channels with attachments. */
  readonly attach?: readonly string[];
  /** A notification replaces an earlier one with the same key, in channels that can replace. */
  readonly replace_key?: string;
  /** A duration such as `1h`, after which the message is useless. */
  readonly ttl?: string;
  /** Recipients in place of the channel's configured ones, in the form of the channel type. */
  readonly to?: readonly string[];
}

/** Message as it is rendered, stored and shown: its alert buttons have no links. */
export type StoredMessage = Omit<Message, 'actions'> & { readonly actions?: readonly (Action | AlertButton)[] };
