import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type YAMLMap } from 'yaml';

/** Deeper than anybody writes, and shallow enough for every walk over the data to recurse. */
export const DEEPEST = 64;

/** One thing that is wrong with the text itself; `offset` in characters. */
export interface Issue {
  readonly offset: number;
  readonly code: string;
  readonly message: string;
  readonly mend: string;
}

/** Where a value stands: characters from the beginning of the file. Mirrors the data; survives a trip between threads. */
export interface Spot {
  /** Of its key; of itself for an entry of a list. */
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly children?: ReadonlyMap<string, Spot>;
}

interface Converted {
  readonly data: unknown;
  readonly spot: Spot;
}

/** So many values may come out of aliases; ordinary reuse takes hundreds, a bomb billions. */
const MOST_ALIASED = 20_000;
const PLAIN_TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * The composed nodes as plain data. Reports all at once what YAML allows and a rules file does not. `depth`: how deep the
 * root stands; `aliased`: how many values came out of aliases.
 */
export function convert(
  root: ParsedNode | null,
  depth: number,
): Converted & Pick<Conversion, 'issues' | 'aliased' | 'comments' | 'aliases' | 'anchored'> {
  const conversion = new Conversion();
  const converted =
    root === null ? { data: null, spot: { key: 0, start: 0, end: 0 } } : conversion.node(root, depth, root.range[0]);
  const { issues, aliased, comments, aliases, anchored } = conversion;
  return { ...converted, issues, aliased, comments, aliases, anchored };
}

class Conversion {
  readonly issues: Issue[] = [];
  /** Text that YAML allows and drops silently; offsets are those of the end of the value. */
  readonly comments: number[] = [];
  readonly aliases = new Set<string>();
  /** Anchors of texts: where they are. */
  readonly anchored = new Map<string, number>();
  aliased = 0;
  readonly #anchors = new Map<string, ParsedNode>();
  /** Anchored nodes that are being converted: an alias to one of them would never end. */
  readonly #open = new Set<ParsedNode>();
  #aliasDepth = 0;

  node(node: ParsedNode, depth: number, key: number): Converted {
    const spot = { key, start: node.range[0], end: node.range[1] };
    const nothing = { data: null, spot };
    if (depth > DEEPEST)
      return this.#refuse(spot, 'too_deep', `nested deeper than ${DEEPEST} levels`, 'make it flatter');
    if (this.#aliasDepth > 0 && (this.aliased += 1) > MOST_ALIASED) {
      return this.aliased === MOST_ALIASED + 1
        ? this.#refuse(
            spot,
            'too_many_aliases',
            'aliases blow this file up to an enormous size',
            'write it out, or reuse less',
          )
        : nothing;
    }
    if (isAlias(node)) return this.#alias(node.source, spot, depth);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (node.tag !== undefined && node.tag !== '!' && !PLAIN_TAGS.has(node.tag)) {
      return this.#refuse(
        spot,
        'tag',
        'tags like `!this` are not read',
        'remove the tag; for secrets write `${env:NAME}`',
      );
    }
    this.#open.add(node);
    const converted = isMap(node)
      ? this.#map(node, spot, depth)
      : isSeq(node)
        ? this.#list(node.items, spot, depth)
        : this.#scalar(node, spot);
    this.#open.delete(node);
    return converted;
  }

  #alias(name: string, spot: Spot, depth: number): Converted {
    this.aliases.add(name);
    const target = this.#anchors.get(name);
    if (target === undefined)
      return this.#refuse(
        spot,
        'alias',
        'there is no such anchor before this alias',
        'write `&name` at the value that is meant',
      );
    if (this.#open.has(target)) return this.#refuse(spot, 'alias', 'this alias contains itself', 'write the value out');
    this.#aliasDepth += 1;
    const { data, spot: found } = this.node(target, depth, spot.key);
    this.#aliasDepth -= 1;
    return { data, spot: found };
  }

  #list(items: readonly ParsedNode[], spot: Spot, depth: number): Converted {
    const data: unknown[] = [];
    const children = new Map<string, Spot>();
    for (const [index, item] of items.entries()) {
      const converted = this.node(item, depth + 1, item.range[0]);
      data.push(converted.data);
      children.set(String(index), converted.spot);
    }
    return { data, spot: { ...spot, children } };
  }

  #map(node: YAMLMap.Parsed, spot: Spot, depth: number): Converted {
    const data: Record<string, unknown> = {};
    const children = new Map<string, Spot>();
    const merged: Converted[] = [];
    for (const { key, value } of node.items) {
      const at = key.range[0];
      const name = this.#key(key);
      if (name === undefined) continue;
      const converted =
        value === null ? { data: null, spot: { key: at, start: at, end: at } } : this.node(value, depth + 1, at);
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(...this.#mergeable(converted));
      else if (children.has(name))
        this.#issue(at, 'duplicate_key', `the key \`${name}\` is there twice`, 'remove one of them');
      else {
        data[name] = converted.data;
        children.set(name, converted.spot);
      }
    }
    for (const { data: more, spot: spots } of merged) {
      for (const [name, item] of Object.entries(more as Record<string, unknown>)) {
        if (children.has(name)) continue;
        data[name] = item;
        children.set(name, spots.children!.get(name)!);
      }
    }
    return { data, spot: { ...spot, children } };
  }

  /** What `<<` brings in: a map or a list of maps. */
  #mergeable(converted: Converted): Converted[] {
    const { data, spot } = converted;
    if (Array.isArray(data)) {
      return data.flatMap((item: unknown, index) =>
        this.#mergeable({ data: item, spot: spot.children!.get(String(index))! }),
      );
    }
    if (typeof data === 'object' && data !== null) return [converted];
    this.#issue(spot.start, 'merge', '`<<` takes a map', 'write `<<: *name` for an earlier `&name` that is a map');
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

  #scalar(node: ParsedNode, spot: Spot): Converted {
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string' && isScalar(node) && node.type === 'PLAIN') {
      if (node.anchor !== undefined) this.anchored.set(node.anchor, spot.key);
      if (/^\S/.test(node.comment ?? '')) this.comments.push(spot.end);
    }
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return { data: value, spot };
    const integer = integerOf(isScalar(node) ? node.source : undefined);
    if (integer !== undefined) return { data: integer, spot };
    if (!Number.isFinite(value)) {
      return this.#refuse(spot, 'number', 'this is not a finite number', 'put it in quotes if it is text');
    }
    if (Number.isInteger(value)) {
      return this.#refuse(
        spot,
        'number',
        'this number has more digits than can be kept',
        'put it in quotes if it is an id',
      );
    }
    return { data: value, spot };
  }

  #refuse(spot: Spot, code: string, message: string, mend: string): Converted {
    this.#issue(spot.start, code, message, mend);
    return { data: null, spot };
  }

  #issue(offset: number, code: string, message: string, mend: string): void {
    this.issues.push({ offset, code: `yaml.${code}`, message, mend });
  }
}

/** The digits of an integer, as JSON from outside keeps those of one beyond 2^53; undefined when a number is none. */
function integerOf(source = ''): string | undefined {
  return /^(?:[-+]?\d+|0o[0-7]+|0x[\da-f]+)$/i.test(source) ? String(BigInt(source.replace('+', ''))) : undefined;
}
