import type { Curve } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { Floor } from '../tools/floor.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import type { Target } from '../tools/program.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const WARM = 300;

async function rate(target: Target, sink: Sink, count: number): Promise<number> {
  await pass(target, sink, { count: WARM });
  return (await pass(target, sink, { count })).deliveredPerSecond;
}

/** Delivery rate over the number of events. */
export const events: Curve = {
  name: 'events',
  title: 'Delivered events a second, 16 connections',
  says: 'The rate rises while V8 compiles the code of the new process, and then stays.',
  x: 'events in the run',
  y: 'delivered/s',
  sizes: [300, 1000, 3000, 10_000, 30_000],
  measure: (size) =>
    closing(Sink.open(), async (sink) => ({
      Belfry: await closing(Daemon.start({ files: rulesFiles(sink.url) }), (daemon) => rate(daemon, sink, size)),
      'durable floor': await closing(Floor.start('durable', sink.url), (floor) => rate(floor, sink, size)),
    })),
};
