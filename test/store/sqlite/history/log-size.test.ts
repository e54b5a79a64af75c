import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { decision, event, newDelivery, NOW } from '../../contract/samples.ts';

const MIB = 2 ** 20;
/** The log is copied at 8 MiB of new rows; pages make it larger. */
const MAX_LOG_BYTES = 24 * MIB;

test('the write-ahead log stays small while pages of the history are read that do not reach its end', async ({
  onTestFinished,
}) => {
  const folder = await temporaryFolder();
  const store = await openStore({ path: folder, reserve: 64 * 1024 });
  onTestFinished(() => store.close());
  const body = 'x'.repeat(64 * 1024);
  for (let round = 0; round < 40; round += 1) {
    const arrivals = Array.from({ length: 20 }, (_, number) => ({
      event: event({ id: `e${round}-${number}`, data: { body } }),
      mayRepeat: false,
    }));
    await store.transact({ arrivals, now: NOW }, (accepted) => decision([newDelivery(accepted)]));
    for (const order of ['asc', 'desc'] as const) {
      await store.events({ limit: 1, order });
      await store.deliveries.page({ limit: 1, order });
    }
  }
  const { size } = await stat(path.join(folder, 'belfry.db-wal'));
  expect(size).toBeLessThan(MAX_LOG_BYTES);
});
