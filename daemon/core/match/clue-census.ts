import type { Clue, Need, Range } from './need.ts';

/** All that has the same clue. */
export interface Slot<T> {
  readonly clue: Clue;
  /** How many need it, or something else instead. */
  count: number;
  /** Those that are found by it. */
  readonly filed: T[];
}

/** What a need is found by: one of some slots. `cost`: how many others need the same, as a measure of how many events have it. */
export interface Way<T> {
  readonly slots: readonly Slot<T>[];
  readonly cost: number;
}

/** Counts what is needed, so that each can be found by what the fewest others need too. */
export class ClueCensus<T> {
  readonly #byPath = new Map<string, Map<Clue['kind'], Map<unknown, Slot<T>>>>();
  /** How many clues each path has. */
  readonly #mentions = new Map<string, number>();

  count(need: Need): void {
    if (!('kind' in need)) {
      for (const part of 'all' in need ? need.all : need.any) this.count(part);
      return;
    }
    this.#slotOf(need).count += 1;
    this.#mentions.set(need.path, (this.#mentions.get(need.path) ?? 0) + 1);
  }

  /** Undefined when there may be an event that fits and has no clue to it. */
  cheapest(need: Need): Way<T> | undefined {
    if ('kind' in need) return { slots: [this.#slotOf(need)], cost: this.#cost(need) };
    if ('any' in need) return this.#together(need.any);
    let best: Way<T> | undefined;
    for (const part of need.all) {
      const way = this.cheapest(part);
      if (way !== undefined && (best === undefined || way.cost < best.cost)) best = way;
    }
    return best;
  }

  /** The slots in which something is filed. */
  *filled(): Iterable<{ readonly path: string; readonly kind: Clue['kind']; readonly slots: readonly Slot<T>[] }> {
    for (const [path, kinds] of this.#byPath) {
      for (const [kind, byValue] of kinds) {
        const slots = [...byValue.values()].filter(({ filed }) => filed.length > 0);
        if (slots.length > 0) yield { path, kind, slots };
      }
    }
  }

  #together(needs: readonly Need[]): Way<T> | undefined {
    const ways = needs.map((need) => this.cheapest(need));
    if (!ways.every((way) => way !== undefined)) return undefined;
    return { slots: ways.flatMap(({ slots }) => slots), cost: ways.reduce((sum, { cost }) => sum + cost, 0) };
  }

  #slotOf(clue: Clue): Slot<T> {
    const kinds = entryOf(this.#byPath, clue.path, () => new Map<Clue['kind'], Map<unknown, Slot<T>>>());
    const slots = entryOf(kinds, clue.kind, () => new Map<unknown, Slot<T>>());
    const value = clue.kind === 'range' ? `${clue.value.low}:${clue.value.high}` : clue.value;
    return entryOf(slots, value, () => ({ clue, count: 0, filed: [] }));
  }

  /** What is open to one side, or says nothing of the value, is met by as many as ask for anything there. */
  #cost(clue: Clue): number {
    return isWide(clue) ? this.#mentions.get(clue.path)! : this.#slotOf(clue).count;
  }
}

function isWide({ kind, value }: Clue): boolean {
  return kind === 'present' || value === '' || (kind === 'range' && !Number.isFinite(spread(value)));
}

const spread = ({ low, high }: Range): number => high - low;

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
