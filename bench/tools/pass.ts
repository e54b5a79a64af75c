import { runLoad } from './load.ts';
import type { Target } from './program.ts';
import type { Sink } from './sink.ts';
import { loadResultOf, type LoadResult } from './load-result.ts';

export interface Passing {
  readonly count: number;
  readonly connections?: number;
  /** Absent: each after the response to the last one. */
  readonly rate?: number;
}

/** Sends events and waits for the last delivery. */
export async function pass(target: Target, sink: Sink, passing: Passing): Promise<LoadResult> {
  const first = sink.expect(passing.count);
  const load = await runLoad({ port: target.port, first, request: (number) => target.request(number), ...passing });
  await sink.received(passing.count);
  return loadResultOf(load, sink.memory);
}
