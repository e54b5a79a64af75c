import type { Daemon } from './daemon.ts';
import { eventText } from './events.ts';
import { isAccepted, runLoad } from './load.ts';

const IN_A_REQUEST = 100;

/** Posts events as fast as possible, many in a request. Throws if one was refused. `count` is a multiple of 100. */
export async function fill(daemon: Daemon, first: number, count: number): Promise<void> {
  const load = await runLoad({
    port: daemon.port,
    first: 0,
    count: count / IN_A_REQUEST,
    connections: 4,
    limitMs: 600_000,
    request: (request) => daemon.requestOf(`[${texts(first + request * IN_A_REQUEST).join(',')}]`),
  });
  const refused = load.status.filter((status) => !isAccepted(status)).length;
  if (refused > 0) throw new Error(`${refused} of ${load.status.length} requests were refused`);
}

const texts = (first: number): readonly string[] =>
  Array.from({ length: IN_A_REQUEST }, (_, index) => eventText(first + index));
