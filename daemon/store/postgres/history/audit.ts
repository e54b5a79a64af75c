import { type Counters, NO_COUNTS } from '../../shared/commit/counters.ts';
import { seqOfId, toColumn } from '../../shared/keys.ts';
import { FIRST_FINAL, STATE, STATE_NAMES } from '../../shared/stored-states.ts';
import type { Row } from '../../shared/writes.ts';
import type { Audit } from '../../store.ts';
import type { Database } from '../engine/database.ts';
import { FORGOTTEN } from '../schema/functions/history.ts';
import { deliveryId } from '../schema/columns.ts';

/** Milliseconds for the audit: a million events take about ten seconds. */
const TIMEOUT_MS = 600_000;
/** Violations of one kind that are named; the rest is counted. */
const MAX_NAMED = 20;

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
  const deliveries: Record<string, number> = {};
  for (const [, state, count] of parts('delivery')) {
    const name = STATE_NAMES[Number(state)] ?? `unknown state ${state}`;
    deliveries[name] = (deliveries[name] ?? 0) + count;
  }
  const texts = contradictions(s).map(({ text }) => text);
  const violations = [
    ...parts('violation').flatMap(([, index, count, found]) => named(idsOf(found), count, texts[Number(index)]!)),
    ...againstLetters(
      ids,
      parts('dead').flatMap(([, , , found]) => idsOf(found)),
      parts('letter'),
    ),
    ...againstTotals(parts('total'), events, deliveries),
  ];
  return { events, deliveries, violations };
}

const idsOf = (json: string): string[] => (JSON.parse(json) as (string | number)[]).map(String);

/** Compares the dead deliveries with the dead letters, which are in the order given. */
function againstLetters(letters: readonly string[], dead: readonly string[], found: readonly Row[]): string[] {
  const known = new Set(letters);
  const states = new Map((found as unknown as Part[]).map(([, id, state]) => [JSON.parse(id) as string, state]));
  const list = (ids: readonly string[], text: string): string[] => named(ids, ids.length, text);
  return [
    ...list(
      dead.filter((id) => !known.has(id)),
      'is dead, but not in the dead-letter file',
    ),
    ...list(
      letters.filter((id) => states.get(id) === STATE.delivered),
      'is delivered, but in the dead-letter file',
    ),
    ...list(
      letters.filter((id) => (states.get(id) ?? FIRST_FINAL) < FIRST_FINAL),
      'has not ended, but is in the dead-letter file',
    ),
  ];
}

/** Compares the totals with the rows: each counted event and delivery is stored, or was deleted by `trim`. */
function againstTotals(
  totals: readonly Part[],
  events: Readonly<Record<string, number>>,
  deliveries: Readonly<Record<string, number>>,
): string[] {
  const counted = countersOf(totals.filter(([, name]) => !name.startsWith(FORGOTTEN)));
  const forgotten = countersOf(
    totals
      .filter(([, name]) => name.startsWith(FORGOTTEN))
      .map(([part, name, count, ids]): Part => [part, name.slice(FORGOTTEN.length), count, ids]),
  );
  const outcomes = new Set([...Object.keys(events), ...Object.keys(counted.events)]);
  const stored = Object.values(deliveries).reduce((sum, count) => sum + count, 0);
  const sums: [string, number, number][] = [
    ...[...outcomes].map((name): [string, number, number] => [
      `events that were ${name}`,
      counted.events[name] ?? 0,
      (events[name] ?? 0) + (forgotten.events[name] ?? 0),
    ]),
    ['deliveries', counted.owed, stored + forgotten.owed],
    ['delivered deliveries', counted.delivered, (deliveries['delivered'] ?? 0) + forgotten.delivered],
    ['dead deliveries', counted.dead, deliveries['dead'] ?? 0],
    ['cancelled deliveries', counted.cancelled, (deliveries['cancelled'] ?? 0) + forgotten.cancelled],
  ];
  return sums
    .filter(([, expected, found]) => expected !== found)
    .map(([name, expected, found]) => `${expected} ${name} were counted, but ${found} are stored or were forgotten`);
}

const OF_OUTCOME = 'event:';

/** Totals from their flat names. */
function countersOf(totals: readonly Part[]): Counters {
  const flat = Object.fromEntries(totals.map(([, name, count]) => [name, count]));
  const events = Object.entries(flat)
    .filter(([name]) => name.startsWith(OF_OUTCOME))
    .map(([name, count]) => [name.slice(OF_OUTCOME.length), count] as const);
  const { owed, delivered, dead, cancelled } = { ...NO_COUNTS, ...flat };
  return { events: Object.fromEntries(events), owed, delivered, dead, cancelled };
}

function named(ids: readonly string[], count: number, text: string): string[] {
  const lines = ids.slice(0, MAX_NAMED).map((id) => `${id} ${text}`);
  return count > MAX_NAMED ? [...lines, `${count - MAX_NAMED} more: ${text}`] : lines;
}
