import { describe } from 'vitest';
import { hasPostgres, NEEDS_POSTGRES, sharedPostgres } from '../../../support/postgres-server.ts';
import { countsActivityOnPostgres } from './activity.ts';
import { auditsOnPostgres } from './audit.ts';
import { searchesExactlyOnPostgres } from './exact-search.ts';
import { searchesOnPostgres } from './search.ts';
import { trimsOnPostgres } from './trim.ts';

const postgres = sharedPostgres();
if (!hasPostgres()) console.warn(`SKIPPED: the history on PostgreSQL ${NEEDS_POSTGRES}`);

describe.skipIf(!hasPostgres())('history on PostgreSQL', () => {
  searchesOnPostgres(postgres);
  searchesExactlyOnPostgres(postgres);
  countsActivityOnPostgres(postgres);
  trimsOnPostgres(postgres);
  auditsOnPostgres(postgres);
});
