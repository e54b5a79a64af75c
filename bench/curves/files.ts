import type { Curve } from '../line.ts';
import { now } from '../tools/clock.ts';
import { Daemon } from '../tools/daemon.ts';
import { closing } from '../tools/opened.ts';
import { filesRules } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import { WatchedFiles } from '../tools/watched-files.ts';

/** Cost of watching, by the number of files. */
export const files: Curve = {
  name: 'files',
  title: 'Memory, and time until a change is reported, with watched files',
  says: 'There is one kernel watch per folder and one line in memory per file; most of the memory is the program itself.',
  x: 'watched files',
  y: 'MB, ms',
  sizes: [100, 1000, 10_000, 50_000],
  measure: (count) =>
    closing(Sink.open(), (sink) =>
      closing(WatchedFiles.create(count), async (watched) => {
        const startedAt = now();
        return closing(Daemon.start({ files: filesRules(sink.url, watched.folder) }), async (daemon) => {
          const reportedAt = await watched.watched(sink);
          return {
            'memory, MB': daemon.program.memoryMb('now'),
            'until a change is reported, ms': reportedAt - startedAt,
          };
        });
      }),
    ),
};
