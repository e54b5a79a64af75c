/** Kind of the values of a field. `any`: also maps and lists. A list: only these texts. */
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
