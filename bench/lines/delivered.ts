import type { Figure, Line, Row, Size } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { Floor, FLOORS } from '../tools/floor.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import type { Program, Target } from '../tools/program.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import type { Tally } from '../tools/tally.ts';

const floor = FLOORS.durable;
const COUNTS = {
  full: { warm: 2000, saturated: 10_000, paced: 600, rules: 10_000 },
  short: { warm: 100, saturated: 500, paced: 40, rules: 1000 },
} as const;
const PACE = 200;
const FEW = 16;
const MANY = 128;

const rows: readonly Row[] = [
  {
    name: 'delivered-16',
    title: 'delivered/s, 16 connections',
    unit: '1/s',
    floor,
    goal: { of: 'ratio', is: 'at least', limit: 0.8 },
  },
  {
    name: 'delivered-128',
    title: 'delivered/s, 128 connections',
    unit: '1/s',
    floor,
    goal: { of: 'ratio', is: 'at least', limit: 0.8 },
  },
  {
    name: 'accepted-p50',
    title: `accepted, p50 at ${PACE}/s`,
    unit: 'ms',
    floor,
    goal: { of: 'ratio', is: 'at most', limit: 1.3 },
  },
  {
    name: 'delivered-p50',
    title: `event to delivery, p50 at ${PACE}/s`,
    unit: 'ms',
    floor,
    goal: { of: 'ratio', is: 'at most', limit: 1.5 },
  },
  {
    name: 'delivered-cpu',
    title: 'CPU for 10,000 events, 16 connections',
    unit: 's',
    floor,
    goal: { of: 'value', is: 'at most', limit: 2 },
  },
  {
    name: 'delivered-peak',
    title: 'most memory in all this',
    unit: 'MB',
    floor,
    goal: { of: 'value', is: 'at most', limit: 160 },
  },
  {
    name: 'delivered-10000-rules',
    title: 'delivered/s, 16 connections, 10,000 rules',
    unit: '1/s',
    floor: 'its own with 10 rules',
    goal: { of: 'ratio', is: 'at least', limit: 0.97 },
  },
];

interface Measured {
  readonly few: Tally;
  readonly many: Tally;
  readonly paced: Tally;
  readonly cpu: number;
  readonly peak: number;
}

type Running = Target & { readonly program: Program };

async function saturated(target: Running, sink: Sink, count: number): Promise<{ few: Tally; cpu: number }> {
  const before = target.program.cpuSeconds();
  const few = await pass(target, sink, { count, connections: FEW });
  return { few, cpu: ((target.program.cpuSeconds() - before) * 10_000) / count };
}

async function measure(target: Running, sink: Sink, size: Size): Promise<Measured> {
  const counts = COUNTS[size];
  await pass(target, sink, { count: counts.warm });
  const { few, cpu } = await saturated(target, sink, counts.saturated);
  const many = await pass(target, sink, { count: counts.saturated, connections: MANY });
  const paced = await pass(target, sink, { count: counts.paced, rate: PACE });
  return { few, many, paced, cpu, peak: target.program.memoryMb('peak') };
}

const withRules = (sink: Sink, count: number): Promise<Daemon> => Daemon.start({ files: rulesFiles(sink.url, count) });

async function round(size: Size, sink: Sink): Promise<readonly Figure[]> {
  const counts = COUNTS[size];
  const own = await closing(withRules(sink, 10), (daemon) => measure(daemon, sink, size));
  const least = await closing(Floor.start('durable', sink.url), (running) => measure(running, sink, size));
  const manyRules = await closing(withRules(sink, counts.rules), async (daemon) => {
    await pass(daemon, sink, { count: counts.warm });
    return (await saturated(daemon, sink, counts.saturated)).few;
  });
  return [
    { row: 'delivered-16', value: own.few.deliveredPerSecond, floor: least.few.deliveredPerSecond },
    { row: 'delivered-128', value: own.many.deliveredPerSecond, floor: least.many.deliveredPerSecond },
    { row: 'accepted-p50', value: own.paced.acceptedP50, floor: least.paced.acceptedP50 },
    { row: 'delivered-p50', value: own.paced.deliveredP50, floor: least.paced.deliveredP50 },
    { row: 'delivered-cpu', value: own.cpu, floor: least.cpu },
    { row: 'delivered-peak', value: own.peak, floor: least.peak },
    { row: 'delivered-10000-rules', value: manyRules.deliveredPerSecond, floor: own.few.deliveredPerSecond },
  ];
}

/** The whole way: HTTP in, a rule, on disk, HTTP out. */
export const delivered: Line = {
  name: 'delivered',
  rows,
  rounds: 3,
  round: async (size) => closing(Sink.open(), (sink) => round(size, sink)),
};
