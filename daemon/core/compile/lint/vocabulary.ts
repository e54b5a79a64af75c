import { HOPS } from '../../event/hops.ts';
import { type EventShape, type FieldKind, OPEN_SHAPE } from '../../event/shape.ts';
import type { Finding } from '../../schema/mismatch.ts';
import { mendByName, suggest } from '../../problems/suggest.ts';

/** Names that are valid in one setting of a rule, by the shapes of its events. */
export interface Vocabulary {
  /** Names besides `data`: attributes, extensions, and variables of the setting. */
  readonly names: ReadonlySet<string>;
  /** True: events may have undeclared extensions. */
  readonly isOpen: boolean;
  /** Kinds of each field of `data`; undefined: any field is possible. */
  readonly fields: ReadonlyMap<string, readonly FieldKind[]> | undefined;
  /** The types of the events; undefined: any. */
  readonly types: readonly string[] | undefined;
  /** The sources of these events, for messages. */
  readonly noun: string;
}

const ATTRIBUTES: readonly string[] = ['id', 'source', 'type', 'subject', 'time', 'data', HOPS];
/** Valid extension names of posted events (CloudEvents 1.0, and `_`). */
const EXTENSION = /^(?!__)[a-z0-9_]{1,64}$/;

export function vocabularyOf(shapes: readonly EventShape[], noun: string): Vocabulary {
  const names = new Set(ATTRIBUTES);
  const fields = new Map<string, readonly FieldKind[]>();
  const types: string[] = [];
  for (const { type, data, extensions = [] } of shapes) {
    if (type !== undefined) types.push(type);
    if (extensions !== 'open') for (const name of extensions) names.add(name);
    if (data === 'open') continue;
    for (const [name, kind] of Object.entries(data)) fields.set(name, [...(fields.get(name) ?? []), kind]);
  }
  return {
    names,
    isOpen: shapes.some(({ extensions }) => extensions === 'open'),
    fields: shapes.some(({ data }) => data === 'open') ? undefined : fields,
    types: shapes.every(({ type }) => type !== undefined) ? types : undefined,
    noun,
  };
}

export const OPEN_VOCABULARY = vocabularyOf([OPEN_SHAPE], 'events');

export function withNames(vocabulary: Vocabulary, more: readonly string[]): Vocabulary {
  return { ...vocabulary, names: new Set([...vocabulary.names, ...more]) };
}

/** Mistake in the first name of a path; undefined when the name is possible. If any extension is possible, only a misspelt known name is a mistake. */
export function unknownName(name: string, { names, isOpen, noun, fields }: Vocabulary): Advice | undefined {
  if (names.has(name)) return undefined;
  const suggested = suggest(name, names);
  if (isOpen && EXTENSION.test(name) && suggested === undefined) return undefined;
  const inData = fields?.has(name) === true ? `did you mean \`data.${name}\`?` : undefined;
  return {
    message: `${noun} have no \`${name}\``,
    mend: suggested === undefined && inData !== undefined ? inData : mendByName(name, names, 'remove it', 'there are'),
  };
}

/** Mistake in the names of a path below `data`. */
export function unknownField(path: readonly string[], { fields, noun }: Vocabulary): Advice | undefined {
  const [, name, below] = path;
  if (name === undefined || fields === undefined) return undefined;
  const kinds = kindsAt(path, fields);
  if (kinds === undefined) {
    const known = [...fields.keys()].map((field) => `data.${field}`);
    return {
      message: `${noun} have no \`data.${name}\``,
      mend: mendByName(`data.${name}`, known, 'events of this source have no data', 'there are'),
    };
  }
  if (below === undefined || kinds.includes('any') || SCALAR_STEPS.has(below)) return undefined;
  return {
    message: `\`data.${name}\` is ${kindText(kinds[0]!)} and has no \`${below}\``,
    mend: `write \`data.${name}\``,
  };
}

/** Properties of every text in Liquid. */
const SCALAR_STEPS: ReadonlySet<string> = new Set(['size', 'first', 'last']);

/** Kinds of the field at a path; undefined when there is none. A key may itself contain dots. */
export function kindsAt(
  [, ...steps]: readonly string[],
  fields: ReadonlyMap<string, readonly FieldKind[]>,
): readonly FieldKind[] | undefined {
  for (let length = 1; length <= steps.length; length += 1) {
    const kinds = fields.get(steps.slice(0, length).join('.'));
    if (kinds !== undefined) return kinds;
  }
  return undefined;
}

/** Message of a warning, and what to write instead. */
export type Advice = Pick<Finding, 'message' | 'mend'>;

/** Takes a warning: a finding that does not keep a file from being used. */
export type Warn = (finding: Finding) => void;

export function kindText(kind: FieldKind): string {
  if (typeof kind !== 'string' || kind === 'text') return 'text';
  if (kind === 'number') return 'a number';
  return kind === 'boolean' ? 'true or false' : 'a map or a list';
}
