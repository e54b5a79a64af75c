import { fromColumn, seqOfId, toColumn } from '../shared/keys.ts';
import { FIRST_FINAL, STATE } from '../shared/stored-states.ts';
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
  readonly #schema: string;
  readonly #table: string;
  readonly #owner: () => number;

  constructor(database: Database, schema: string, owner: () => number) {
    this.#database = database;
    this.#schema = schema;
    this.#owner = owner;
    this.#table = `${schema}.dead_letters`;
  }

  /** Adds letters; one with a known id is replaced. A letter of a delivery that another instance is to send or has sent is not added. */
  async append(letters: readonly { readonly id: string; readonly text: string }[]): Promise<void> {
    const last = new Map(letters.map(({ id, text }) => [id, text]));
    const ids = [...last.keys()];
    await this.#database.rows(
      `INSERT INTO ${this.#table}(id, record)
        SELECT l.id, l.record FROM unnest($1::text[], $2::text[], $3::bigint[]) l(id, record, seq) WHERE NOT EXISTS (
          SELECT FROM ${this.#schema}.deliveries d LEFT JOIN ${this.#schema}.owners o USING (owner)
            WHERE d.seq = coalesce((SELECT n.seq FROM ${this.#schema}.delivery_names n WHERE n.id = l.id), l.seq)
              AND (d.state = ${STATE.delivered} OR d.state < ${FIRST_FINAL} AND o.holder <> $4))
        ON CONFLICT (id) DO UPDATE SET record = excluded.record`,
      [ids.map(toColumn), [...last.values()], ids.map((id) => seqOfId(id) ?? null), this.#owner()],
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
