import type { HistoryFilter } from '../../store.ts';
import type { Connection } from '../engine/connection.ts';
import type { HistoryTable } from '../../shared/history/search-step.ts';
import { BLOCKS } from './build.ts';
import { indexOf, numbersOf, positionsAt } from './block.ts';
import { StateLookup } from './state-lookup.ts';
import { conditionsOf, globOf, type Term, type TermCondition, termOf } from './terms.ts';

/** Head of a block. */
export interface BlockHead {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  /** Absent when the filter has no condition on terms. */
  readonly terms?: Buffer;
  /** Absent when the filter has no glob. */
  readonly types?: string;
  /** Later results have added terms to its events. */
  readonly hasLater: boolean;
}

export interface BlockQuery {
  readonly table: HistoryTable;
  readonly filter: HistoryFilter;
  readonly order: 'asc' | 'desc';
  readonly claimed: readonly number[];
}

/** Blocks read by one query. */
const BLOCKS_AT_ONCE = 32;

/** Finds the rows in blocks of the index that may match a filter. */
export class BlockSearch {
  readonly #db: Connection;
  readonly #query: BlockQuery;
  readonly #conditions: readonly TermCondition[];
  readonly #isType: ((type: string) => boolean) | undefined;
  readonly #states: StateLookup | undefined;
  /** The latest types of a block, and the condition for them. */
  #types: { readonly text: string; readonly condition: TermCondition } | undefined;

  constructor(db: Connection, query: BlockQuery) {
    this.#db = db;
    this.#query = query;
    this.#conditions = conditionsOf(query.table, query.filter);
    this.#isType = globOf(query.filter);
    this.#states = query.table === 'deliveries' ? StateLookup.of(db, query.filter, query.claimed) : undefined;
  }

  /** Blocks that overlap a range and the time of the filter, in order. */
  *in({ after, before }: { readonly after: number; readonly before: number }): Iterable<BlockHead> {
    const { table, filter, order } = this.#query;
    const { since = 0, until = Number.MAX_SAFE_INTEGER } = filter;
    const blocks = BLOCKS[table];
    const later = this.#conditions.some(({ isResult }) => isResult)
      ? 'EXISTS (SELECT 1 FROM later_terms WHERE block = first)'
      : '0';
    const columns = `first, last, rows, ${this.#hasTerms ? 'terms' : 'NULL'}, ${this.#isType ? 'types' : 'NULL'}, ${later}`;
    const from = `coalesce((SELECT max(first) FROM ${blocks} WHERE first <= ?1), ?1)`;
    const sql = `SELECT ${columns} FROM ${blocks} WHERE first >= ${from} AND first < ?2 AND last > ?1 AND max_at >= ?3 AND min_at < ?4
      ORDER BY first ${order} LIMIT ${BLOCKS_AT_ONCE}`;
    for (let [low, high] = [after, before]; low < high - 1; ) {
      const rows = this.#db.statement(sql).all([low, high, since, until]) as unknown as HeadRow[];
      for (const [first, last, count, terms, types, hasLater] of rows)
        yield {
          first,
          last,
          rows: count,
          hasLater: hasLater === 1,
          ...(terms !== null && { terms }),
          ...(types !== null && { types }),
        };
      const end = rows.at(-1);
      if (end === undefined || rows.length < BLOCKS_AT_ONCE) return;
      if (order === 'asc') low = end[1];
      else high = end[0];
    }
  }

  get #hasTerms(): boolean {
    return this.#conditions.length > 0 || this.#isType !== undefined;
  }

  /** Numbers of the rows that may match, ascending; `all` when the index cannot exclude any. */
  candidates(block: BlockHead): readonly number[] | 'all' {
    const found = this.#hasTerms ? this.#byTerms(block) : undefined;
    if (this.#states === undefined || found?.length === 0) return found ?? 'all';
    return this.#states.candidates(block, found);
  }

  #byTerms(block: BlockHead): readonly number[] {
    const conditions =
      this.#isType === undefined ? this.#conditions : [...this.#conditions, this.#typeCondition(block)];
    const terms = numbersOf(Uint32Array, block.terms!);
    const found = conditions.map(({ anyOf, isResult }) => ({
      indexes: anyOf.map((term) => indexOf(terms, term)).filter((at) => at >= 0),
      later: isResult && block.hasLater ? anyOf.flatMap((term) => this.#laterRows(block, term)) : [],
    }));
    if (found.some(({ indexes, later }) => indexes.length === 0 && later.length === 0)) return [];
    const isWithoutLater = found.every(({ later }) => later.length === 0);
    const postings = this.#blobOf('postings', block);
    // Number of conditions that each row meets. A condition counts only rows that meet all before it.
    const met = new Uint8Array(block.rows);
    const count = (position: number, at: number): void => {
      if (met[position] === at) met[position] = at + 1;
    };
    let seqs = isWithoutLater ? undefined : this.#seqsOf(block);
    for (const [at, { indexes, later }] of found.entries()) {
      for (const index of indexes)
        for (const position of positionsAt(postings, terms.length, index)) count(position, at);
      for (const seq of later) count(seqs!.indexOf(seq), at);
      if (!met.includes(at + 1)) return [];
    }
    seqs ??= this.#seqsOf(block);
    return Array.from(seqs).filter((_, position) => met[position] === found.length);
  }

  #blobOf(column: 'postings' | 'seqs', { first }: BlockHead): Buffer {
    const sql = `SELECT ${column} FROM ${BLOCKS[this.#query.table]} WHERE first = ?`;
    return (this.#db.statement(sql).get([first]) as unknown as [Buffer])[0];
  }

  #seqsOf(block: BlockHead): Float64Array {
    return numbersOf(Float64Array, this.#blobOf('seqs', block));
  }

  /** The types of a block that match the glob. Many blocks have the same types. */
  #typeCondition({ types }: BlockHead): TermCondition {
    if (types === this.#types?.text) return this.#types!.condition;
    const matching = (JSON.parse(types!) as string[]).filter(this.#isType!);
    const condition = { anyOf: matching.map((type) => termOf('type', type)), isResult: false };
    this.#types = { text: types!, condition };
    return condition;
  }

  /** Events of a block that got a term by a later result. */
  #laterRows({ first }: BlockHead, term: Term): readonly number[] {
    const statement = this.#db.statement('SELECT event FROM later_terms WHERE block = ? AND term = ?');
    return (statement.all([first, term]) as [number][]).map(([seq]) => seq);
  }
}

type HeadRow = [
  first: number,
  last: number,
  rows: number,
  terms: Buffer | null,
  types: string | null,
  hasLater: number,
];
