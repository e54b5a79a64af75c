/** Version of the tables and functions, one higher with every change. */
export const SCHEMA_VERSION = 1;

/**
 * Tables of the schema `s`. Texts that people or senders give are stored as `toColumn` makes them, JSON as it came (`text`: `jsonb`
 * refuses a NUL, and `json` would be parsed again at each reading).
 *
 * - `owners`: one row for each run of an instance. Deliveries belong to the owner that inserted them; `holder` is the owner that sends
 *   them now. Taking over the deliveries of a dead instance changes `holder` alone. `slot` is the part of the row numbers that the
 *   owner assigns.
 * - `leases`: owners that live, by the clock of the server.
 * - `commits`: one row for each transaction of an owner, in its order. It shows whether a transaction whose answer was lost was made,
 *   and what it changed, for the other instances. Rows are deleted after some minutes; their counts are added to `totals` then.
 * - `deliveries.due`: while the state is `sending`, the time until which a receipt is awaited.
 * - `permits`: attempts that channels with a rate may make; `until`: last time at which a permit may be used.
 * - `names`: ids that senders chose. `nth` distinguishes texts with the same hashes.
 */
export const tables = (s: string): string => `
CREATE TABLE ${s}.facts(name text PRIMARY KEY, value text NOT NULL);
CREATE SEQUENCE ${s}.owner_numbers;
CREATE SEQUENCE ${s}.versions;
CREATE SEQUENCE ${s}.push_numbers;
CREATE TABLE ${s}.owners(
  owner bigint PRIMARY KEY, slot integer NOT NULL, holder bigint NOT NULL, instance text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(), ended timestamptz);
CREATE TABLE ${s}.leases(owner bigint PRIMARY KEY, until timestamptz NOT NULL, details text NOT NULL) WITH (fillfactor = 20);
CREATE TABLE ${s}.commits(
  owner bigint NOT NULL, number bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(), result text NOT NULL,
  changes text, counts text, PRIMARY KEY (owner, number));
CREATE TABLE ${s}.totals(name text PRIMARY KEY, count bigint NOT NULL);
CREATE TABLE ${s}.events(
  seq bigint PRIMARY KEY, at bigint NOT NULL, body text NOT NULL, outcomes text NOT NULL, summary text NOT NULL,
  deliveries text NOT NULL);
CREATE TABLE ${s}.names(
  id_hash bigint NOT NULL, source_hash bigint NOT NULL, nth integer NOT NULL, event bigint NOT NULL,
  PRIMARY KEY (id_hash, source_hash, nth));
CREATE TABLE ${s}.deliveries(
  seq bigint PRIMARY KEY, owner bigint NOT NULL, event bigint NOT NULL, channel text NOT NULL, state smallint NOT NULL,
  due bigint NOT NULL, expires bigint, key_hash bigint NOT NULL, id_hash bigint NOT NULL, body text NOT NULL,
  attempts text NOT NULL, receipt text, error text);
CREATE INDEX deliveries_open ON ${s}.deliveries(owner) WHERE state < 3;
CREATE INDEX deliveries_open_of_key ON ${s}.deliveries(channel, key_hash, seq) WHERE state < 3;
CREATE TABLE ${s}.delivery_names(id text PRIMARY KEY, seq bigint NOT NULL);
CREATE TABLE ${s}.exchanges(delivery bigint PRIMARY KEY, body text NOT NULL);
CREATE TABLE ${s}.requests(key text PRIMARY KEY, body_hash text NOT NULL, answer text NOT NULL, at bigint NOT NULL);
CREATE TABLE ${s}.states(
  rule text NOT NULL, step text NOT NULL, key text NOT NULL, value text NOT NULL, expires bigint NOT NULL, wake bigint,
  version bigint NOT NULL, PRIMARY KEY (rule, step, key));
CREATE TABLE ${s}.marks(scope text NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (scope, key));
CREATE TABLE ${s}.pushes(
  seq bigint PRIMARY KEY, delivery text NOT NULL UNIQUE, required text NOT NULL, waiting text NOT NULL,
  acknowledged smallint NOT NULL DEFAULT 0, frame text NOT NULL, at bigint NOT NULL, keep_until bigint NOT NULL);
CREATE TABLE ${s}.push_recipients("user" text NOT NULL, push bigint NOT NULL, PRIMARY KEY ("user", push));
CREATE TABLE ${s}.push_cursors("user" text PRIMARY KEY, seq bigint NOT NULL);
CREATE TABLE ${s}.dead_letters(
  id text PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY UNIQUE, record text NOT NULL);
CREATE TABLE ${s}.permits(channel text NOT NULL, until timestamptz NOT NULL);
CREATE INDEX permits_of_channel ON ${s}.permits(channel, until);
CREATE TABLE ${s}.rule_hours(
  hour bigint NOT NULL, rule text NOT NULL, outcome text NOT NULL, count bigint NOT NULL, PRIMARY KEY (hour, rule, outcome));
CREATE TABLE ${s}.last_uses(kind smallint NOT NULL, name text NOT NULL, at bigint NOT NULL, PRIMARY KEY (kind, name));
`;
