import { expect } from 'vitest';
import { sharedPostgres } from '../../support/postgres-server.ts';
import { Rounds } from '../support/report.ts';
import { Cluster } from './cluster.ts';
import { openLink } from './link.ts';
import { silent } from './silence.ts';
import { longTest, postgresTest } from './trial.ts';

const server = sharedPostgres();

postgresTest(
  'an instance that hangs for longer than its lease sends and settles nothing that others have',
  async () => {
    const rounds = new Rounds('SIGSTOP of one instance, longer than its lease', ['I1', 'I2']);
    const cluster = await Cluster.start({ server: await server(), schema: 'hang' });
    try {
      const victim = cluster.homes[2]!;
      const silence = { begin: () => victim.signal('SIGSTOP'), end: () => victim.signal('SIGCONT') };
      await silent(cluster, victim, silence, rounds);
      const answer = await victim.call('POST', '/v1/events', { type: 'plain', subject: 's' });
      expect(answer.status).toBe(202);
    } finally {
      cluster.summarize('SIGSTOP', rounds);
      await cluster.close();
    }
    expect(rounds.violations).toEqual([]);
  },
);

longTest('an instance whose network passes no byte refuses events, and others have its deliveries', async () => {
  const rounds = new Rounds('network of one instance half open', ['I1', 'I2']);
  const link = await openLink((await server()).port);
  const cluster = await Cluster.start({ server: await server(), schema: 'cut_off', ports: { c: link.port } });
  try {
    const silence = { begin: () => link.freeze(), end: () => link.thaw() };
    await silent(cluster, cluster.homes[2]!, silence, rounds);
  } finally {
    cluster.summarize('half-open network', rounds);
    await cluster.close();
    await link.close();
  }
  expect(rounds.violations).toEqual([]);
});
