import type { Counters } from '../../shared/commit/counters.ts';
import { againstCounters, againstLetters, countsByState, MAX_NAMED, named } from '../../shared/history/violations.ts';
import { seqOfId, toColumn } from '../../shared/keys.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import type { Audit } from '../../store.ts';
import type { Database } from '../engine/database.ts';
import { countersOf } from '../engine/totals.ts';
import { FORGOTTEN } from '../schema/functions/history.ts';
import { deliveryId } from '../schema/columns.ts';

/** Milliseconds for the audit, which reads every row. */
const TIMEOUT_MS = 600_000;

/** Queries whose every row is a contradiction: SQL that returns ids as JSON, and the text that follows the id. */
const contradictions = (s: string): readonly { readonly sql: string; readonly text: string }[] => [
  {
    // A quotation mark inside of a text is escaped: the field is one of the delivery.
    sql: `SELECT ${deliveryId('d.body')} FROM ${s}.deliveries d WHERE state < ${FIRST_FINAL} AND strpos(d.body, ',"event":{') = 0
      AND NOT EXISTS (SELECT FROM ${s}.events e WHERE e.seq = d.event)`,
    text: 'has not ended, but its event is missing',
  },
  {
    sql: `SELECT ${deliveryId('e.body')} FROM ${s}.events e, json_array_elements_text(e.deliveries::json) j
      WHERE NOT EXISTS (SELECT FROM ${s}.deliveries d WHERE d.seq = j::bigint)`,
    text: 'is an event that names a missing delivery',
  },
  {
    sql: `SELECT ${deliveryId('d.body')} FROM ${s}.deliveries d JOIN ${s}.events e ON e.seq = d.event
      WHERE d.seq <> ALL(string_to_array(btrim(e.deliveries, '[]'), ',')::bigint[])`,
    text: 'is a delivery that its event does not name',
  },
  {
    sql: `SELECT ${s}.unreadable('deliveries', 'seq', '{body,attempts}')
      UNION SELECT seq::text FROM ${s}.deliveries WHERE state NOT BETWEEN 0 AND ${STATE.cancelled} ORDER BY 1`,
    text: 'is a delivery row that cannot be read',
  },
  {
    sql: `SELECT ${s}.unreadable('events', 'seq', '{body,outcomes}')`,
    text: 'is an event row that cannot be read',
  },
  {
    sql: `SELECT ${s}.unreadable('states', $$rule || '/' || key || '/' || step$$, '{value}')`,
    text: 'is a rule state that cannot be read',
  },
  {
    sql: `SELECT ${deliveryId('body')} FROM ${s}.deliveries WHERE state = ${STATE.delivered} AND receipt IS NULL`,
    text: 'is delivered, but has no receipt',
  },
  {
    sql: `SELECT to_json(id)::text FROM ${s}.delivery_names n
      WHERE NOT EXISTS (SELECT FROM ${s}.deliveries d WHERE d.seq = n.seq)`,
    text: 'is the name of a missing delivery',
  },
  {
    sql: `SELECT ${deliveryId('d.body')} FROM ${s}.deliveries d WHERE state < ${FIRST_FINAL}
      AND NOT EXISTS (SELECT FROM ${s}.owners o WHERE o.owner = d.owner)`,
    text: 'has not ended, but belongs to no instance',
  },
];

/** A row of the answer: which part it belongs to, a name, a number, and ids as a JSON array. */
type Part = readonly [part: string, name: string, count: number, ids: string];

/** SQL: the rows of the answer. */
const statement = (s: string): string => {
  const violations = contradictions(s).map(
    ({ sql }, index) => `SELECT 'violation', '${index}', count(*), ${list('f.id', `f.nth <= ${MAX_NAMED}`)}
      FROM (SELECT id, row_number() OVER () AS nth FROM (${sql}) r(id)) f HAVING count(*) > 0`,
  );
  return [
    `SELECT 'event' AS part, summary AS name, count(*) AS count, '[]' AS ids FROM ${s}.events GROUP BY summary`,
    `SELECT 'delivery', state::text, count(*), '[]' FROM ${s}.deliveries GROUP BY state`,
    `SELECT 'total', t.name, sum(t.count)::bigint, '[]' FROM (SELECT name, count FROM ${s}.totals
      UNION ALL SELECT c.key, c.value::bigint FROM ${s}.commits, json_each_text(counts::json) c) t GROUP BY t.name`,
    `SELECT 'dead', '', count(*), ${list(deliveryId('body'), 'true')} FROM ${s}.deliveries WHERE state = ${STATE.dead}`,
    `SELECT 'letter', ${deliveryId('d.body')}, d.state, '[]' FROM unnest($1::text[], $2::bigint[]) l(name, own)
      LEFT JOIN ${s}.delivery_names n ON n.id = l.name JOIN ${s}.deliveries d ON d.seq = coalesce(n.seq, l.own)`,
    ...violations,
  ].join(' UNION ALL ');
};

/** SQL: JSON array of texts that are JSON. */
const list = (text: string, condition: string): string =>
  `'[' || coalesce(string_agg(${text}, ',') FILTER (WHERE ${condition}), '') || ']'`;

/**
 * Counts all rows and finds contradictions between them. Everything is read by one statement, so that it is of one time while the
 * instances go on. `deadLetters` are the ids of the dead letters.
 */
export async function audit(database: Database, s: string, deadLetters: ReadonlySet<string>): Promise<Audit> {
  const ids = [...deadLetters];
  const owns = ids.map((id) => seqOfId(id) ?? null);
  const rows = await database.rows(statement(s), [ids.map(toColumn), owns], TIMEOUT_MS);
  const parts = (wanted: string): Part[] => (rows as unknown as Part[]).filter(([part]) => part === wanted);
  const events = Object.fromEntries(parts('event').map(([, name, count]) => [name, count]));
  const deliveries = countsByState(parts('delivery').map(([, state, count]) => [Number(state), count]));
  const states = new Map(parts('letter').map(([, id, state]) => [JSON.parse(id) as string, state]));
  const totals = parts('total');
  const texts = contradictions(s).map(({ text }) => text);
  const violations = [
    ...parts('violation').flatMap(([, index, count, found]) => named(idsOf(found), texts[Number(index)]!, count)),
    ...againstLetters(
      ids,
      parts('dead').flatMap(([, , , found]) => idsOf(found)),
      (id) => states.get(id),
    ),
    ...againstCounters(countersWith('', totals), countersWith(FORGOTTEN, totals), { events, deliveries }),
  ];
  return { events, deliveries, violations };
}

const idsOf = (json: string): string[] => (JSON.parse(json) as (string | number)[]).map(String);

/** Counters of the totals whose name begins with `prefix`; names of other counters are ignored. */
const countersWith = (prefix: string, totals: readonly Part[]): Counters =>
  countersOf(
    Object.fromEntries(
      totals.filter(([, name]) => name.startsWith(prefix)).map(([, name, count]) => [name.slice(prefix.length), count]),
    ),
  );
