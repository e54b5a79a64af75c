import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';

const TICKS_PER_SECOND = 100;

/** The machine on which the figures were measured. */
export interface Machine {
  readonly processor: string;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
}

export function thisMachine(): Machine {
  const processors = cpus();
  return {
    processor: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
  };
}

/** Seconds of work of the machine's processors, including those used by the host, and our part of them. */
interface Work {
  readonly at: number;
  readonly busy: number;
  readonly own: number;
}

function work(): Work {
  const [user = 0, nice = 0, system = 0, , , hardware = 0, software = 0, stolen = 0] = readFileSync(
    '/proc/stat',
    'latin1',
  )
    .split('\n', 1)[0]!
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    at: performance.now() / 1000,
    busy: (user + nice + system + hardware + software + stolen) / TICKS_PER_SECOND,
    own: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / TICKS_PER_SECOND,
  };
}

/**
 * Starts to measure; the returned function gives the number of cores that other programs have used since. A process that was started
 * meanwhile counts as ours once it has ended, so every round ends the processes that it starts.
 */
export function watchNoise(): () => number {
  const before = work();
  return () => {
    const after = work();
    const others = after.busy - before.busy - (after.own - before.own);
    return Math.max(0, others / (after.at - before.at));
  };
}
