import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type YAMLMap } from 'yaml';

/** Levels of nesting: more than a person writes, and few enough for recursion over the data. */
export const MAX_DEPTH = 64;

/** One error in the text itself; `offset` in characters. */
export interface Issue {
  readonly offset: number;
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

/** Range of a value, in characters from the beginning of the file. A tree of the same form as the data; can be posted between threads. */
export interface SourceRange {
  /** Offset of the key; of the value itself for an entry of a list. */
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly children?: ReadonlyMap<string, SourceRange>;
}

interface Converted {
  readonly data: unknown;
  readonly range: SourceRange;
}

/** Upper bound of values from aliases: ordinary files have hundreds, an alias bomb has billions. */
export const MAX_ALIASED = 20_000;
const PLAIN_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * Converts composed nodes to plain data. Reports everything that YAML allows and a rules file does not. `depth`: level of the
 * root in its file; `aliased`: number of values that came from aliases.
 */
export function convert(
  root: ParsedNode | null,
  depth: number,
): Converted & Pick<Conversion, 'issues' | 'aliased' | 'comments' | 'aliases' | 'anchored'> {
  const conversion = new Conversion();
  const converted =
    root === null ? { data: null, range: { key: 0, start: 0, end: 0 } } : conversion.node(root, depth, root.range[0]);
  const { issues, aliased, comments, aliases, anchored } = conversion;
  return { ...converted, issues, aliased, comments, aliases, anchored };
}

class Conversion {
  readonly issues: Issue[] = [];
  /** Offsets of the ends of texts with a comment directly after them, which may be intended as part of the text. */
  readonly comments: number[] = [];
  readonly aliases = new Set<string>();
  /** Anchors of texts, with the offset of their key. */
  readonly anchored = new Map<string, number>();
  aliased = 0;
  readonly #anchors = new Map<string, ParsedNode>();
  /** Anchored nodes that are being converted: an alias to one of them would be endless. */
  readonly #open = new Set<ParsedNode>();
  #aliasDepth = 0;

