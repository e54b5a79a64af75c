import { readdir, readFile } from 'node:fs/promises';
import type { Home } from '../../support/daemon.ts';

/** Resources that a daemon uses at one moment. */
export interface Sample {
  /** Minutes since the start of the measurement. */
  readonly at: number;
  /** Resident memory, MiB. */
  readonly memory: number;
  /** Used part of the JavaScript heap, MiB. */
  readonly heap: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timers: number;
}

export const QUANTITIES = ['memory', 'heap', 'descriptors', 'threads', 'timers'] as const;
export type Quantity = (typeof QUANTITIES)[number];

const MIB = 2 ** 20;

export async function sample(home: Home, began: number): Promise<Sample> {
  const [status, descriptors, metrics] = await Promise.all([
    readFile(`/proc/${home.pid}/status`, 'utf8'),
    readdir(`/proc/${home.pid}/fd`),
    home.call<string>('GET', '/metrics'),
  ]);
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]);
  const metric = (name: string): number =>
    Number(
      metrics.body
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  return {
    at: (performance.now() - began) / 60_000,
    memory: kilobytes('VmRSS') / 1024,
    heap: metric('nodejs_heap_size_used_bytes ') / MIB,
    descriptors: descriptors.length,
    threads: kilobytes('Threads'),
    timers: metric('nodejs_active_resources{type="Timeout"}'),
  };
}

/** Smallest value of a quantity in each minute: what is in use for a moment only is no growth. */
export function minima(samples: readonly Sample[], quantity: Quantity): readonly (readonly [number, number])[] {
  const byMinute = new Map<number, number>();
  for (const one of samples) {
    const minute = Math.floor(one.at);
    byMinute.set(minute, Math.min(byMinute.get(minute) ?? Number.POSITIVE_INFINITY, one[quantity]));
  }
  return [...byMinute];
}
