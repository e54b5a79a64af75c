import type { SharedRates } from '../store.ts';
import { toColumn } from '../shared/keys.ts';
import type { Database } from './engine/database.ts';

type Permits = Awaited<ReturnType<SharedRates['take']>>;

/** Rates of channels, counted by the server. `schema`: its name, quoted. */
export const sharedRates = (database: Database, schema: string): SharedRates => ({
  take: async (channel, { count, per }, wanted) =>
    (await database.call(`${schema}.take_permits`, toColumn(channel), count, Math.ceil(per), wanted)) as Permits,
});
