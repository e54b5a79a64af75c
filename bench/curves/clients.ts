import type { Curve } from '../line.ts';
import { daemonPushes, plainPushes } from '../tools/pushing.ts';

/** Push rate by the number of clients. */
export const clients: Curve = {
  name: 'clients',
  title: 'WebSocket messages a second by clients',
  says: 'A message to all clients is encoded once, then written to each client.',
  x: 'clients',
  y: 'messages/s',
  sizes: [10, 100, 1_000, 10_000],
  async measure(at, size) {
    const messages = size === 'short' ? 5 : Math.max(20, Math.min(500, Math.round(50_000 / at)));
    const plain = await plainPushes(at, messages);
    const ours = await daemonPushes(at, messages);
    return { Belfry: ours.rate, 'plain ws': plain.rate };
  },
};
