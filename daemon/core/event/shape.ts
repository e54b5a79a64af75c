/** Kind of value that a field holds: `any` may be a map or a list; a list names the only texts that there are. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'any' | readonly string[];

/** Shape of the events of a source, as far as its settings determine it. `open`: there may be further fields. */
export interface EventShape {
  /** Undefined: any type. */
  readonly type?: string;
  readonly data: Readonly<Record<string, FieldKind>> | 'open';
  /** Extension attributes; default: none. */
  readonly extensions?: readonly string[] | 'open';
}

/** Shape of events about which nothing is known, such as posted ones. */
export const OPEN_SHAPE: EventShape = { data: 'open', extensions: 'open' };
