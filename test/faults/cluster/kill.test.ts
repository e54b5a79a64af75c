import { expect } from 'vitest';
import { sharedPostgres } from '../../support/postgres-server.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds } from '../support/report.ts';
import { Cluster } from './cluster.ts';
import { compare, postgresTest } from './trial.ts';

const server = sharedPostgres();

/** Every third round leaves the killed instance away until the others have its deliveries. */
const isAway = (round: number): boolean => round % 3 === 0;

async function killRound(cluster: Cluster, rounds: Rounds, round: number): Promise<void> {
  const victim = cluster.homes[round % cluster.homes.length]!;
  const load = cluster.load();
  await cluster.answered(Math.floor(10 ** (1 + Math.random() * 1.7)));
  await cluster.pileUp();
  const since = Date.now();
  const backlog = await cluster.crash(victim);
  cluster.destinations.answers = 'now';
  if (isAway(round) && backlog.size > 0) {
    cluster.destinations.listen(cluster.homes[(round + 1) % cluster.homes.length]);
    const ms = await cluster.takenOver(backlog, victim, since);
    rounds.max('ms until taken over, the longest', ms ?? Number.POSITIVE_INFINITY);
    expect(ms).toBeDefined();
  }
  await victim.start();
  cluster.destinations.listen(victim);
  await load.stop();
  rounds.add('not settled at the kills', backlog.size);
  await compare(cluster, rounds, `round ${round}`);
}

postgresTest(
  'one of three instances that is killed under load loses nothing, and the others deliver what it had',
  async () => {
    const rounds = new Rounds('one of three instances killed', ['I1', 'I2', 'I16']);
    const cluster = await Cluster.start({ server: await server(), schema: 'kills' });
    try {
      for (let round = 0; round < Math.ceil(ROUNDS / 2); round += 1) await killRound(cluster, rounds, round);
    } finally {
      cluster.summarize('kill -9', rounds);
      await cluster.close();
    }
    expect(rounds.violations).toEqual([]);
  },
);
