import { fileURLToPath } from 'node:url';
import type { Figure, Line, Size } from '../line.ts';
import { Daemon } from '../tools/daemon.ts';
import { closing } from '../tools/opened.ts';
import { Program } from '../tools/program.ts';
import { filesRules, SETTLE_MS } from '../tools/rules.ts';
import { Sink } from '../tools/sink.ts';
import { percentile } from '../tools/statistics.ts';
import { WatchedFiles } from '../tools/watched-files.ts';

const SIZES = { full: { changed: 1000, many: 50_000 }, short: { changed: 50, many: 500 } } as const;
const GAP_MS = 2;
const FLOOR = '`fs.watch` for each folder and a request for each of its events';

type Watching<T> = (program: Program) => Promise<T>;

const daemonOn = <T>(files: WatchedFiles, sink: Sink, use: Watching<T>): Promise<T> =>
  closing(Daemon.start({ files: filesRules(sink.url, files.folder) }), async (daemon) => {
    await files.watched(sink);
    return use(daemon.program);
  });

async function floorOn<T>(files: WatchedFiles, sink: Sink, use: Watching<T>): Promise<T> {
  const script = fileURLToPath(new URL('../tools/watch-floor.js', import.meta.url));
  const programArguments = [script, sink.url, ...files.folders()];
  const program = new Program({ command: process.execPath, arguments: programArguments, folder: files.folder });
  try {
    await files.watched(sink);
    return await use(program);
  } finally {
    await program.stop();
  }
}

async function changes(sink: Sink, count: number): Promise<readonly Figure[]> {
  return closing(WatchedFiles.create(count), async (files) => {
    const reported = await daemonOn(files, sink, () => files.change(sink, GAP_MS));
    const floor = await floorOn(files, sink, () => files.change(sink, GAP_MS));
    return [
      {
        row: 'files-latency',
        value: percentile(reported.latencies, 50) - SETTLE_MS,
        floor: percentile(floor.latencies, 50),
      },
      { row: 'files-missed', value: reported.missed },
      { row: 'files-twice', value: reported.twice, floor: floor.twice },
    ];
  });
}

const memory = (sink: Sink, count: number): Promise<Figure> =>
  closing(WatchedFiles.create(count), async (files) => {
    const used: Watching<number> = (program) => Promise.resolve(program.memoryMb('now'));
    return {
      row: 'files-memory',
      value: await daemonOn(files, sink, used),
      floor: await floorOn(files, sink, used),
    };
  });

const round = (size: Size): Promise<readonly Figure[]> =>
  closing(Sink.open(), async (sink) => {
    const { changed, many } = SIZES[size];
    return [...(await changes(sink, changed)), await memory(sink, many)];
  });

/** Changes of files: time to the notification, completeness, memory. */
export const files: Line = {
  name: 'files',
  rows: [
    {
      name: 'files-latency',
      title: `a file is written: its notification p50 (after \`settle: ${SETTLE_MS}ms\`)`,
      unit: 'ms',
      floor: FLOOR,
      goal: { of: 'value', is: 'at most', limit: 15 },
    },
    {
      name: 'files-missed',
      title: 'changes of 1,000 files that were not reported',
      unit: '',
      goal: { of: 'value', is: 'at most', limit: 0 },
    },
    {
      name: 'files-twice',
      title: 'changes of 1,000 files that were reported twice',
      unit: '',
      floor: FLOOR,
      goal: { of: 'value', is: 'at most', limit: 0 },
    },
    {
      name: 'files-memory',
      title: 'memory with 50,000 watched files',
      unit: 'MB',
      floor: FLOOR,
      goal: { of: 'value', is: 'at most', limit: 200 },
    },
  ],
  rounds: 3,
  round,
};
