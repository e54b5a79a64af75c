import { isObject } from '../json.ts';
import type { Range } from './need.ts';
import type { Ranges } from './ranges.ts';
import type { Finds, Shelf } from './shelf.ts';

/** The fields of events that some rule asks for, as a tree of the steps of their paths. */
export class FieldTree<T> {
  readonly #root = new Field<T>();

  /** Files a shelf under a dotted path; under '' it stands for the event as a whole. */
  add(path: string, shelf: Shelf<T>): void {
    let field = this.#root;
    for (const step of path === '' ? [] : path.split('.')) field = field.next(step);
    field.shelves.push(shelf);
  }

  /**
   * Goes once through what an event and the tree have in common. Everything is found that a path leads to, and what it would lead
   * to if a shorter key did not hide a longer one: `a.b` is `b` in `a`, and the key `a.b`. `whole` is what the event as a whole is.
   */
  find(event: unknown, whole: unknown): Iterable<T> {
    const found = new Found<T>();
    this.#root.meet(whole, found);
    this.#root.enter(event, found);
    return found.all();
  }
}

class Field<T> {
  readonly shelves: Shelf<T>[] = [];
  /** Undefined in most: nothing is asked of what is in there. */
  steps: Map<string, Field<T>> | undefined;
  /** The steps that lead to an element of an array, too. */
  readonly #places: (readonly [place: number, field: Field<T>])[] = [];

  next(step: string): Field<T> {
    this.steps ??= new Map();
    let field = this.steps.get(step);
    if (field === undefined) {
      this.steps.set(step, (field = new Field()));
      if (/^\d+$/.test(step)) this.#places.push([Number(step), field]);
    }
    return field;
  }

  meet(value: unknown, found: Found<T>): void {
    for (const shelf of this.shelves) {
      shelf.meet(value, found);
      if (Array.isArray(value)) for (const one of value) shelf.meet(one, found);
    }
    if (this.steps !== undefined && typeof value === 'object') this.enter(value, found);
  }

  /** Goes on to what is in a value. */
  enter(value: unknown, found: Found<T>): void {
    if (Array.isArray(value)) {
      for (const [place, field] of this.#places) if (place < value.length) field.meet(value[place], found);
      for (const one of value) if (typeof one === 'object') this.enter(one, found);
    } else if (isObject(value)) {
      for (const key in value) this.#at(key)?.meet(value[key], found);
    }
  }

  #at(key: string): Field<T> | undefined {
    const field = this.steps?.get(key);
    if (field !== undefined || !key.includes('.')) return field;
    return key.split('.').reduce<Field<T> | undefined>((from, step) => from?.steps?.get(step), this);
  }
}

const FEW = 16;

class Found<T> implements Finds<T> {
  readonly #taken: T[] = [];
  /** The same, once they are so many that looking through them takes long. */
  #known: Set<T> | undefined;
  #spans: Map<Ranges<T>, Range> | undefined;

  take(filed: T): void {
    if (this.#known?.has(filed) ?? this.#taken.includes(filed)) return;
    this.#taken.push(filed);
    if (this.#taken.length > FEW) (this.#known ??= new Set(this.#taken)).add(filed);
  }

  span(ranges: Ranges<T>, value: number): void {
    this.#spans ??= new Map();
    const { low, high } = this.#spans.get(ranges) ?? { low: value, high: value };
    this.#spans.set(ranges, { low: Math.min(low, value), high: Math.max(high, value) });
  }

  all(): Iterable<T> {
    if (this.#spans !== undefined) for (const [ranges, range] of this.#spans) ranges.takeOverlapping(range, this);
    return this.#taken;
  }
}
