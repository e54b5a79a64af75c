import type { Figure, Line, Size } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { fill } from '../tools/fill.ts';
import { runLoad } from '../tools/load.ts';
import { closing } from '../tools/opened.ts';
import { receipts } from '../tools/receipts.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import { tally } from '../tools/tally.ts';

const SIZES = {
  full: { warm: 2000, steady: 10_000, waiting: 100_000 },
  short: { warm: 100, steady: 500, waiting: 2000 },
} as const;

/** Deliveries a second while as much comes in as goes out. */
async function steadyRate(daemon: Daemon, sink: Sink, count: number): Promise<number> {
  const first = sink.expect(count);
  const load = await runLoad({ port: daemon.port, count, first, request: (number) => daemon.request(number) });
  await sink.received(count);
  return tally(load, sink).deliveredPerSecond;
}

/** What an outage has left is delivered; deliveries a second from the first to the last of it. */
export async function backlogRate(daemon: Daemon, sink: Sink, count: number): Promise<number> {
  const first = sink.expect(count);
  await sink.become('closed');
  await fill(daemon, first, count);
  await sink.become('ok');
  await sink.received(count, 75_000);
  const { firstAt, lastAt } = receipts(sink, first, count);
  return (count * 1000) / (lastAt - firstAt);
}

async function measure(daemon: Daemon, sink: Sink, size: Size): Promise<readonly Figure[]> {
  const { warm, steady, waiting } = SIZES[size];
  await steadyRate(daemon, sink, warm);
  const rate = await steadyRate(daemon, sink, steady);
  const before = daemon.program.memoryMb('peak');
  const value = await backlogRate(daemon, sink, waiting);
  return [
    { row: 'backlog-rate', value, floor: rate },
    { row: 'backlog-memory', value: daemon.program.memoryMb('peak') - before },
  ];
}

export const backlog: Line = {
  name: 'backlog',
  rows: [
    {
      name: 'backlog-rate',
      title: 'deliveries/s of a backlog of 100,000',
      unit: '1/s',
      floor: 'its own steady rate',
      goal: { of: 'ratio', is: 'at least', limit: 0.7 },
    },
    {
      name: 'backlog-memory',
      title: 'memory that this backlog adds to the peak',
      unit: 'MB',
      goal: { of: 'value', is: 'at most', limit: 32 },
    },
  ],
  rounds: 1,
  round: (size) =>
    closing(Sink.open(), (sink) =>
      closing(Daemon.start({ files: rulesFiles(sink.url) }), (daemon) => measure(daemon, sink, size)),
    ),
};
