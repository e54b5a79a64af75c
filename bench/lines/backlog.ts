import type { Figure, Line, Size } from '../line.ts';
import { burstRate, type Endpoint } from '../tools/burst.ts';
import { Daemon } from '../tools/daemon.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const SIZES = {
  full: { warm: 2000, steady: 10_000, waiting: 100_000 },
  short: { warm: 100, steady: 500, waiting: 2000 },
} as const;

interface Measured {
  /** Deliveries per second in a steady load, and of a burst after it. */
  readonly steady: number;
  readonly burst: number;
  readonly peak: number;
}

async function measure(sink: Sink, endpoint: Endpoint, size: Size): Promise<Measured> {
  const { warm, steady, waiting } = SIZES[size];
  return closing(Daemon.start({ files: rulesFiles(sink.url) }), async (daemon) => {
    await pass(daemon, sink, { count: warm });
    const { deliveredPerSecond } = await pass(daemon, sink, { count: steady });
    const burst = await burstRate(daemon, sink, waiting, endpoint);
    return { steady: deliveredPerSecond, burst, peak: daemon.program.memoryMb('peak') };
  });
}

async function round(sink: Sink, size: Size): Promise<readonly Figure[]> {
  const outage = await measure(sink, 'down', size);
  const none = await measure(sink, 'up', size);
  return [
    { row: 'backlog-rate', value: outage.burst, floor: outage.steady },
    { row: 'backlog-memory', value: outage.peak, floor: none.peak },
  ];
}

/** Backlog after an outage. */
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
      title: 'most memory with this backlog',
      unit: 'MB',
      floor: 'the same events without an outage',
      goal: { of: 'ratio', is: 'at most', limit: 1.15 },
    },
  ],
  rounds: 1,
  round: (size) => closing(Sink.open(300_000), (sink) => round(sink, size)),
};
