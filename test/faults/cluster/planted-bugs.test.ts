import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { sharedPostgres } from '../../support/postgres-server.ts';
import { type BugName, plantInProgram } from '../support/planted-bugs.ts';
import { Rounds } from '../support/report.ts';
import { Cluster } from './cluster.ts';
import { openLink } from './link.ts';
import { compare, longTest, postgresTest } from './trial.ts';

const server = sharedPostgres();

/** Deliveries that a bug has lost never end, so they are not waited for. */
const DRAIN_MS = 3000;
const LOSING_SECONDS = 5;

interface Trial {
  readonly bug: BugName;
  readonly act: (cluster: Cluster, rounds: Rounds, link: { loseAnswers(): number }) => Promise<void>;
}

/** The check of the holder in each transaction is held by `test/store/postgres/instances.test.ts`: here its absence shows too seldom. */
const TRIALS: readonly Trial[] = [
  {
    bug: 'nothing is heard of other instances',
    async act(cluster, rounds) {
      const load = cluster.load();
      await cluster.answered(100);
      await cluster.pileUp();
      const since = Date.now();
      const victim = cluster.homes[2]!;
      const backlog = await cluster.crash(victim);
      cluster.destinations.answers = 'now';
      const ms = await cluster.takenOver(backlog, victim, since);
      await load.stop();
      const more = ms === undefined ? [{ invariant: 'I1' as const, text: 'no other instance took over' }] : [];
      await compare(cluster, rounds, 'killed', { more, drainMs: DRAIN_MS });
    },
  },
  {
    bug: 'transaction sent again is made again',
    async act(cluster, rounds, link) {
      const load = cluster.load();
      await cluster.answered(100);
      for (let second = 0; second < LOSING_SECONDS; second += 1) {
        link.loseAnswers();
        await pause(1000);
      }
      await load.stop();
      await compare(cluster, rounds, 'answers lost', { drainMs: DRAIN_MS });
    },
  },
];

for (const [index, { bug, act }] of TRIALS.entries())
  (index === 0 ? postgresTest : longTest)(`${bug}: the suite finds it`, async () => {
    const buggy = await plantInProgram(bug);
    onTestFinished(() => buggy.remove());
    const rounds = new Rounds(`planted bug: ${bug}`, ['I1'], { planted: true });
    const { port } = await server();
    const link = await openLink(port);
    const ports = { a: link.port, b: link.port };
    const cluster = await Cluster.start({
      server: await server(),
      schema: `bug_${index}`,
      program: buggy.program,
      ports,
    });
    try {
      await act(cluster, rounds, link);
    } finally {
      await cluster.close();
      await link.close();
    }
    expect(rounds.violationsOf('I1')).not.toEqual([]);
  });
