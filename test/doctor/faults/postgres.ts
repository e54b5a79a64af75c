import { serverSettings } from '../installation.ts';
import type { Faults } from './fault.ts';

/** Faults by the facts about a server; `test/doctor/postgres.test.ts` finds the facts on real ones. */
export const postgresFaults: Faults = {
  'postgres.reachable': {
    level: 'fail',
    says: /connection refused/,
    make: () => ({ database: { unreachable: 'connection refused' } }),
  },
  'postgres.server': {
    level: 'fail',
    says: /PostgreSQL 13\.9 is too old; 14 or later is needed/,
    make: () => ({ database: { version: '13.9', major: 13 } }),
  },
  'postgres.schema': {
    level: 'fail',
    says: /there is no schema/,
    make: () => ({ database: { schemaFault: 'there is no schema `belfry` in the database' } }),
  },
  'postgres.privileges': {
    level: 'fail',
    says: /^belfry lacks INSERT on a, INSERT on b, INSERT on c, INSERT on d, INSERT on e, and 1 more$/,
    make: () => ({
      database: { missingPrivileges: ['a', 'b', 'c', 'd', 'e', 'f'].map((table) => `INSERT on ${table}`) },
    }),
  },
  'postgres.notifications': {
    level: 'warn',
    says: /a notification did not arrive/,
    make: () => ({ database: { isNotified: false } }),
  },
  'postgres.clock': {
    level: 'warn',
    says: /this clock is 1h behind that of the server/,
    make: () => ({ database: { clockAhead: -3_600_000 } }),
  },
  'postgres.connections': {
    level: 'warn',
    says: /3 instances need 27 connections, and the server allows 20/,
    make: () => ({ database: { maxConnections: 20 } }),
  },
  'postgres.durability': {
    level: 'fail',
    says: /`synchronous_commit` is off for this user/,
    make: () => ({ database: serverSettings({ synchronous_commit: 'off' }) }),
  },
  'postgres.replication': {
    level: 'warn',
    says: /1 standbys replicate asynchronously: a failover loses the commits/,
    make: () => ({ database: { standbys: { all: 1, synchronous: 0 } } }),
  },
  'postgres.held': {
    level: 'warn',
    says: /the replication slot old is not in use/,
    make: () => ({ database: { held: ['the replication slot old is not in use'] } }),
  },
  'postgres.autovacuum': {
    level: 'fail',
    says: /autovacuum is off/,
    make: () => ({ database: serverSettings({ autovacuum: 'off' }) }),
  },
};
