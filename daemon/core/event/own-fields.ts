import type { FieldKind } from './shape.ts';

/** Field in the data of an event of the daemon itself. `T` is the type of its value. */
export interface Field<T> {
  readonly kind: FieldKind;
  /** Description without a full stop. */
  readonly about: string;
  readonly example: T;
  /** The field is left out when it is not known. */
  readonly isOptional?: true;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Data with these fields. */
export type DataOf<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never;
};

export function text(about: string, example: string): Field<string> {
  return { kind: 'text', about, example };
}

export function number(about: string, example: number): Field<number> {
  return { kind: 'number', about, example };
}

export function boolean(about: string, example: boolean): Field<boolean> {
  return { kind: 'boolean', about, example };
}

export function list<T>(about: string, example: readonly T[]): Field<readonly T[]> {
  return { kind: 'any', about, example };
}

export function oneOf<const T extends string>(values: readonly T[], about: string, example: T): Field<T> {
  return { kind: values, about, example };
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, isOptional: true };
}
