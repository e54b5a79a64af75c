import { FIRST_FINAL } from '../../shared/stored-states.ts';

/** Version of the tables, one higher with every change. A file with a higher version was written by a later Belfry and is not opened. */
export const SCHEMA_VERSION = 5;

const NAMES = `
CREATE TABLE new_names(event INTEGER PRIMARY KEY, id_hash INTEGER NOT NULL, source_hash INTEGER NOT NULL);
CREATE VIEW names AS
  SELECT id_hash, source_hash, event FROM event_names UNION ALL SELECT id_hash, source_hash, event FROM new_names;
`;

const EXCHANGES = `
CREATE TABLE exchanges(delivery INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

/** Columns of a block of the history index (`blocks/block.ts`). */
const BLOCK_COLUMNS = `first INTEGER PRIMARY KEY, last INTEGER NOT NULL, rows INTEGER NOT NULL, min_at INTEGER NOT NULL,
  max_at INTEGER NOT NULL, types TEXT NOT NULL, terms BLOB NOT NULL, postings BLOB NOT NULL, seqs BLOB NOT NULL`;

const INDEX = `
CREATE TABLE event_blocks(${BLOCK_COLUMNS});
CREATE TABLE delivery_blocks(${BLOCK_COLUMNS});
CREATE TABLE later_terms(
  block INTEGER NOT NULL, term INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (block, term, event)) WITHOUT ROWID;
CREATE TABLE ended_otherwise(seq INTEGER PRIMARY KEY, state INTEGER NOT NULL);
CREATE TABLE rule_hours(
  hour INTEGER NOT NULL, rule TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, rule, outcome)) WITHOUT ROWID;
CREATE TABLE last_uses(
  kind INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
`;

/**
 * Tables. Events and deliveries are numbered in order of arrival, so a commit appends to the end of each table. The one index
 * covers only deliveries that are not final; a start rebuilds the pending index in memory from it without reading bodies.
 *
 * - `events.outcomes`: JSON array of the results on arrival, followed by the later results.
 * - `events.deliveries`: JSON array of row numbers.
 * - `new_names`: ids of events that are not merged into `event_names` yet (`events/name-index.ts`); `names`: all of them.
 * - `deliveries.due`: while the state is `sending`, the time until which a receipt is awaited.
 * - `exchanges`: request and answer of the last attempt of a delivery, by its row number. They are not in the row of the delivery,
 *   because history is searched there.
 * - `marks`: checkpoints.
 * - `event_blocks`, `delivery_blocks`: index of the history, built in the background (`blocks/`); `later_terms`: terms that later
 *   results add to events of a block.
 * - `ended_otherwise`: deliveries that are dead or cancelled, or were dead before they were delivered.
 * - `rule_hours`: outcomes of the events in `event_blocks` by hour, and all later results; `last_uses`: times of last uses.
 */
export const SCHEMA = `
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL, outcomes TEXT NOT NULL, summary TEXT NOT NULL,
  deliveries TEXT NOT NULL);
CREATE TABLE deliveries(
  seq INTEGER PRIMARY KEY, event INTEGER NOT NULL, channel TEXT NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,
  expires INTEGER, key_hash INTEGER NOT NULL, id_hash INTEGER NOT NULL, body TEXT NOT NULL, attempts TEXT NOT NULL,
  receipt TEXT, error TEXT);
CREATE INDEX deliveries_owed ON deliveries(seq, channel, state, due, expires, key_hash, id_hash) WHERE state < ${FIRST_FINAL};
CREATE TABLE event_names(
  id_hash INTEGER NOT NULL, source_hash INTEGER NOT NULL, event INTEGER NOT NULL,
  PRIMARY KEY (id_hash, source_hash, event)) WITHOUT ROWID;
CREATE TABLE delivery_names(id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE requests(
  key TEXT PRIMARY KEY, body_hash TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE states(
  rule TEXT NOT NULL, key TEXT NOT NULL, step TEXT NOT NULL, value TEXT NOT NULL, expires INTEGER NOT NULL,
  wake INTEGER, PRIMARY KEY (rule, key, step)) WITHOUT ROWID;
CREATE TABLE marks(
  scope TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, key)) WITHOUT ROWID;
CREATE TABLE pushes(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL UNIQUE, required TEXT NOT NULL, waiting TEXT NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0, frame TEXT NOT NULL, at INTEGER NOT NULL, keep_until INTEGER NOT NULL);
CREATE TABLE push_recipients(user TEXT NOT NULL, push INTEGER NOT NULL, PRIMARY KEY (user, push)) WITHOUT ROWID;
CREATE TABLE push_cursors(user TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE facts(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
${NAMES}${EXCHANGES}${INDEX}`;

/** SQL that brings a file from one version to the next; the first entry is for version 1. */
export const MIGRATIONS: readonly string[] = [
  `ALTER TABLE states ADD COLUMN wake INTEGER;
   UPDATE events SET outcomes = (SELECT json_group_array(json_object('rule', j.key, 'outcome', j.value)) FROM json_each(outcomes) j);`,
  NAMES,
  EXCHANGES,
  INDEX,
];
