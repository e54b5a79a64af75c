import { fromColumn, toColumn } from '../shared/keys.ts';
import type { Database } from './engine/database.ts';

/** A dead letter as JSON text; `number` gives the order in which they were added. */
export interface LetterRow {
  readonly number: number;
  readonly id: string;
  readonly text: string;
}

/** Dead letters of all instances. A row changes only if it is as the caller has read it, so that no edit is lost. */
export class LetterRows {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database, schema: string) {
    this.#database = database;
    this.#table = `${schema}.dead_letters`;
  }

  /** Adds letters; one with a known id is replaced. */
  async append(letters: readonly { readonly id: string; readonly text: string }[]): Promise<void> {
    const last = new Map(letters.map(({ id, text }) => [toColumn(id), text]));
    await this.#database.rows(
      `INSERT INTO ${this.#table}(id, record) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (id) DO UPDATE SET record = excluded.record`,
      [[...last.keys()], [...last.values()]],
    );
  }

  /** The next letters after a number, oldest first. */
  async after(number: number, limit: number): Promise<readonly LetterRow[]> {
    const rows = await this.#database.rows(
      `SELECT number, id, record FROM ${this.#table} WHERE number > $1 ORDER BY number LIMIT $2`,
      [number, limit],
    );
    return rows.map(([at, id, text]) => ({ number: Number(at), id: fromColumn(String(id)), text: String(text) }));
  }

  async find(id: string): Promise<string | undefined> {
    const [row] = await this.#database.rows(`SELECT record FROM ${this.#table} WHERE id = $1`, [toColumn(id)]);
    return row && String(row[0]);
  }

  /** Replaces or, with null, removes a letter. False: it is not `before` any more. */
  async replace(id: string, before: string, after: string | null): Promise<boolean> {
    const rows =
      after === null
        ? await this.#database.rows(`DELETE FROM ${this.#table} WHERE id = $1 AND record = $2 RETURNING 1`, [
            toColumn(id),
            before,
          ])
        : await this.#database.rows(`UPDATE ${this.#table} SET record = $3 WHERE id = $1 AND record = $2 RETURNING 1`, [
            toColumn(id),
            before,
            after,
          ]);
    return rows.length > 0;
  }
}
