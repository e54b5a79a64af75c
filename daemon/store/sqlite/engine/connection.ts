import Database from 'libsql';
import type { Read } from './protocol.ts';
import type { Row } from '../../shared/writes.ts';
import { READS } from './statements.ts';

/** One connection to the database file: prepared statements, transactions, pragmas. Every call blocks the thread until it is done. */
export class Connection {
  readonly #db: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  /** `file` is a path or `:memory:`. */
  constructor(file: string) {
    this.#db = new Database(file);
  }

  /** All rows of a named query. */
  rows(read: Read): Row[] {
    return this.statement(READS[read.name]).all(read.values) as Row[];
  }

  /** The prepared statement for `sql`; rows come as arrays. Prepared statements are kept until `close`. */
  statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#db.prepare(sql);
    if (made.reader) made.raw();
    this.#statements.set(sql, made);
    return made;
  }

  /** Runs several statements without parameters. */
  execute(sql: string): void {
    this.#db.exec(sql);
  }

  pragma(text: string): void {
    this.#db.prepare(`PRAGMA ${text}`).all([]);
  }

  /** Runs `work` in one transaction. An error leaves the transaction open; the caller has to call `rollback`. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    const result = work();
    this.#db.exec('COMMIT');
    return result;
  }

  /** Undoes an open transaction; does nothing without one. */
  rollback(): void {
    // libsql aborts the process when a closed connection is asked whether it is in a transaction.
    if (this.#db.open && this.#db.inTransaction) this.#db.exec('ROLLBACK');
  }

  /** Bytes that the tables take on disk, without free pages. */
  bytes(): number {
    const [[pages], [free], [size]] = ['page_count', 'freelist_count', 'page_size'].map(
      (name) => this.statement(`PRAGMA ${name}`).get([]) as [number],
    ) as [[number], [number], [number]];
    return (pages - free) * size;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}
