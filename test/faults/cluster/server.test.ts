import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { PostgresServer } from '../../support/postgres-server.ts';
import { ROUNDS } from '../rounds.ts';
import { Rounds, type Violation } from '../support/report.ts';
import { Cluster } from './cluster.ts';
import { type Link, openLink } from './link.ts';
import { compare, longTest, postgresTest } from './trial.ts';

/** Seconds for which the server is away, and for which connections are lost; a short run is shorter. */
const AWAY_SECONDS = Math.min(15, ROUNDS * 4);
const LOSING_SECONDS = Math.min(20, ROUNDS * 2);

async function withCluster(
  fault: string,
  schema: string,
  trial: (cluster: Cluster, server: PostgresServer, rounds: Rounds) => Promise<void>,
): Promise<void> {
  const rounds = new Rounds(fault, ['I1', 'I2', 'I16']);
  const server = await PostgresServer.open();
  const cluster = await Cluster.start({ server, schema });
  try {
    await trial(cluster, server, rounds);
  } finally {
    cluster.summarize(fault, rounds);
    await cluster.close();
    await server.close();
  }
  expect(rounds.violations).toEqual([]);
}

/** Wrong answers of the instances while the server is away. */
async function refusals(cluster: Cluster, rounds: Rounds): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const home of cluster.homes) {
    const began = performance.now();
    const answer = await home.call<{ code?: string }>('POST', '/v1/events', { type: 'plain', subject: 's' });
    rounds.max('ms until a refusal', Math.round(performance.now() - began));
    const ready = await home.call('GET', '/readyz');
    const { status, headers, body } = answer;
    const isRight = status === 503 && body.code === 'store.unavailable' && headers['retry-after'] !== undefined;
    const text = `${cluster.nameOf(home)} answered ${status} ${body.code ?? ''}, and ${ready.status} to /readyz`;
    if (!isRight || ready.status !== 503) found.push({ invariant: 'I24', text });
  }
  return found;
}

/** Resolves when each instance accepts events; to the milliseconds. */
async function accepted(cluster: Cluster): Promise<number> {
  const began = Date.now();
  for (const home of cluster.homes) while ((await home.call('GET', '/readyz')).status !== 200) await pause(20);
  return Date.now() - began;
}

postgresTest('a server that is restarted or away costs nothing that was accepted', async () => {
  await withCluster('the server restarted, and away', 'restarts', async (cluster, server, rounds) => {
    const restart = async (where: string, signal: 'SIGINT' | 'SIGQUIT', seconds: number): Promise<void> => {
      const load = cluster.load();
      await cluster.answered(200);
      await server.stop(signal);
      await pause((seconds * 1000) / 2);
      const wrong = seconds > 0 ? await refusals(cluster, rounds) : [];
      await pause((seconds * 1000) / 2);
      await server.start();
      rounds.max('ms until all accept again', await accepted(cluster));
      await load.stop();
      await compare(cluster, rounds, where, { more: wrong });
    };
    await restart('restarted immediately', 'SIGQUIT', 0);
    await restart('restarted fast', 'SIGINT', 0);
    await restart(`away for ${AWAY_SECONDS} s`, 'SIGQUIT', AWAY_SECONDS);
  });
});

longTest('connections that are terminated every second lose nothing and repeat nothing', async () => {
  await withCluster('all connections terminated every second', 'terminations', async (cluster, server, rounds) => {
    const load = cluster.load();
    await cluster.answered(100);
    for (let second = 0; second < LOSING_SECONDS; second += 1) {
      const ended = await server.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'belfry%'`,
      );
      rounds.add('connections', ended.length);
      await pause(1000);
    }
    await load.stop();
    await compare(cluster, rounds, 'terminated');
  });
});

longTest('answers of the server that are lost with their connection repeat nothing', async () => {
  const rounds = new Rounds('answers of the server lost', ['I1', 'I2', 'I16']);
  const server = await PostgresServer.open();
  const link: Link = await openLink(server.port);
  const cluster = await Cluster.start({ server, schema: 'lost', ports: { a: link.port, b: link.port, c: link.port } });
  try {
    await loseAnswers(cluster, link, rounds);
  } finally {
    cluster.summarize('answers of the server lost', rounds);
    await cluster.close();
    await link.close();
    await server.close();
  }
  expect(rounds.violations).toEqual([]);
});

async function loseAnswers(cluster: Cluster, link: Link, rounds: Rounds): Promise<void> {
  const load = cluster.load();
  await cluster.answered(100);
  for (let second = 0; second < LOSING_SECONDS; second += 1) {
    rounds.add('connections', link.loseAnswers());
    await pause(1000);
  }
  await load.stop();
  await compare(cluster, rounds, 'answers lost');
}

/** Events a second that are answered while clients post as fast as they can. */
async function rate(cluster: Cluster, ms: number): Promise<number> {
  const before = cluster.posts.answered.length;
  const load = cluster.load({ pauseMs: 0, clients: 12 });
  await pause(ms);
  const events = cluster.posts.answered.length - before;
  await load.stop();
  while (!(await cluster.isQuiet())) await pause(25);
  return (events * 1000) / ms;
}

longTest('a transaction that somebody holds open loses nothing', async () => {
  await withCluster('a transaction held open', 'held', async (cluster, server, rounds) => {
    const ms = Math.min(20_000, ROUNDS * 1000);
    await rate(cluster, ms);
    const without = await rate(cluster, ms);
    const held = await server.connection();
    await held.query('BEGIN; SELECT txid_current(); SELECT count(*) FROM held.events');
    const during = await rate(cluster, ms);
    await held.end();
    const after = await rate(cluster, ms);
    rounds.add('events a second without', Math.round(without));
    rounds.add('with it', Math.round(during));
    rounds.add('after it', Math.round(after));
    rounds.add('% of the mean of both', Math.round((200 * during) / (without + after)));
    await compare(cluster, rounds, 'held open');
  });
});
