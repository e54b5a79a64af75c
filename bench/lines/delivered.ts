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

type Running = Target & { readonly program: Program };

interface Saturated extends Tally {
  readonly cpu: number;
}

async function saturate(target: Running, sink: Sink, count: number, connections: number): Promise<Saturated> {
  const before = target.program.cpuSeconds();
  const passed = await pass(target, sink, { count, connections });
  return { ...passed, cpu: ((target.program.cpuSeconds() - before) * 10_000) / count };
}

/** One after the other, so that each has the machine to itself, and close together, so that it is the same machine. */
async function inTurn<T>(targets: readonly Running[], measure: (target: Running) => Promise<T>): Promise<T[]> {
  const measured: T[] = [];
  for (const target of targets) measured.push(await measure(target));
  return measured;
}

async function measure(
  daemon: Running,
  least: Running,
  loaded: Running,
  sink: Sink,
  size: Size,
): Promise<readonly Figure[]> {
  const { warm, saturated, paced } = COUNTS[size];
  await inTurn([daemon, least, loaded], (target) => pass(target, sink, { count: warm }));
  const few = await inTurn([daemon, least, loaded], (target) => saturate(target, sink, saturated, FEW));
  const many = await inTurn([daemon, least], (target) => saturate(target, sink, saturated, MANY));
  const steady = await inTurn([daemon, least], (target) => pass(target, sink, { count: paced, rate: PACE }));
  const figure = <T>(row: string, [value, floor]: readonly T[], of: (measured: T) => number): Figure => ({
    row,
    value: of(value!),
    floor: of(floor!),
  });
  return [
    figure('delivered-16', few, (tally) => tally.deliveredPerSecond),
    figure('delivered-128', many, (tally) => tally.deliveredPerSecond),
    figure('accepted-p50', steady, (tally) => tally.acceptedP50),
    figure('delivered-p50', steady, (tally) => tally.deliveredP50),
    figure('delivered-cpu', few, (tally) => tally.cpu),
    figure('delivered-peak', [daemon, least], (target) => target.program.memoryMb('peak')),
    figure('delivered-10000-rules', [few[2], few[0]], (tally) => tally!.deliveredPerSecond),
  ];
}

const withRules = (sink: Sink, count: number): Promise<Daemon> => Daemon.start({ files: rulesFiles(sink.url, count) });

/** The whole way: HTTP in, a rule, on disk, HTTP out. */
export const delivered: Line = {
  name: 'delivered',
  rows,
  rounds: 3,
  round: (size) =>
    closing(Sink.open(), (sink) =>
      closing(withRules(sink, COUNTS[size].rules), (loaded) =>
        closing(Floor.start('durable', sink.url), (least) =>
          closing(withRules(sink, 10), (daemon) => measure(daemon, least, loaded, sink, size)),
        ),
      ),
    ),
};
