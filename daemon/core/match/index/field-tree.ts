import { isObject } from '../../values/json.ts';
import { Finds } from './candidates.ts';
import type { Clue } from './requirement.ts';
import { type Filed, Shelf } from './field-index.ts';
import type { TextTable } from './string-table.ts';

/** The fields of events that some rule asks for, as a tree of the steps of their paths. */
export class FieldTree {
  readonly #root = new Field();
  readonly #table: TextTable;

  constructor(table: TextTable) {
    this.#table = table;
  }

  /** Files under a dotted path; under '' it stands for the event as a whole. */
  add(path: string, kind: Clue['kind'], filed: Filed): void {
    let field = this.#root;
    for (const step of path === '' ? [] : path.split('.')) field = field.next(step);
    field.shelf ??= new Shelf();
    field.shelf.add(kind, filed, this.#table);
  }

  /** Nothing is added any more. */
  seal(): void {
    this.#root.seal();
  }

  /**
   * Goes once through what an event and the tree have in common. Everything is found that a path leads to, and what it would lead
   * to if a shorter key did not hide a longer one: `a.b` is `b` in `a`, and the key `a.b`. `whole` is what the event as a whole is.
   */
  find(event: unknown, whole: unknown): Finds {
    const finds = new Finds();
    this.#root.shelf?.meet(whole, finds);
    this.#root.enter(event, finds);
    return finds;
  }
}

/** Where nothing is asked of a field but to be there, it is no more than the bucket of those who ask. */
type Step = Field | number;

class Field {
  shelf: Shelf | undefined;
  /** Undefined in most: nothing is asked of what is in there. */
  #steps: Map<string, Step> | undefined;
  /** The steps that lead to an element of an array, too. */
  #places: (readonly [place: number, step: string])[] | undefined;

  next(step: string): Field {
    this.#steps ??= new Map();
    const known = this.#steps.get(step);
    if (known instanceof Field) return known;
    const field = new Field();
    this.#steps.set(step, field);
    if (/^\d+$/.test(step)) (this.#places ??= []).push([Number(step), step]);
    return field;
  }

  /** Of many fields, hardly any is in the processor's cache: one that is only a number need not be fetched. */
  seal(): void {
    for (const [step, field] of this.#steps ?? []) {
      if (!(field instanceof Field)) continue;
      field.seal();
      if (field.#steps === undefined && field.shelf!.isPresenceAlone) this.#steps!.set(step, field.shelf!.present);
    }
  }

  /** Goes on to what is in a value. */
  enter(value: unknown, finds: Finds): void {
    if (Array.isArray(value)) this.#enterArray(value, finds);
    else if (isObject(value)) {
      for (const key in value) {
        const step = this.#at(key, finds);
        if (step !== undefined) meet(step, value[key], finds);
      }
    }
  }

  #enterArray(values: readonly unknown[], finds: Finds): void {
    for (const [place, step] of this.#places ?? []) {
      // Keys that look like places are found in the elements too, where no path leads.
      finds.doubtful = true;
      if (place < values.length) meet(this.#steps!.get(step)!, values[place], finds);
    }
    for (const one of values) if (typeof one === 'object') this.enter(one, finds);
  }

  #at(key: string, finds: Finds): Step | undefined {
    const step = this.#steps?.get(key);
    if (step !== undefined || !key.includes('.')) return step;
    const further = key
      .split('.')
      .reduce<Step | undefined>((from, part) => (from instanceof Field ? from.#steps?.get(part) : undefined), this);
    // A shorter key may hide it.
    if (further !== undefined) finds.doubtful = true;
    return further;
  }

  get isLeaf(): boolean {
    return this.#steps === undefined;
  }
}

function meet(step: Step, value: unknown, finds: Finds): void {
  if (typeof step === 'number') {
    finds.take(step);
    return;
  }
  step.shelf?.meet(value, finds);
  if (!step.isLeaf && typeof value === 'object') step.enter(value, finds);
}
