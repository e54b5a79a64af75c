import type { Line, Size } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { fill } from '../tools/fill.ts';
import { closing } from '../tools/opened.ts';
import { rulesFiles } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';

const WAITING: Readonly<Record<Size, number>> = { full: 1_000_000, short: 1000 };

/** An endpoint that is down with a million pending notifications; then the daemon is killed and restarted. */
export const pending: Line = {
  name: 'pending',
  onlyNamed: true,
  rows: [
    {
      name: 'pending-memory',
      title: 'memory with 1,000,000 deliveries pending',
      unit: 'MB',
      goal: { of: 'value', is: 'at most', limit: 250 },
    },
    { name: 'pending-peak', title: 'most memory while they came in', unit: 'MB' },
    { name: 'pending-start', title: 'start with 1,000,000 deliveries pending', unit: 's' },
    { name: 'pending-start-memory', title: 'memory after that start', unit: 'MB' },
  ],
  rounds: 1,
  round: (size) =>
    closing(Sink.open(WAITING[size]), async (sink) => {
      await sink.become('closed');
      return closing(Daemon.start({ files: rulesFiles(sink.url) }), async (daemon) => {
        await fill(daemon, 0, WAITING[size]);
        const [memory, peak] = [daemon.program.memoryMb('now'), daemon.program.memoryMb('peak')];
        await daemon.kill();
        await daemon.start();
        return [
          { row: 'pending-memory', value: memory },
          { row: 'pending-peak', value: peak },
          { row: 'pending-start', value: daemon.program.readyMs / 1000 },
          { row: 'pending-start-memory', value: daemon.program.memoryMb('now') },
        ];
      });
    }),
};
