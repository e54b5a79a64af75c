import type { Figure, Line, Size } from '../line.ts';
import { backlogRate } from '../tools/backlog-rate.ts';
import { Daemon } from '../tools/daemon.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const SIZES = {
  full: { warm: 2000, steady: 10_000, small: 10_000, waiting: 100_000 },
  short: { warm: 100, steady: 500, small: 500, waiting: 2000 },
} as const;

async function measure(daemon: Daemon, sink: Sink, size: Size): Promise<readonly Figure[]> {
  const { warm, steady, small, waiting } = SIZES[size];
  await pass(daemon, sink, { count: warm });
  const rate = (await pass(daemon, sink, { count: steady })).deliveredPerSecond;
  await backlogRate(daemon, sink, small);
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
      title: 'memory that it takes above one of 10,000',
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
