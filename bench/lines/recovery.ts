import type { Figure, Line, Size } from '../line.ts';
import { now, sleep } from '../tools/clock.ts';
import { Daemon } from '../tools/daemon.ts';
import { Floor, FLOORS } from '../tools/floor.ts';
import { runLoad } from '../tools/load.ts';
import { closing } from '../tools/opened.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import { loadResultOf } from '../tools/load-result.ts';

const SIZES = {
  full: { outageMs: 10_000, waiting: 200, rate: 40 },
  short: { outageMs: 500, waiting: 20, rate: 100 },
} as const;
/** Limit for the deliveries after an outage or a restart. */
const TIMEOUT_MS = 75_000;

type Running = Daemon | Floor;

/** Seconds from the return of the endpoint to the last delivery. */
async function afterOutage(target: Running, sink: Sink, size: Size): Promise<number> {
  const { outageMs, waiting, rate } = SIZES[size];
  const first = sink.expect(waiting);
  await sink.become('closed');
  const closedAt = now();
  const load = await runLoad({
    port: target.port,
    count: waiting,
    first,
    rate,
    request: (number) => target.request(number),
  });
  await sleep(outageMs - (now() - closedAt));
  await sink.become('ok');
  const backAt = now();
  await sink.received(waiting, TIMEOUT_MS);
  return (loadResultOf(load, sink.memory).lastAt - backAt) / 1000;
}

/** Seconds from the restart after a `kill -9` to the last delivery of earlier events. */
async function afterKill(target: Running, sink: Sink, size: Size): Promise<number> {
  const { waiting } = SIZES[size];
  const first = sink.expect(waiting);
  await sink.become('down503');
  const load = await runLoad({
    port: target.port,
    count: waiting,
    first,
    rate: 100,
    request: (number) => target.request(number),
  });
  await target.kill();
  await sink.become('ok');
  const startAt = now();
  await target.start();
  await sink.received(waiting, TIMEOUT_MS);
  return (loadResultOf(load, sink.memory).lastAt - startAt) / 1000;
}

type Disruption = (target: Running, sink: Sink, size: Size) => Promise<number>;

const daemonAfter = (disruption: Disruption, size: Size): Promise<number> =>
  closing(Sink.open(), (sink) =>
    closing(Daemon.start({ files: rulesFiles(sink.url) }), (daemon) => disruption(daemon, sink, size)),
  );

const floorAfter = (disruption: Disruption, size: Size): Promise<number> =>
  closing(Sink.open(), (sink) =>
    closing(Floor.start('durable', sink.url), (running) => disruption(running, sink, size)),
  );

async function round(size: Size): Promise<readonly Figure[]> {
  // The outages run side by side, since they consist of waiting; the restarts need the processor, so they take turns.
  const [outage, outageFloor] = await Promise.all([daemonAfter(afterOutage, size), floorAfter(afterOutage, size)]);
  const kill = await daemonAfter(afterKill, size);
  const killFloor = await floorAfter(afterKill, size);
  return [
    { row: 'recovery-outage', value: outage, floor: outageFloor },
    { row: 'recovery-kill', value: kill, floor: killFloor },
  ];
}

/** Time to recover. */
export const recovery: Line = {
  name: 'recovery',
  rows: [
    {
      name: 'recovery-outage',
      title: 'all delivered after a 10 s outage of the endpoint',
      unit: 's',
      floor: FLOORS.durable,
      goal: { of: 'value', is: 'at most', limit: 3 },
    },
    {
      name: 'recovery-kill',
      title: 'kill -9 with 200 waiting: all delivered after the start',
      unit: 's',
      floor: FLOORS.durable,
      goal: { of: 'value', is: 'at most', limit: 1.5 },
    },
  ],
  rounds: 3,
  round,
};
