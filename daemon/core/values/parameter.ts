import type { ValueKind } from './value-kind.ts';

/** A named value of a command or request. `about`: description without a full stop. */
export interface Parameter<T = unknown> {
  readonly kind: ValueKind<T>;
  readonly about: string;
  /** The code of the problem when the value is not allowed; `query.invalid` if not set. */
  readonly code?: string;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** Values of the parameters that were given. */
export type ValuesOf<P extends Parameters> = {
  readonly [Name in keyof P]?: P[Name] extends Parameter<infer T> ? T : never;
};
