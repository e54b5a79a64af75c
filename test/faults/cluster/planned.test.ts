import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Home } from '../../support/daemon.ts';
import { sharedPostgres } from '../../support/postgres-server.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds } from '../support/report.ts';
import { Cluster } from './cluster.ts';
import { compare, postgresTest } from './trial.ts';

const server = sharedPostgres();

/** Milliseconds between two stops. */
const BETWEEN_MS = 500;

/** Stops an instance, with its receivers answering during the stop, and starts it after a while. */
async function restart(cluster: Cluster, home: Home, awayMs: number): Promise<void> {
  const others = cluster.homes.filter((one) => one !== home);
  await cluster.pileUp();
  cluster.destinations.listen(others[0]);
  const stopped = home.stop();
  cluster.destinations.answers = 'now';
  expect(await stopped).toBe(0);
  await pause(awayMs);
  await home.start();
}

postgresTest(
  'a planned stop of one instance, and a restart of all one after another, lose and repeat nothing',
  async () => {
    const rounds = new Rounds('planned stop, and all restarted in turn', ['I1', 'I2', 'I11', 'I16']);
    const cluster = await Cluster.start({ server: await server(), schema: 'stops' });
    try {
      for (let round = 0; round < Math.floor(ROUNDS / 4); round += 1) {
        const load = cluster.load();
        await cluster.answered(100);
        await restart(cluster, cluster.homes[round % 3]!, 2 * BETWEEN_MS);
        await load.stop();
        await compare(cluster, rounds, 'one stopped');
      }
      const load = cluster.load();
      await cluster.answered(100);
      for (const home of cluster.homes) {
        await restart(cluster, home, 0);
        await pause(BETWEEN_MS);
      }
      await load.stop();
      await compare(cluster, rounds, 'all restarted in turn');
    } finally {
      cluster.summarize('planned stops', rounds);
      await cluster.close();
    }
    expect(rounds.violations).toEqual([]);
  },
);
