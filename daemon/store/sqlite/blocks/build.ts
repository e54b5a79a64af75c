import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import type { Connection } from '../engine/connection.ts';
import { STATE } from '../../shared/stored-states.ts';
import { RowActivity } from './activity-counts.ts';
import { BlockBuilder, sizeOf, type StoredBlock } from './block.ts';
import { deliveryHead, eventHead, type EventHead, HEAD_CHARS } from '../../shared/history/head.ts';
import type { HistoryTable } from '../../shared/history/search-step.ts';
import { eventTerms, NO_MATCH_TERM, resultTerms, type Term, termOf } from './terms.ts';

export const BLOCKS = { events: 'event_blocks', deliveries: 'delivery_blocks' } as const;

/** One step of the index: builds the next block of a table. */
export interface IndexStep {
  readonly table: HistoryTable;
  /** Rows of a block. */
  readonly rows: number;
  /** Builds the last block also with fewer rows. */
  readonly short?: boolean;
}

export interface IndexResult {
  /** Rows in the block; 0: too few rows are left for one. */
  readonly rows: number;
  /** Rows in no block, if no block was built. */
  readonly left: number;
  readonly bytes: number;
}

/** Rows of a block. Building one takes about 3 ms, for which a commit may have to wait. */
export const BLOCK_ROWS = 512;

/** Last row in a block; 0 when there is none. */
export function indexedUntil(db: Connection, table: HistoryTable): number {
  const row = db.statement(`SELECT last FROM ${BLOCKS[table]} ORDER BY first DESC LIMIT 1`).get([]) as
    | [number]
    | undefined;
  return row?.[0] ?? 0;
}

/** Builds the next block from the rows after the last one, in one transaction with what is counted of them. */
export function indexNext(db: Connection, { table, rows, short = false }: IndexStep): IndexResult {
  return db.transaction(() => {
    const counts = new RowActivity();
    const builder = new BlockBuilder();
    const { sql, columns, add } = SOURCES[table];
    const [text] = db.statement(sql).get([indexedUntil(db, table), rows]) as [string | null];
    const values = text?.split('\n') ?? [];
    const found = values.length / columns;
    if (found < (short ? 1 : rows)) return { rows: 0, left: found, bytes: 0 };
    for (let row = 0; row < found && !builder.isFull; row += 1)
      add(db, values.slice(row * columns, (row + 1) * columns), builder, counts);
    const block = builder.build()!;
    write(db, table, block);
    counts.write(db, block.maxAt);
    return { rows: block.rows, left: 0, bytes: sizeOf(block) };
  });
}

function write(db: Connection, table: HistoryTable, block: StoredBlock): void {
  const { first, last, rows, minAt, maxAt, types, terms, postings, seqs } = block;
  db.statement(`INSERT INTO ${BLOCKS[table]} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run([
    first,
    last,
    rows,
    minAt,
    maxAt,
    types,
    terms,
    postings,
    seqs,
  ]);
}

interface Source {
  /** One text of all columns of all rows, a line each: reading it takes a third of the time of reading rows. JSON has no line breaks. */
  readonly sql: string;
  readonly columns: number;
  readonly add: (db: Connection, row: readonly string[], builder: BlockBuilder, counts: RowActivity) => void;
}

/** The first characters of a JSON document. */
const head = (column: string): string => `substr(${column}, 1, ${HEAD_CHARS})`;

const lines = (columns: readonly string[], from: string): string =>
  `SELECT group_concat(line, char(10)) FROM (SELECT ${columns.join(' || char(10) || ')} AS line ${from})`;

const SOURCES: Readonly<Record<HistoryTable, Source>> = {
  events: {
    sql: lines(['seq', 'at', head('body'), 'outcomes'], 'FROM events WHERE seq > ? ORDER BY seq LIMIT ?'),
    columns: 4,
    add: addEvent,
  },
  deliveries: {
    sql: lines(
      ['d.seq', 'd.state', '(d.error IS NOT NULL)', head('d.body'), `coalesce(${head('e.body')}, '')`],
      'FROM deliveries d LEFT JOIN events e ON e.seq = d.event WHERE d.seq > ? ORDER BY d.seq LIMIT ?',
    ),
    columns: 5,
    add: addDelivery,
  },
};

function addEvent(
  db: Connection,
  [seqText, atText, start, outcomes]: readonly string[],
  builder: BlockBuilder,
  counts: RowActivity,
): void {
  const [seq, at] = [Number(seqText), Number(atText)];
  const event = eventHead(start!) ?? eventAt(db, seq);
  const results = outcomes === '[]' ? [] : (JSON.parse(outcomes!) as (RuleResult | LaterResult)[]);
  counts.addResults(results, at);
  const terms = eventTerms(event);
  if (results.length === 0) terms.push(NO_MATCH_TERM);
  for (const result of results) terms.push(...resultTerms(result));
  builder.add(seq, at, event.type, terms);
}

function addDelivery(
  db: Connection,
  [seqText, stateText, hasError, start, eventStart]: readonly string[],
  builder: BlockBuilder,
  counts: RowActivity,
): void {
  const [seq, state] = [Number(seqText), Number(stateText)];
  const head = deliveryHead(start!);
  const event = eventHead(eventStart!);
  const whole = head === undefined || event === undefined ? deliveryAt(db, seq) : undefined;
  const { rule, channel, key, createdAt } = head ?? whole!.delivery;
  const of = event ?? whole!.event;
  const terms: Term[] = of === undefined ? [] : eventTerms(of);
  terms.push(termOf('rule', rule), termOf('channel', channel), termOf('key', key));
  builder.add(seq, createdAt, of?.type ?? '', terms);
  if (state === STATE.delivered) counts.addDelivered(channel, seq);
  // Deliveries of earlier versions are not in the table yet.
  if (state > STATE.delivered || hasError === '1')
    db.statement('INSERT OR REPLACE INTO ended_otherwise VALUES (?, ?)').run([seq, state]);
}

function eventAt(db: Connection, seq: number): EventHead {
  const [body] = db.statement('SELECT body FROM events WHERE seq = ?').get([seq]) as [string];
  return JSON.parse(body) as Event;
}

/** A delivery, and its event where it is stored: in its own row or with the delivery. */
function deliveryAt(
  db: Connection,
  seq: number,
): { readonly delivery: Omit<Delivery, 'event'>; readonly event?: EventHead } {
  const [body, eventBody] = db
    .statement('SELECT d.body, e.body FROM deliveries d LEFT JOIN events e ON e.seq = d.event WHERE d.seq = ?')
    .get([seq]) as [string, string | null];
  const { event = eventBody === null ? undefined : (JSON.parse(eventBody) as Event), ...delivery } = JSON.parse(
    body,
  ) as Omit<Delivery, 'event'> & Partial<Pick<Delivery, 'event'>>;
  return { delivery, ...(event !== undefined && { event }) };
}
