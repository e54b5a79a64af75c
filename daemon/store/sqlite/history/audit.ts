import { FACT } from '../../shared/commit/counters.ts';
import { countersAt } from './trim.ts';
import { seqOfId, toColumn } from '../../shared/keys.ts';
import { malformationOf } from '../disk/malformed.ts';
import { againstCounters, againstLetters, countsByState, named } from '../../shared/history/violations.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import type { Connection } from '../engine/connection.ts';
import type { Audit } from '../../store.ts';

/** Lines of SQLite about one damaged file that are shown. */
const MAX_DAMAGES = 5;

/** Damage in the structure of the database file; undefined if there is none. Reads the whole file. */
export function damageOf(db: Connection): string | undefined {
  try {
    const found = (db.statement(`PRAGMA quick_check(${MAX_DAMAGES})`).all([]) as [string][]).map(([text]) => text);
    return found.length === 1 && found[0] === 'ok' ? undefined : found.join('; ').replaceAll(/\s+/g, ' ');
  } catch (error) {
    // A check that ends with an error has found damage too.
    const damage = malformationOf(error);
    if (damage === undefined) throw error;
    return damage;
  }
}

/** Counts all rows and finds contradictions between them. Runs between two commits. `deadLetters` are the ids in the dead-letter file. */
export function audit(db: Connection, deadLetters: readonly string[]): Audit {
  const events = Object.fromEntries(
    db.statement('SELECT summary, count(*) FROM events GROUP BY summary').all([]) as [string, number][],
  );
  const byState = db.statement('SELECT state, count(*) FROM deliveries GROUP BY state').all([]) as [number, number][];
  const counts = { events, deliveries: countsByState(byState) };
  const violations = [
    ...invalidRows(db),
    ...againstLetters(deadLetters, deadIds(db), (id) => stateOf(db, id)),
    ...againstCounters(countersAt(db, FACT.counters), countersAt(db, FACT.forgotten), counts),
  ];
  return { ...counts, violations };
}

/** The audit, or the damage of the file. Damage of rows is found only by the queries that read them. */
export function auditOrDamage(db: Connection, deadLetters: readonly string[]): Audit | string {
  try {
    return damageOf(db) ?? audit(db, deadLetters);
  } catch (error) {
    const damage = malformationOf(error);
    if (damage === undefined) throw error;
    return damage;
  }
}

/** Queries whose every row is a contradiction: SQL that returns ids as JSON, and the text that follows the id. */
const CONTRADICTIONS: readonly { readonly sql: string; readonly text: string }[] = [
  {
    sql: `SELECT body -> '$.id' FROM deliveries d WHERE state < ${FIRST_FINAL} AND body -> '$.event' IS NULL
      AND NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = d.event)`,
    text: 'has not ended, but its event is missing',
  },
  {
    sql: `SELECT e.body -> '$.id' FROM events e, json_each(e.deliveries) j
      WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = j.value)`,
    text: 'is an event that names a missing delivery',
  },
  {
    sql: `SELECT d.body -> '$.id' FROM deliveries d JOIN events e ON e.seq = d.event
      WHERE NOT EXISTS (SELECT 1 FROM json_each(e.deliveries) j WHERE j.value = d.seq)`,
    text: 'is a delivery that its event does not name',
  },
  {
    sql: `SELECT seq FROM deliveries WHERE state NOT BETWEEN 0 AND ${STATE.cancelled} OR NOT json_valid(body) OR NOT json_valid(attempts)`,
    text: 'is a delivery row that cannot be read',
  },
  {
    sql: 'SELECT seq FROM events WHERE NOT json_valid(body) OR NOT json_valid(outcomes)',
    text: 'is an event row that cannot be read',
  },
  {
    sql: `SELECT json_quote(rule || '/' || key || '/' || step) FROM states WHERE NOT json_valid(value)`,
    text: 'is a rule state that cannot be read',
  },
  {
    sql: `SELECT body -> '$.id' FROM deliveries WHERE state = ${STATE.delivered} AND receipt IS NULL`,
    text: 'is delivered, but has no receipt',
  },
  {
    sql: 'SELECT json_quote(id) FROM delivery_names n WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = n.seq)',
    text: 'is the name of a missing delivery',
  },
];

function invalidRows(db: Connection): string[] {
  const found = CONTRADICTIONS.flatMap(({ sql, text }) =>
    named(
      (db.statement(sql).all([]) as [string | number][]).map(([id]) => String(JSON.parse(String(id)))),
      text,
    ),
  );
  const [table] = db.statement(`SELECT count(*) FROM deliveries NOT INDEXED WHERE state < ${FIRST_FINAL}`).get([]) as [
    number,
  ];
  const [index] = db
    .statement(`SELECT count(*) FROM deliveries INDEXED BY deliveries_owed WHERE state < ${FIRST_FINAL}`)
    .get([]) as [number];
  return table === index ? found : [...found, `${table} deliveries have not ended, but the index has ${index}`];
}

function deadIds(db: Connection): string[] {
  const rows = db.statement(`SELECT body -> '$.id' FROM deliveries WHERE state = ${STATE.dead}`).all([]) as [string][];
  return rows.map(([id]) => JSON.parse(id) as string);
}

/** Stored state of a delivery; undefined if it is not stored. */
export function stateOf(db: Connection, id: string): number | undefined {
  const at = db.statement("SELECT state, body -> '$.id' FROM deliveries WHERE seq = ?");
  const name = db.statement('SELECT seq FROM delivery_names WHERE id = ?').get([toColumn(id)]) as [number] | undefined;
  const seq = name?.[0] ?? seqOfId(id);
  const row = seq === undefined ? undefined : (at.all([seq])[0] as [number, string] | undefined);
  return row !== undefined && JSON.parse(row[1]) === id ? row[0] : undefined;
}
