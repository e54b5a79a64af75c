import type { Figure, Line, Row, Size } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { Floor, FLOORS } from '../tools/floor.ts';
import { closing } from '../tools/opened.ts';
import { type Passing, pass } from '../tools/pass.ts';
import type { Program, Target } from '../tools/program.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import { median } from '../tools/statistics.ts';
import type { LoadResult } from '../tools/load-result.ts';

const floor = FLOORS.durable;
const COUNTS = {
  full: { warm: 2000, saturated: 10_000, paced: 600, rules: 10_000 },
  short: { warm: 100, saturated: 500, paced: 40, rules: 1000 },
} as const;
const PACE = 200;
const FEW = 16;
const MANY = 128;
const TURNS = 5;

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

/** Results of each target, in the order of the targets. */
type LoadResults = readonly (readonly LoadResult[])[];

/** Runs the load in slices, with the targets in turn, so that other work on the machine affects all of them alike. */
async function inTurn(targets: readonly Running[], sink: Sink, passing: Passing): Promise<LoadResults> {
  const results = targets.map((): LoadResult[] => []);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [index, target] of targets.entries()) {
      results[index]!.push(await pass(target, sink, { ...passing, count: passing.count / TURNS }));
    }
  }
  return results;
}

/** Rate over all slices: a mean of rates would hide slices in which the disk or the garbage collector had to catch up. */
const rateOf = (slices: readonly LoadResult[]): number =>
  slices.length / slices.reduce((seconds, slice) => seconds + 1 / slice.deliveredPerSecond, 0);

const cpuSeconds = (target: Running): number => target.program.cpuSeconds();

const middle = (slices: readonly LoadResult[], of: (slice: LoadResult) => number): number => median(slices.map(of));

async function measure(
  daemon: Running,
  least: Running,
  loaded: Running,
  sink: Sink,
  size: Size,
): Promise<readonly Figure[]> {
  const { warm, saturated, paced } = COUNTS[size];
  for (const target of [daemon, least, loaded]) await pass(target, sink, { count: warm });
  const before = [daemon, least].map(cpuSeconds);
  const few = await inTurn([daemon, least, loaded], sink, { count: saturated, connections: FEW });
  const after = [daemon, least].map(cpuSeconds);
  const many = await inTurn([daemon, least], sink, { count: saturated, connections: MANY });
  const steady = await inTurn([daemon, least], sink, { count: paced, rate: PACE });
  const figure = (row: string, [value, floor]: readonly number[]): Figure => ({ row, value: value!, floor: floor! });
  return [
    figure('delivered-16', few.map(rateOf)),
    figure('delivered-128', many.map(rateOf)),
    figure(
      'accepted-p50',
      steady.map((slices) => middle(slices, (slice) => slice.acceptedP50)),
    ),
    figure(
      'delivered-p50',
      steady.map((slices) => middle(slices, (slice) => slice.deliveredP50)),
    ),
    figure(
      'delivered-cpu',
      after.map((seconds, index) => ((seconds - before[index]!) * 10_000) / saturated),
    ),
    figure(
      'delivered-peak',
      [daemon, least].map((target) => target.program.memoryMb('peak')),
    ),
    figure('delivered-10000-rules', [few[2]!, few[0]!].map(rateOf)),
  ];
}

const withRules = (sink: Sink, count: number): Promise<Daemon> => Daemon.start({ files: rulesFiles(sink.url, count) });

/** The complete path of an event: HTTP request, rule, disk, HTTP request to the channel. */
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
