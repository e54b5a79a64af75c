import type { Figure, Line } from '../line.ts';
import type { Say } from '../measure.ts';
import { Floor, FLOORS } from '../tools/floor.ts';
import { closing } from '../tools/opened.ts';
import { pass } from '../tools/pass.ts';
import { Sink } from '../tools/sink.ts';
import { alertmanager } from './alertmanager.ts';
import { apprise } from './apprise.ts';
import { bullmq } from './bullmq.ts';
import { nodeRed } from './node-red.ts';
import { type Peer, RunningPeer } from './peer.ts';
import { webhook } from './webhook.ts';

const PEERS: readonly Peer[] = [alertmanager, bullmq, nodeRed, webhook, apprise];
const FLOOR_COUNT = 10_000;

/** A line for each other program that is installed. Missing programs are reported. */
export function peerLines(say: Say): readonly Line[] {
  return PEERS.flatMap((peer) => {
    const missing = peer.missing();
    if (missing === undefined) return [lineOf(peer)];
    say(`${peer.title} is skipped: no ${missing}`);
    return [];
  });
}

function lineOf(peer: Peer): Line {
  const title = `${peer.title}: delivered/s (2xx: ${peer.promise})`;
  return {
    name: peer.name,
    rows: [{ name: peer.name, title, unit: '1/s', floor: FLOORS.durable }],
    rounds: 3,
    round: (size) =>
      closing(Sink.open(), async (sink): Promise<readonly Figure[]> => {
        const rate = async (target: RunningPeer | Floor, full: number): Promise<number> => {
          const count = size === 'full' ? full : full / 20;
          await pass(target, sink, { count: Math.ceil(count / 5) });
          return (await pass(target, sink, { count })).deliveredPerSecond;
        };
        const value = await closing(RunningPeer.start(peer, sink.url), (running) => rate(running, peer.count));
        const floor = await closing(Floor.start('durable', sink.url), (running) => rate(running, FLOOR_COUNT));
        return [{ row: peer.name, value, floor }];
      }),
  };
}
