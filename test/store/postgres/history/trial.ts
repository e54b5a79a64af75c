import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { summarize } from '../../../../daemon/core/event/summary.ts';
import type { Attempt, Delivery } from '../../../../daemon/core/delivery/delivery.ts';
import type { Event } from '../../../../daemon/core/event/event.ts';
import type { LaterResult, RuleResult } from '../../../../daemon/core/flow/decision.ts';
import { Database } from '../../../../daemon/store/postgres/engine/database.ts';
import { toStoredJson, toStoredText } from '../../../../daemon/store/postgres/engine/stored-text.ts';
import { functions } from '../../../../daemon/store/postgres/schema/functions.ts';
import { tables } from '../../../../daemon/store/postgres/schema/tables.ts';
import { search } from '../../../../daemon/store/postgres/history/search.ts';
import { pageOf } from '../../../../daemon/store/shared/history/pages.ts';
import type { HistoryTable } from '../../../../daemon/store/shared/history/search-step.ts';
import { deliveryOfRow, eventOfRow } from '../../../../daemon/store/shared/rows.ts';
import type { HistoryFilter, HistoryQuery, Page } from '../../../../daemon/store/store.ts';
import { hashOf, Sequence, shortHashOf, toColumn } from '../../../../daemon/store/shared/keys.ts';
import { STATE } from '../../../../daemon/store/shared/stored-states.ts';
import type { Row } from '../../../../daemon/store/shared/writes.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { NOW, RECEIPT } from '../../contract/samples.ts';

const OWNER = 1;

/** A delivery as it is stored. */
export interface StoredRow {
  readonly delivery: Delivery;
  readonly state?: keyof typeof STATE;
  readonly due?: number;
  readonly attempts?: readonly Attempt[];
  readonly error?: object;
  /** Number of its owner; default one that exists. */
  readonly owner?: number;
}

export interface StoredArrival {
  readonly event: Event;
  readonly at?: number;
  /** The sender chose the id. */
  readonly mayRepeat?: boolean;
  readonly results?: readonly (RuleResult | LaterResult)[];
  readonly deliveries?: readonly StoredRow[];
}

/** A schema of its own on a real server, with rows that a test inserts without the rest of the store. */
export class Trial {
  readonly url: string;
  readonly database: Database;
  /** Rows of deliveries that are claimed now. */
  claimed: number[] = [];
  /** Name of the schema, quoted. */
  readonly s = `"belfry_history_${randomBytes(4).toString('hex')}"`;
  /** Writes without the conversions of `Database`. */
  readonly #pool: pg.Pool;
  readonly #events = new Sequence(0);
  readonly #deliveries = new Sequence(0);

  constructor(server: PostgresServer) {
    this.url = server.url();
    this.database = new Database({ url: this.url, connections: 4, instance: 'test' });
    this.#pool = new pg.Pool({ connectionString: this.url, max: 4 });
  }

  async open(): Promise<void> {
    await this.#pool.query(`CREATE SCHEMA ${this.s};${tables(this.s)}${functions(this.s)}`);
    await this.database.rows(`INSERT INTO ${this.s}.owners VALUES (${OWNER}, 0, ${OWNER}, 'test')`);
  }

  async close(): Promise<void> {
    await this.#pool.query(`DROP SCHEMA ${this.s} CASCADE`);
    await this.#pool.end();
    await this.database.close();
  }

  sql(text: string, ...values: (string | number | null)[]): Promise<readonly Row[]> {
    return this.database.rows(text.replaceAll('S.', `${this.s}.`), values);
  }

  /** A page of the ids of events that match. */
  events(query: HistoryQuery): Promise<Page<string>> {
    return pageOf(
      'events',
      query,
      (step) => search(this.database, this.s, { ...step, claimed: this.claimed }),
      (row) => eventOfRow(row).event.id,
    );
  }

