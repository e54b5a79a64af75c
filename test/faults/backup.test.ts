import { expect, onTestFinished, test } from 'vitest';
import { type Load, makeBackup, type MadeBackup, restored, startLoad } from '../support/backup-load.ts';
import { openFixture } from '../support/daemon-fixture.ts';
import { ROUNDS } from './rounds.ts';

const BACKUPS = 4 * ROUNDS;
const EVERY_MS = 1000;

/** Answers a second and the slowest one, of the load while `work` is done. */
async function measured(load: Load, work: () => Promise<unknown>): Promise<string> {
  load.slowest = 0;
  const [from, answered] = [performance.now(), load.answered.length];
  await work();
  const rate = (1000 * (load.answered.length - answered)) / (performance.now() - from);
  return `${rate.toFixed(0)} events/s answered, the slowest in ${load.slowest.toFixed(0)} ms`;
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

test('a backup every second under 1,000 events a second: each is consistent, and nothing that was answered before is missing', async () => {
  const fixture = await openFixture(onTestFinished);
  const load = await startLoad(fixture);
  onTestFinished(() => load.stop());
  await pause(2000);
  const without = await measured(load, () => pause(5000));
  const backups: MadeBackup[] = [];
  const during = await measured(load, async () => {
    const begin = performance.now();
    for (let number = 1; number <= BACKUPS; number += 1) {
      backups.push(await makeBackup(fixture, load, number));
      const wait = begin + number * EVERY_MS - performance.now();
      if (wait > 0) await pause(wait);
    }
  });
  await load.stop();
  process.stderr.write(`backup: without ${without}; with ${BACKUPS} backups ${during}\n`);
  for (const backup of backups) await (await restored(load, backup)).close();
  await fixture.audited();
  const last = await restored(load, backups.at(-1)!);
  onTestFinished(() => last.close());
  await last.start();
  expect((await last.call<{ violations: string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
});
