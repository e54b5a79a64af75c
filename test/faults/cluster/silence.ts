import { setTimeout as pause } from 'node:timers/promises';
import { STATE } from '../../../daemon/store/shared/stored-states.ts';
import type { Home } from '../../support/daemon.ts';
import type { Rounds, Violation } from '../support/report.ts';
import { REFUSING } from '../support/rules.ts';
import type { Cluster } from './cluster.ts';
import type { Stalled } from './stall.ts';
import { compare } from './trial.ts';

/** Milliseconds for which an instance is silent: longer than its lease. */
const SILENT_MS = 12_000;
/** Milliseconds after its return in which an instance begins anew. */
const RETURN_MS = 3000;
const STEP_MS = 25;
/** Status that attempts get which were in flight when the silence began. No endpoint answers with it otherwise. */
const LATE_STATUS = 502;

/** Silence of one instance, in which the others take its deliveries, and its return. */
export interface Silence {
  begin(): void;
  end(): void;
}

/** Attempts of deliveries that an instance began after others had them, and what it stored about them. */
async function trespasses(cluster: Cluster, victim: Home, stalled: Stalled, after: number): Promise<Violation[]> {
  const name = cluster.nameOf(victim);
  const attempts = cluster.destinations.arrivals.filter(
    ({ delivery = '', sender, accepted, at }) =>
      sender === name && accepted && at > after && cluster.repeatable.has(delivery),
  );
  const ids = [...stalled.ids].map((id) => `'${id}'`).join(', ');
  const stored = await cluster.sql(
    `SELECT body::json->>'id' AS id, attempts FROM SCHEMA.deliveries WHERE body::json->>'id' IN (${ids})
      AND (attempts LIKE '%http.${LATE_STATUS}%' OR channel NOT IN ('${REFUSING.join("', '")}') AND state <> ${STATE.delivered})`,
  );
  return [
    ...attempts.map(({ delivery }): Violation => {
      return { invariant: 'I2', text: `${name} sent ${delivery}, which another instance has` };
    }),
    ...stored.map(({ id, attempts: made }): Violation => {
      return { invariant: 'I1', text: `${name} settled ${String(id)}, which another instance has: ${String(made)}` };
    }),
  ];
}

/** An instance is silent under load for longer than its lease, with attempts in flight that fail at its return. */
export async function silent(
  cluster: Cluster,
  victim: Home,
  silence: Silence,
  rounds: Rounds,
  drainMs?: number,
): Promise<void> {
  const load = cluster.load();
  await cluster.answered(200);
  await cluster.pileUp();
  const stalled = cluster.destinations.stall(cluster.nameOf(victim));
  const since = Date.now();
  silence.begin();
  cluster.destinations.answers = 'now';
  await pause(SILENT_MS / 2);
  const backlog = await cluster.mayRepeat(victim);
  const ms = await cluster.takenOver(backlog, victim, since, () => stalled.repeated > 0);
  rounds.max('ms until taken over', ms ?? Number.POSITIVE_INFINITY);
  await pause(Math.max(0, since + SILENT_MS - Date.now()));
  const returned = Date.now();
  stalled.answerFirst(LATE_STATUS);
  silence.end();
  await pause(RETURN_MS);
  stalled.end();
  await load.stop();
  rounds.add('in flight', stalled.ids.size);
  rounds.add('sent again meanwhile', stalled.repeated);
  rounds.add('not settled', backlog.size);
  const until = Date.now() + RETURN_MS;
  while (!(await cluster.isQuiet()) && Date.now() < until) await pause(STEP_MS);
  const late: Violation = { invariant: 'I1', text: 'no other instance took over' };
  const more = [...(ms === undefined ? [late] : []), ...(await trespasses(cluster, victim, stalled, returned))];
  await compare(cluster, rounds, 'silent', { more, drainMs });
}
