import { afterEach, beforeEach, describe } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import { countsActivity } from './activity.ts';
import { keepsCheckpoints } from './checkpoints.ts';
import { claimsDeliveries, keepsOrderByKey } from './claims.ts';
import { appliesDecisions } from './decisions.ts';
import { searchesHistory } from './history.ts';
import { findsDuplicates, ingestsEvents } from './ingest.ts';
import { keepsPushes } from './pushes.ts';
import { audits, trimsHistory } from './retention.ts';
import { searchesExactly } from './search.ts';
import { resolvesDead, settlesDeliveries } from './settlements.ts';
import { keepsStates } from './states.ts';

/** Contract suite of every store implementation. `open` returns a new, empty store. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    describe('ingest', () => ingestsEvents(() => store));
    describe('duplicates', () => findsDuplicates(() => store));
    describe('rule states', () => keepsStates(() => store));
    describe('decisions without an event', () => appliesDecisions(() => store));
    describe('history', () => {
      searchesHistory(() => store);
      searchesExactly(() => store);
    });
    describe('activity', () => countsActivity(() => store));
    describe('claims', () => claimsDeliveries(() => store));
    describe('settlements', () => settlesDeliveries(() => store));
    describe('order by key', () => keepsOrderByKey(() => store));
    describe('dead deliveries', () => resolvesDead(() => store));
    describe('checkpoints', () => keepsCheckpoints(() => store));
    describe('pushes', () => keepsPushes(() => store));
    describe('trim', () => trimsHistory(() => store));
    describe('audit', () => audits(() => store));
  });
}
