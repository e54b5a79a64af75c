import { expect, test } from 'vitest';
import type { StoreSettings } from '../../../../daemon/core/ruleset.ts';
import { compileText, placesOf, problemsOf, rulesetOf } from '../../../support/compile.ts';

const URL = 'postgres://belfry:s3cret-word@db.internal:5433/belfry?sslmode=verify-full';

const storeOf = (store: string): StoreSettings => rulesetOf(`daemon: { store: { ${store} } }\n`).daemon.store;

test('the store is SQLite if nothing else is said', () => {
  expect(rulesetOf('rules: []\n').daemon.store).toEqual({ type: 'sqlite' });
  expect(rulesetOf('daemon: { listen: "127.0.0.1:1" }\n').daemon.store).toEqual({ type: 'sqlite' });
  expect(storeOf('type: sqlite')).toEqual({ type: 'sqlite' });
});

test('a store on PostgreSQL has defaults for everything besides its address', () => {
  expect(storeOf(`type: postgres, url: "${URL}"`)).toMatchObject({ schema: 'belfry', pool: 8, synchronous: true });
  expect(storeOf(`type: postgres, url: "${URL}", schema: alerts_2, pool: 2, synchronous: false`)).toMatchObject({
    type: 'postgres',
    schema: 'alerts_2',
    pool: 2,
    synchronous: false,
  });
});

test('the address of the database is a secret', () => {
  const text = `daemon: { store: { type: postgres, url: "${URL}" } }\n`;
  const { daemon, secrets, masked } = compileText(text);
  expect(JSON.stringify(daemon)).not.toMatch(/s3cret|db\.internal/);
  expect(secrets.map(({ value }) => value)).toContain(URL);
  expect([...masked]).toContain('/daemon/store/url');
  const store = daemon!.store as Extract<StoreSettings, { type: 'postgres' }>;
  expect(store.url.reveal()).toBe(URL);
  const other = storeOf(`type: postgres, url: "${URL.replace('word', 'wort')}"`) as typeof store;
  expect(other.fingerprint).not.toBe(store.fingerprint);
});

test.each([
  'postgres://db/belfry',
  'postgresql://ann@db.internal/belfry',
  'postgres://ann:p%40ss@[2001:db8::1]:5432/belfry?application_name=x',
  'postgres:///belfry?host=/run/postgresql',
  'postgres://ann@/belfry?sslmode=disable&host=/run/postgresql&port=5433',
  'postgres://ann@/belfry?host=%2Frun%2Fpostgresql',
])('%s is an address of a database', (url) => {
  expect(problemsOf(`daemon: { store: { type: postgres, url: "${url}" } }\n`)).toEqual([]);
});

/** Mistake -> the one problem of it. */
const MISTAKES: readonly (readonly [store: string, place: string, message: string])[] = [
  ['{ type: mysql }', '2:18 schema.choice', '`mysql` is not a value of `type`'],
  ['{ url: "postgres://db/belfry" }', '2:3 schema.missing', '`store` lacks `type`'],
  ['{ type: postgres }', '2:3 schema.missing', 'a store of type `postgres` needs `url`'],
  ['{ type: postgres, pool: 9, schema: a }', '2:3 schema.missing', 'a store of type `postgres` needs `url`'],
  [
    '{ type: sqlite, url: "postgres://db/belfry", pool: 9 }',
    '2:26 daemon.store',
    'a store of type `sqlite` has no `url`',
  ],
  ['{ type: sqlite, pool: 8 }', '2:26 daemon.store', 'a store of type `sqlite` has no `pool`'],
  [
    '{ type: postgres, url: "postgres://db/b", size: 4 }',
    '2:52 schema.unknown_key',
    '`size` is not a setting of `store`',
  ],
  [
    '{ type: postgres, url: "mysql://db/belfry" }',
    '2:33 value.url',
    '`url` does not begin with `postgres://` or `postgresql://`',
  ],
  ['{ type: postgres, url: "postgres://db" }', '2:33 value.url', '`url` names no database'],
  ['{ type: postgres, url: "postgres:///belfry" }', '2:33 value.url', '`url` has no host'],
  ['{ type: postgres, url: "postgres://ann:pa@ss@db/belfry" }', '2:33 value.url', '`url` has a second `@`'],
  ['{ type: postgres, url: "" }', '2:33 value.empty', '`url` is empty'],
  [
    '{ type: postgres, url: "postgres://db/b", schema: Alerts }',
    '2:60 schema.format',
    '`schema` does not have the required form',
  ],
  [
    '{ type: postgres, url: "postgres://db/b", schema: pg_alerts }',
    '2:60 daemon.store',
    'PostgreSQL keeps this name of a schema for itself',
  ],
  ['{ type: postgres, url: "postgres://db/b", pool: 1 }', '2:58 schema.range', '`pool` is out of range'],
  ['{ type: postgres, url: "postgres://db/b", pool: 101 }', '2:58 schema.range', '`pool` is out of range'],
  ['{ type: postgres, url: "postgres://db/b", synchronous: 1 }', '2:65 schema.type', '`synchronous` must be'],
  ['postgres', '2:10 schema.type', '`store` must be'],
];

test.each(MISTAKES)('store: %s has one problem', (store, place, message) => {
  const problems = problemsOf(`daemon:\n  store: ${store}\n`);
  expect([placesOf(problems), problems[0]?.message]).toEqual([[place], expect.stringContaining(message)]);
});

test('an instance has a name without spaces', () => {
  expect(rulesetOf('daemon: { instance: berlin-1.example }\n').daemon.instance).toBe('berlin-1.example');
  expect(rulesetOf('rules: []\n').daemon.instance).toBeUndefined();
  expect(placesOf(problemsOf('daemon:\n  instance: berlin 1\n'))).toEqual(['2:13 schema.format']);
});
