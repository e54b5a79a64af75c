import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';

const FIXTURES = path.resolve(import.meta.dirname, '../state/versions');

/** Time of the fixtures: 2026-11-30, just after the daemons that wrote them were stopped. */
export const WRITTEN_AT = Date.parse('2026-11-30T12:05:00Z');

/**
 * Content of the store of an earlier version, read by SQL that fits every version. The states `pending`, `retry` and `sending` are
 * 0 to 2.
 */
export interface StoredRows {
  readonly events: readonly string[];
  readonly deliveries: readonly {
    readonly id: string;
    readonly channel: string;
    readonly state: number;
    readonly title: string;
  }[];
  readonly states: readonly string[];
  readonly checkpoints: readonly string[];
}

/**
 * Makes a state directory as a daemon of this schema version left it. The fixtures were written by the daemons of their time, on rules
 * with channels that answer, refuse (410), fail (503) and push; `versions.test.ts` has the rules.
 * For a new version: run the daemon before the change on these rules, post what the test looks for, stop it, and store the output of
 * `sqlite3 belfry.db .dump` with `PRAGMA user_version = N;` at its end, and the dead letters.
 */
export function makeOldState(state: string, version: number): void {
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const db = new Database(path.join(state, 'belfry.db'));
  db.exec(readFileSync(path.join(FIXTURES, `${version}.sql`), 'utf8'));
  db.close();
  cpSync(path.join(FIXTURES, `${version}.dead-letters.jsonl`), path.join(state, 'dead-letters.jsonl'));
}

export function storedRows(state: string): StoredRows {
  const db = new Database(path.join(state, 'belfry.db'), { readonly: true });
  const column = (sql: string): string[] => (db.prepare(sql).raw().all([]) as [string][]).map(([value]) => value);
  try {
    return {
      events: column("SELECT body ->> '$.id' FROM events WHERE body ->> '$.source' <> 'belfry' ORDER BY seq"),
      deliveries: db
        .prepare(
          "SELECT body ->> '$.id' AS id, channel, state, body ->> '$.message.title' AS title FROM deliveries ORDER BY seq",
        )
        .all([]) as StoredRows['deliveries'],
      states: column("SELECT rule || ' ' || key || ' ' || step || ' ' || value FROM states ORDER BY rule, key, step"),
      checkpoints: column("SELECT scope || ' ' || key || ' ' || value FROM marks ORDER BY scope, key"),
    };
  } finally {
    db.close();
  }
}

export function setVersion(state: string, version: number): void {
  const db = new Database(path.join(state, 'belfry.db'));
  db.exec(`PRAGMA user_version = ${version}`);
  db.close();
}

export function versionOf(state: string): number {
  const db = new Database(path.join(state, 'belfry.db'), { readonly: true });
  try {
    return (db.prepare('PRAGMA user_version').raw().get([]) as [number])[0];
  } finally {
    db.close();
  }
}
