import pg from 'pg';
import type { Row, Value } from '../../shared/writes.ts';
import { connectionString } from './address.ts';
import { postgresError } from './errors.ts';
import { fromStored, toStoredJson, toStoredText } from './stored-text.ts';

type Parameter = Value | boolean | readonly Value[];

export interface DatabaseOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `sslmode` as libpq knows it. */
  readonly url: string;
  /** Connections at most. */
  readonly connections: number;
  /** Name of this instance, which `pg_stat_activity` shows. */
  readonly instance: string;
}

/** Milliseconds after which a connection that is not made, or a statement without an answer, counts as lost. */
const CONNECT_TIMEOUT_MS = 2000;
const STATEMENT_TIMEOUT_MS = 15_000;

/** A 53-bit number is exact in JavaScript; Belfry stores no larger ones. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === pg.types.builtins.INT8) return Number;
    if (oid === pg.types.builtins.JSON || oid === pg.types.builtins.JSONB) return String;
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;

/** Connections to one PostgreSQL server. Every statement is a transaction of its own, so that a pooler between them may share its connections. */
export class Database {
  readonly #pool: pg.Pool;

  constructor({ url, connections, instance }: DatabaseOptions) {
    this.#pool = new pg.Pool({
      connectionString: connectionString(url),
      max: connections,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5000,
      application_name: `belfry ${instance}`.slice(0, 63),
      types,
    });
    // A connection that breaks while nobody uses it is replaced when the next one is wanted.
    this.#pool.on('error', () => undefined);
  }

  /**
   * Rows as arrays in the order of the columns. Rejects with `store.unavailable`, `store.full` or `store.broken`. `timeoutMs` is for a
   * statement that may take long.
   */
  rows(text: string, values: readonly Parameter[] = [], timeoutMs?: number): Promise<readonly Row[]> {
    return this.#query(text, values.map(toStored), timeoutMs);
  }

  /** Calls a function that takes one JSON text as its last argument; resolves to the JSON that it returns. */
  async call(name: string, ...values: Parameter[]): Promise<unknown> {
    const given = values.map((value) => (typeof value === 'string' ? toStoredJson(value) : value));
    const [row] = await this.#query(`SELECT ${name}(${given.map((_, index) => `$${index + 1}`).join(', ')})`, given);
    const [answer] = row!;
    return typeof answer === 'string' ? (JSON.parse(answer) as unknown) : answer;
  }

  async #query(text: string, values: readonly Parameter[], timeoutMs?: number): Promise<readonly Row[]> {
    try {
      const { rows } = await this.#pool.query<Value[]>({
        text,
        values: values as unknown[],
        rowMode: 'array',
        ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
      });
      return rows.map((row) => row.map((value) => (typeof value === 'string' ? fromStored(value) : value)));
    } catch (error) {
      throw postgresError(error);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

function toStored(value: Parameter): Parameter {
  if (typeof value === 'string') return toStoredText(value);
  return Array.isArray(value) ? value.map((one: Value) => (typeof one === 'string' ? toStoredText(one) : one)) : value;
}
