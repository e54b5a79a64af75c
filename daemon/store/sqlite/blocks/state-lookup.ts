import type { DeliveryState } from '../../../core/delivery/delivery.ts';
import type { HistoryFilter } from '../../store.ts';
import type { Connection } from '../engine/connection.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import { numbersOf } from './block.ts';

const OPEN = `FROM deliveries INDEXED BY deliveries_owed WHERE state < ${FIRST_FINAL} AND seq BETWEEN ?1 AND ?2`;
const ENDED = 'FROM ended_otherwise WHERE seq BETWEEN ?1 AND ?2';

/** Sets of deliveries that SQLite finds without reading the deliveries. The delivered ones are the rest. */
const SETS = {
  waiting: `${OPEN} AND state < ${STATE.sending}`,
  awaiting: `${OPEN} AND state = ${STATE.sending}`,
  dead: `${ENDED} AND state = ${STATE.dead}`,
  cancelled: `${ENDED} AND state = ${STATE.cancelled}`,
  tried: `${OPEN} AND state > ${STATE.pending}`,
  endedOtherwise: ENDED,
} as const;

type SetName = keyof typeof SETS;

/** States that a delivery of a set may have. The row of a claimed delivery, which is `sending`, waits. */
const STATES_OF: readonly (readonly [SetName, readonly DeliveryState[]])[] = [
  ['waiting', ['pending', 'held', 'sending']],
  ['awaiting', ['sending']],
  ['dead', ['dead']],
  ['cancelled', ['cancelled']],
];

/** Candidates up to which their states are not looked up, because the rows are read soon. */
const FEW = 4;

interface Block {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
}

/** Finds the deliveries of a block by their state or failure, which change after the block is built. */
export class StateLookup {
  readonly #db: Connection;
  /** Sets that contain every match; undefined: `without` contains no match. */
  readonly #within: readonly SetName[] | undefined;
  readonly #without: readonly SetName[];
  /** Rows that may match too. */
  readonly #claimed: readonly number[];

  /** Undefined when the filter has no such condition. */
  static of(db: Connection, filter: HistoryFilter, claimed: readonly number[]): StateLookup | undefined {
    // The last attempt of a delivery that was delivered did not fail, unless the delivery was dead before.
    if (filter.class !== undefined || filter.code !== undefined)
      return new StateLookup(db, ['tried', 'endedOtherwise'], [], claimed);
    if (filter.states === undefined) return undefined;
    const wanted = new Set(filter.states);
    const isWanted = ([, states]: (typeof STATES_OF)[number]): boolean => states.some((state) => wanted.has(state));
    const names = (sets: typeof STATES_OF): SetName[] => sets.map(([name]) => name);
    if (wanted.has('delivered'))
      return new StateLookup(db, undefined, names(STATES_OF.filter((set) => !isWanted(set))), []);
    const areWaiting = wanted.has('pending') || wanted.has('held');
    const within = STATES_OF.filter((set) => isWanted(set) && (set[0] !== 'waiting' || areWaiting));
    return new StateLookup(db, names(within), [], wanted.has('sending') ? claimed : []);
  }

  private constructor(
    db: Connection,
    within: readonly SetName[] | undefined,
    without: readonly SetName[],
    claimed: readonly number[],
  ) {
    this.#db = db;
    this.#within = within;
    this.#without = without;
    this.#claimed = claimed;
  }

  /** Rows that may match: of those `found` by other conditions, or of all; ascending. */
  candidates(block: Block, found: readonly number[] | undefined): readonly number[] | 'all' {
    if (found !== undefined && found.length <= FEW) return found;
    if (this.#within !== undefined) {
      const seqs = this.#seqs(this.#within, block);
      return found?.filter((seq) => seqs.has(seq)) ?? [...seqs].toSorted((a, b) => a - b);
    }
    const excluded = this.#count(this.#without, block);
    if (excluded === 0) return found ?? 'all';
    if (excluded === block.rows) return [];
    const seqs = this.#seqs(this.#without, block);
    return (found ?? this.#allOf(block)).filter((seq) => !seqs.has(seq));
  }

  #seqs(names: readonly SetName[], { first, last }: Block): Set<number> {
    const seqs = new Set(this.#claimed.filter((seq) => seq >= first && seq <= last));
    for (const name of names)
      for (const [seq] of this.#db.statement(`SELECT seq ${SETS[name]}`).all([first, last]) as [number][])
        seqs.add(seq);
    return seqs;
  }

  #count(names: readonly SetName[], { first, last }: Block): number {
    let count = 0;
    for (const name of names)
      count += (this.#db.statement(`SELECT count(*) ${SETS[name]}`).get([first, last]) as unknown as [number])[0];
    return count;
  }

  #allOf({ first }: Block): readonly number[] {
    const [seqs] = this.#db.statement('SELECT seqs FROM delivery_blocks WHERE first = ?').get([first]) as unknown as [
      Buffer,
    ];
    return [...numbersOf(Float64Array, seqs)];
  }
}
