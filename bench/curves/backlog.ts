import type { Curve } from '../line.ts';
import { burstRate } from '../tools/burst.ts';
import { Daemon } from '../tools/daemon.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const WARM = 2000;

/** Delivery rate of a backlog, by its size. */
export const backlog: Curve = {
  name: 'backlog',
  title: 'Deliveries a second after an outage of the endpoint',
  says: 'The rate does not depend on the size of the backlog, which is read from disk in pages.',
  x: 'deliveries that waited',
  y: 'deliveries/s',
  sizes: [1000, 3000, 10_000, 30_000, 100_000],
  measure: (size) =>
    closing(Sink.open(), (sink) =>
      closing(Daemon.start({ files: rulesFiles(sink.url) }), async (daemon) => {
        await pass(daemon, sink, { count: Math.min(WARM, size) });
        return { Belfry: await burstRate(daemon, sink, size, 'down') };
      }),
    ),
};
