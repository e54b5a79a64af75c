/** Kind of value that a field holds: `any` may be a map or a list; a list names the only texts that there are. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'any' | readonly string[];

/** Shape of the events of a source, as far as its settings tell. `open`: there may be further fields. */
export interface EventShape {
  /** Undefined: of any type. */
  readonly type?: string;
  readonly data: Readonly<Record<string, FieldKind>> | 'open';
  /** Names beside the attributes that every event has; none if not given. */
  readonly extensions?: readonly string[] | 'open';
}

/** Events of which nothing is known, such as those that are posted. */
export const OPEN_SHAPE: EventShape = { data: 'open', extensions: 'open' };
