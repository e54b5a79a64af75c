import type { Clue, Need, Range } from './requirement.ts';

/** All that has the same clue. */
export interface Slot<T> {
  readonly clue: Clue;
  /** How many need it, or something else instead. */
  count: number;
  /** Those that are found by it; undefined when there are none. */
  filed?: T[];
  readonly field: Field<T>;
}

type Filled<T> = Slot<T> & { readonly filed: readonly T[] };

const isFilled = <T>(slot: Slot<T>): slot is Filled<T> => slot.filed !== undefined;

/** What is needed of one path. */
interface Field<T> {
  readonly kinds: Map<Clue['kind'], Map<unknown, Slot<T>>>;
  /** How many clues there are. */
  mentions: number;
}

/** A need whose clues have been counted. */
export type Counted<T> = Slot<T> | { readonly all: readonly Counted<T>[] } | { readonly any: readonly Counted<T>[] };

/** What a need is found by: one of some slots. `cost`: how many others need the same, as a measure of how many events have it. */
export interface Way<T> {
  readonly slots: readonly Slot<T>[];
  readonly cost: number;
}

/** Counts what is needed, so that each can be found by what the fewest others need too. */
export class ClueCensus<T> {
  readonly #fields = new Map<string, Field<T>>();

  count(need: Need): Counted<T> {
    if ('all' in need) return { all: need.all.map((part) => this.count(part)) };
    if ('any' in need) return { any: need.any.map((part) => this.count(part)) };
    const slot = this.#slotOf(need);
    slot.count += 1;
    slot.field.mentions += 1;
    return slot;
  }

  /** The slots in which something is filed, by path and kind. */
  *filled(): Iterable<{ path: string; kind: Clue['kind']; slots: readonly Filled<T>[] }> {
    for (const [path, { kinds }] of this.#fields) {
      for (const [kind, slots] of kinds) {
        const filled: Filled<T>[] = [];
        for (const slot of slots.values()) if (isFilled(slot)) filled.push(slot);
        if (filled.length > 0) yield { path, kind, slots: filled };
      }
    }
  }

  #slotOf(clue: Clue): Slot<T> {
    let field = this.#fields.get(clue.path);
    if (field === undefined) this.#fields.set(clue.path, (field = { kinds: new Map(), mentions: 0 }));
    let slots = field.kinds.get(clue.kind);
    if (slots === undefined) field.kinds.set(clue.kind, (slots = new Map()));
    const value = clue.kind === 'range' ? `${clue.value.low}:${clue.value.high}` : clue.value;
    let slot = slots.get(value);
    if (slot === undefined) slots.set(value, (slot = { clue, count: 0, field }));
    return slot;
  }
}

/** Most slots have one entry or none, and there are as many as rules. */
export function fileUnder<T>(way: Way<T>, entry: T): void {
  for (const slot of way.slots) {
    if (slot.filed === undefined) slot.filed = [entry];
    else if (slot.filed.at(-1) !== entry) slot.filed.push(entry);
  }
}

/** After all have been counted. Undefined when there may be an event that fits and has no clue to it. */
export function cheapest<T>(need: Counted<T>): Way<T> | undefined {
  if ('any' in need) return together(need.any);
  if (!('all' in need)) return { slots: [need], cost: costOf(need) };
  let best: Way<T> | undefined;
  for (const part of need.all) {
    const way = cheapest(part);
    if (way !== undefined && (best === undefined || way.cost < best.cost)) best = way;
  }
  return best;
}

function together<T>(needs: readonly Counted<T>[]): Way<T> | undefined {
  const slots: Slot<T>[] = [];
  let cost = 0;
  for (const need of needs) {
    const way = cheapest(need);
    if (way === undefined) return undefined;
    for (const slot of way.slots) slots.push(slot);
    cost += way.cost;
  }
  return { slots, cost };
}

/** What is open to one side, or says nothing of the value, is met by as many as ask for anything there. */
const costOf = <T>({ clue, count, field }: Slot<T>): number => (isWide(clue) ? field.mentions : count);

function isWide({ kind, value }: Clue): boolean {
  return kind === 'present' || value === '' || (kind === 'range' && !Number.isFinite(spread(value)));
}

const spread = ({ low, high }: Range): number => high - low;