  /** Ids of all events that match. */
  async found(filter: HistoryFilter, order: 'asc' | 'desc' = 'asc'): Promise<readonly string[]> {
    return (await this.events({ limit: 1000, order, ...filter })).items;
  }

  /** Ids of all deliveries that match. */
  async foundDeliveries(filter: HistoryFilter): Promise<readonly string[]> {
    const query = { limit: 1000, order: 'asc', ...filter } as const;
    const { items } = await pageOf(
      'deliveries',
      query,
      (step) => search(this.database, this.s, { ...step, claimed: this.claimed }),
      (row) => deliveryOfRow(row).stored.delivery.id,
    );
    return items;
  }

  /** The first rows of a table. */
  async rows(table: HistoryTable, filter: HistoryFilter = {}): Promise<readonly Row[]> {
    const step = { table, filter, order: 'asc', rows: 500, limit: 500, claimed: this.claimed } as const;
    return (await search(this.database, this.s, step)).rows;
  }

  /** Writes values in the form in which they are stored. */
  async write(text: string, ...values: (string | number | null)[]): Promise<void> {
    await this.#pool.query(text.replaceAll('S.', `${this.s}.`), values);
  }

  /** Stores an event with its deliveries, and counts them. Returns the row number of the event. */
  async arrive({ event, at = NOW, mayRepeat = false, results = [], deliveries = [] }: StoredArrival): Promise<number> {
    const { seq, named } = this.#events.assign(event.id, at, !mayRepeat);
    const seqs: number[] = [];
    for (const row of deliveries) seqs.push(await this.deliver(row, seq));
    const summary = summarize(results.filter((result) => !('at' in result)));
    await this.write(
      'INSERT INTO S.events VALUES ($1, $2, $3, $4, $5, $6)',
      seq,
      at,
      toStoredJson(JSON.stringify(event)),
      toStoredJson(JSON.stringify(results)),
      summary,
      JSON.stringify(seqs),
    );
    if (named)
      await this.write('INSERT INTO S.names VALUES ($1, $2, 0, $3)', hashOf(event.id), hashOf(event.source), seq);
    await this.count({ [`event:${summary}`]: 1 });
    return seq;
  }

  /** Stores events; returns their ids. */
  async arrived(...arrivals: readonly StoredArrival[]): Promise<string[]> {
    for (const one of arrivals) await this.arrive(one);
    return arrivals.map(({ event }) => event.id);
  }

  /** Stores a delivery and counts it. Without the row number of an event it contains the event. */
  async deliver(
    { delivery, state = 'pending', due = NOW, attempts = [], error, owner = OWNER }: StoredRow,
    event = 0,
  ): Promise<number> {
    const { seq, named } = this.#deliveries.assign(delivery.id, delivery.createdAt, true);
    const { event: of, attempts: _, message, ...head } = delivery;
    const body = JSON.stringify({ ...head, message, event: event === 0 ? of : undefined });
    await this.write(
      'INSERT INTO S.deliveries VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9, $10, $11, $12)',
      seq,
      owner,
      event,
      delivery.channel,
      STATE[state],
      due,
      hashOf(delivery.key),
      shortHashOf(delivery.id),
      toStoredJson(body),
      JSON.stringify(attempts),
      state === 'delivered' ? JSON.stringify(RECEIPT) : null,
      error === undefined ? null : JSON.stringify(error),
    );
    if (named)
      await this.write('INSERT INTO S.delivery_names VALUES ($1, $2)', toStoredText(toColumn(delivery.id)), seq);
    await this.count({ owed: 1, ...(['delivered', 'dead', 'cancelled'].includes(state) && { [state]: 1 }) });
    return seq;
  }

  /** Counts as a transaction of the store does. */
  async count(counts: Readonly<Record<string, number>>): Promise<void> {
    this.#transactions += 1;
    const values = [OWNER, this.#transactions, JSON.stringify(counts)];
    await this.write(`INSERT INTO S.commits VALUES ($1, $2, now(), '{}', NULL, $3)`, ...values);
  }
  #transactions = 0;
}
