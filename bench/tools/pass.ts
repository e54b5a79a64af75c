import { runLoad } from './load.ts';
import type { Target } from './program.ts';
import type { Sink } from './sink.ts';
import { tally, type Tally } from './tally.ts';

export interface Passing {
  readonly count: number;
  readonly connections?: number;
  /** Absent: as fast as answers come. */
  readonly rate?: number;
}

/** Sends events and waits for the last delivery. */
export async function pass(target: Target, sink: Sink, passing: Passing): Promise<Tally> {
  const first = sink.expect(passing.count);
  const load = await runLoad({ port: target.port, first, request: (number) => target.request(number), ...passing });
  await sink.received(passing.count);
  return tally(load, sink.memory);
}
