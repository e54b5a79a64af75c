import { isLongInteger, isObject } from '../../values/json.ts';
import { Ranges } from './ranges.ts';
import type { Predicate, Range } from './requirement.ts';

/** Rules by number. A list of one, which is the most frequent, is the number alone. */
export type RuleNumbers = number | readonly number[];

/** The candidates of one event, collected while its fields are visited. */
export class Candidates {
  readonly #rules: number[] = [];
  /** The smallest and largest number at each path with ranges. Two elements of an array may satisfy a lower and an upper bound. */
  readonly #spans: { readonly ranges: Ranges<RuleNumbers>; min: number; max: number }[] = [];
  /** Set when the index read a path differently from `compilePath`. Then the whole match is evaluated for each candidate. */
  needsRecheck = false;

  add(rules: RuleNumbers | undefined): void {
    if (typeof rules === 'number') this.#rules.push(rules);
    else if (rules !== undefined) for (const rule of rules) this.#rules.push(rule);
  }

  addNumber(ranges: Ranges<RuleNumbers>, value: number): void {
    if (Number.isNaN(value)) return;
    const span = this.#spans.find((known) => known.ranges === ranges);
    if (span === undefined) {
      this.#spans.push({ ranges, min: value, max: value });
      return;
    }
    span.min = Math.min(span.min, value);
    span.max = Math.max(span.max, value);
  }

  /** The rule numbers, in ascending order, each once. Call it once, after the last field. */
  all(): readonly number[] {
    for (const { ranges, min, max } of this.#spans) {
      ranges.overlapping(min, max, (rules) => this.add(rules));
    }
    return ascending(this.#rules);
  }
}

function ascending(numbers: number[]): readonly number[] {
  for (let at = 1; at < numbers.length; at += 1) {
    if (numbers[at - 1]! >= numbers[at]!) {
      numbers.sort((a, b) => a - b);
      return numbers.filter((number, index) => number !== numbers[index - 1]);
    }
  }
  return numbers;
}

/** Prefixes or suffixes, looked up once for each length that occurs. */
class Affixes {
  readonly #rules = new Map<string, RuleNumbers>();
  readonly #lengths: number[] = [];

  add(affix: string, rules: RuleNumbers): void {
    this.#rules.set(affix, rules);
    if (this.#lengths.includes(affix.length)) return;
    this.#lengths.push(affix.length);
    this.#lengths.sort((a, b) => a - b);
  }

  lookupPrefixes(text: string, candidates: Candidates): void {
    for (const length of this.#lengths) {
      if (length > text.length) return;
      candidates.add(this.#rules.get(text.slice(0, length)));
    }
  }

  lookupSuffixes(text: string, candidates: Candidates): void {
    for (const length of this.#lengths) {
      if (length > text.length) return;
      candidates.add(this.#rules.get(text.slice(text.length - length)));
    }
  }
}

/** The index of one field: the predicates on its values, and the fields below it. The root is the event. */
export class FieldIndex {
  #children: Map<string, FieldIndex> | undefined;
  /** Children whose names are numbers, which are also indexes of array elements. */
  #elements: (readonly [index: number, child: FieldIndex])[] | undefined;
  #present: RuleNumbers | undefined;
  #values: Map<unknown, RuleNumbers> | undefined;
  #folded: Map<string, RuleNumbers> | undefined;
  #prefixes: Affixes | undefined;
  #suffixes: Affixes | undefined;
  #ranges: Ranges<RuleNumbers> | undefined;
  /** Ranges that were added since `build`. */
  #added: (readonly [range: Range, rules: RuleNumbers])[] | undefined;

  /** Adds a predicate with its rules, each predicate once. */
  add(predicate: Predicate, rules: RuleNumbers): void {
    predicate.path
      .split('.')
      .reduce<FieldIndex>((field, name) => field.#child(name), this)
      .#addHere(predicate, rules);
  }

  /** Builds the interval trees, after the last `add`. */
  build(): void {
    if (this.#added !== undefined) this.#ranges = new Ranges(this.#added);
    this.#added = undefined;
    for (const child of this.#children?.values() ?? []) child.build();
  }

  /** Visits the fields that the event and the index have in common, once each. */
  lookup(event: unknown): Candidates {
    const candidates = new Candidates();
    this.#visitChildren(event, candidates);
    return candidates;
  }

  #child(name: string): FieldIndex {
    this.#children ??= new Map();
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    const child = new FieldIndex();
    this.#children.set(name, child);
    if (/^\d+$/.test(name)) (this.#elements ??= []).push([Number(name), child]);
    return child;
  }

  #addHere({ kind, value }: Predicate, rules: RuleNumbers): void {
    switch (kind) {
      case 'value':
        (this.#values ??= new Map()).set(value, rules);
        break;
      case 'folded':
        (this.#folded ??= new Map()).set(value, rules);
        break;
      case 'prefix':
        (this.#prefixes ??= new Affixes()).add(value, rules);
        break;
      case 'suffix':
        (this.#suffixes ??= new Affixes()).add(value, rules);
        break;
      case 'range':
        (this.#added ??= []).push([value, rules]);
        break;
      case 'present':
        this.#present = rules;
    }
  }

  #visit(value: unknown, candidates: Candidates): void {
    candidates.add(this.#present);
    if (Array.isArray(value)) for (const element of value) this.#lookupScalar(element, candidates);
    else this.#lookupScalar(value, candidates);
    if (this.#children !== undefined) this.#visitChildren(value, candidates);
  }

  #lookupScalar(value: unknown, candidates: Candidates): void {
    if (typeof value === 'object' && value !== null) return;
    if (this.#values !== undefined) candidates.add(this.#values.get(value));
    if (typeof value === 'string') this.#lookupText(value, candidates);
    else if (typeof value === 'number' && this.#ranges !== undefined) candidates.addNumber(this.#ranges, value);
  }

  #lookupText(text: string, candidates: Candidates): void {
    this.#prefixes?.lookupPrefixes(text, candidates);
    this.#suffixes?.lookupSuffixes(text, candidates);
    if (this.#folded !== undefined) candidates.add(this.#folded.get(text.toLowerCase()));
    // Bounds are smaller than any integer that is text, so rounding it does not move it across a bound.
    if (this.#ranges !== undefined && isLongInteger(text)) candidates.addNumber(this.#ranges, Number(text));
  }

  #visitChildren(value: unknown, candidates: Candidates): void {
    if (Array.isArray(value)) this.#visitElements(value, candidates);
    else if (isObject(value)) {
      for (const key in value) {
        const child = this.#children?.get(key) ?? this.#dottedChild(key, candidates);
        if (child !== undefined) child.#visit(value[key], candidates);
      }
    }
  }

  #visitElements(values: readonly unknown[], candidates: Candidates): void {
    for (const [index, child] of this.#elements ?? []) {
      // The loop below finds the number as a key of an element too, and `compilePath` does not.
      candidates.needsRecheck = true;
      if (index < values.length) child.#visit(values[index], candidates);
    }
    for (const value of values) if (typeof value === 'object') this.#visitChildren(value, candidates);
  }

  /** The child of a key with dots: `a.b` is `b` in `a`, and the key `a.b`, which `compilePath` reads only if there is no `b` in `a`. */
  #dottedChild(key: string, candidates: Candidates): FieldIndex | undefined {
    if (!key.includes('.')) return undefined;
    candidates.needsRecheck = true;
    return key
      .split('.')
      .reduce<FieldIndex | undefined>(
        (field, name) => (field === undefined ? field : field.#children?.get(name)),
        this,
      );
  }
}
