export type Format = 'text' | 'markdown' | 'html';
export type Priority = 'min' | 'low' | 'normal' | 'high' | 'urgent';

export const FORMATS: readonly Format[] = ['text', 'markdown', 'html'];
export const PRIORITIES: readonly Priority[] = ['min', 'low', 'normal', 'high', 'urgent'];

export interface Action {
  readonly label: string;
  readonly url: string;
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
