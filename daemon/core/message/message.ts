export type Format = 'text' | 'markdown' | 'html';
export type Priority = 'min' | 'low' | 'normal' | 'high' | 'urgent';

export const FORMATS: readonly Format[] = ['text', 'markdown', 'html'];
export const PRIORITIES: readonly Priority[] = ['min', 'low', 'normal', 'high', 'urgent'];

export interface Action {
  readonly label: string;
  readonly url: string;
}

/**
 * What is said, independent of the channel; rendered once when the event is accepted, then stored and sent as it is.
 * Values from the event were escaped for `format` while rendering, by the channel's own `escape`; with `format: text` nothing
 * was escaped, and a channel whose wire format has markup escapes title and body whole.
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
  /** Paths or URLs of files to attach, for channels that can. */
  readonly attach?: readonly string[];
  /** Notifications with the same key update one another where the channel can. */
  readonly replace_key?: string;
  /** A duration (`1h`): of no use after that. */
  readonly ttl?: string;
  /** Recipients, in the channel's own terms, instead of its configured ones. */
  readonly to?: readonly string[];
}
