import { expect, onTestFinished, test } from 'vitest';
import { makeBackup, type MadeBackup, restored, startLoad } from '../../support/backup-load.ts';
import { openFixture } from '../../support/daemon-fixture.ts';

// The long form, with a backup every second, is test/faults/backup.test.ts.
test('backups under 1,000 events a second are consistent, and nothing that was answered before is missing', {
  timeout: 120_000,
}, async () => {
  const fixture = await openFixture(onTestFinished);
  const load = await startLoad(fixture);
  onTestFinished(() => load.stop());
  await expect.poll(() => load.answered.length, { timeout: 20_000 }).toBeGreaterThan(200);
  const backups: MadeBackup[] = [];
  for (let number = 1; number <= 2; number += 1) backups.push(await makeBackup(fixture, load, number));
  await load.stop();
  for (const backup of backups) {
    const home = await restored(load, backup);
    onTestFinished(() => home.close());
  }
  await fixture.audited();
});