  node(node: ParsedNode, depth: number, key: number): Converted {
    const range = { key, start: node.range[0], end: node.range[1] };
    const skipped = { data: null, range };
    if (depth > MAX_DEPTH)
      return this.#refuse(range, 'too_deep', `nested deeper than ${MAX_DEPTH} levels`, 'make it flatter');
    if (this.#aliasDepth > 0 && (this.aliased += 1) > MAX_ALIASED) {
      return this.aliased === MAX_ALIASED + 1
        ? this.#refuse(
            range,
            'too_many_aliases',
            'the aliases in this file expand to too many values',
            'write it out, or reuse less',
          )
        : skipped;
    }
    if (isAlias(node)) return this.#alias(node.source, range, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag !== undefined && node.tag !== '!' && !PLAIN_TAGS.has(node.tag)) {
      return this.#refuse(
        range,
        'tag',
        'tags like `!this` are not read',
        'remove the tag; for secrets write `${env:NAME}`',
      );
    }
    this.#open.add(node);
    const converted = isMap(node)
      ? this.#map(node, range, depth)
      : isSeq(node)
        ? this.#list(node.items, range, depth)
        : this.#scalar(node, range);
    this.#open.delete(node);
    return converted;
  }

  #alias(name: string, range: SourceRange, depth: number): Converted {
    this.aliases.add(name);
    const target = this.#anchors.get(name);
    if (target === undefined)
      return this.#refuse(
        range,
        'alias',
        'there is no such anchor before this alias',
        'write `&name` before the value that it refers to',
      );
    if (this.#open.has(target))
      return this.#refuse(range, 'alias', 'this alias contains itself', 'write the value out');
    this.#aliasDepth += 1;
    const { data, range: found } = this.node(target, depth, range.key);
    this.#aliasDepth -= 1;
    return { data, range: found };
  }

  #list(items: readonly ParsedNode[], range: SourceRange, depth: number): Converted {
    const data: unknown[] = [];
    const children = new Map<string, SourceRange>();
    for (const [index, item] of items.entries()) {
      const converted = this.node(item, depth + 1, item.range[0]);
      data.push(converted.data);
      children.set(String(index), converted.range);
    }
    return { data, range: { ...range, children } };
  }

  #map(node: YAMLMap.Parsed, range: SourceRange, depth: number): Converted {
    const data: Record<string, unknown> = {};
    const children = new Map<string, SourceRange>();
    const merged: Converted[] = [];
    for (const { key, value } of node.items) {
      const at = key.range[0];
      const name = this.#key(key);
      if (name === undefined) continue;
      const converted =
        value === null ? { data: null, range: { key: at, start: at, end: at } } : this.node(value, depth + 1, at);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...this.#mergeable(converted));
      else if (children.has(name))
        this.#issue(at, 'duplicate_key', `the key \`${name}\` occurs twice`, 'remove one of them');
      else {
        data[name] = converted.data;
        children.set(name, converted.range);
      }
    }
    for (const { data: more, range: ranges } of merged) {
      for (const [name, item] of Object.entries(more as Record<string, unknown>)) {
        if (children.has(name)) continue;
        data[name] = item;
        children.set(name, ranges.children!.get(name)!);
      }
    }
    return { data, range: { ...range, children } };
  }

  /** Maps that `<<` merges: one map, or a list of maps. */
  #mergeable(converted: Converted): Converted[] {
    const { data, range } = converted;
    if (Array.isArray(data)) {
      return data.flatMap((item: unknown, index) =>
        this.#mergeable({ data: item, range: range.children!.get(String(index))! }),
      );
    }
    if (typeof data === 'object' && data !== null) return [converted];
    this.#issue(range.start, 'merge', '`<<` takes a map', 'write `<<: *name` for an earlier `&name` that is a map');
    return [];
  }

  #key(key: ParsedNode): string | undefined {
    const text = isScalar(key)
      ? typeof key.value === 'string'
        ? key.value
        : (key.source ?? '')
      : isAlias(key)
        ? this.#keyOfAlias(key.source)
        : undefined;
    if (text === undefined) this.#issue(key.range[0], 'key', 'a key must be text', 'put it in quotes');
    else if (text === '' && isScalar(key) && key.type === 'PLAIN')
      this.#issue(key.range[0], 'key', 'a key is missing before the colon', 'write one');
    else if (text === '__proto__') this.#issue(key.range[0], 'key', 'this key is not allowed', 'use another name');
    else {
      if (key.anchor !== undefined) this.#anchors.set(key.anchor, key);
      return text;
    }
    return undefined;
  }

  #keyOfAlias(name: string): string | undefined {
    const target = this.#anchors.get(name);
    return isScalar(target) && typeof target.value === 'string' ? target.value : undefined;
  }

  #scalar(node: ParsedNode, range: SourceRange): Converted {
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string' && isScalar(node) && node.type === 'PLAIN') {
      if (node.anchor !== undefined) this.anchored.set(node.anchor, range.key);
      if (/^\S/.test(node.comment ?? '')) this.comments.push(range.end);
    }
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return { data: value, range };
    const integer = integerOf(isScalar(node) ? node.source : undefined);
    if (integer !== undefined) return { data: integer, range };
    if (!Number.isFinite(value)) {
      return this.#refuse(range, 'number', 'this is not a finite number', 'put it in quotes if it is text');
    }
    if (Number.isInteger(value)) {
      return this.#refuse(
        range,
        'number',
        'this number has more digits than can be kept',
        'put it in quotes if it is an id',
      );
    }
    return { data: value, range };
  }

  #refuse(range: SourceRange, code: string, message: string, mend: string): Converted {
    this.#issue(range.start, code, message, mend);
    return { data: null, range };
  }

  #issue(offset: number, code: string, message: string, mend: string): void {
    this.issues.push({ offset, code: `yaml.${code}`, message, mend });
  }
}

/** Digits of an integer beyond 2^53 as text, as for JSON in requests; undefined for any other number. */
function integerOf(source = ''): string | undefined {
  return /^(?:[-+]?\d+|0o[0-7]+|0x[\da-f]+)$/i.test(source) ? String(BigInt(source.replace('+', ''))) : undefined;
}
