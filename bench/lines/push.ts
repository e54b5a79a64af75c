import type { Figure, Line, Size } from '../line.ts';
import { daemonPushes, plainPushes } from '../tools/pushing.ts';

const SIZES = { full: { clients: 10_000, messages: 20 }, short: { clients: 100, messages: 5 } } as const;
const FLOOR = 'a `ws` server that sends to each client, and keeps nothing';

async function round(size: Size): Promise<readonly Figure[]> {
  const { clients, messages } = SIZES[size];
  const plain = await plainPushes(clients, messages);
  const ours = await daemonPushes(clients, messages);
  return [
    { row: 'push-rate', value: ours.rate, floor: plain.rate },
    { row: 'push-memory', value: ours.memory, floor: plain.memory },
  ];
}

/** WebSocket push to many clients, with resuming and acknowledgements. */
export const push: Line = {
  name: 'push',
  rows: [
    {
      name: 'push-rate',
      title: 'WebSocket: messages/s to 10,000 clients',
      unit: '1/s',
      floor: FLOOR,
      goal: { of: 'ratio', is: 'at least', limit: 0.85 },
    },
    {
      name: 'push-memory',
      title: 'WebSocket: memory a client',
      unit: 'kB',
      floor: FLOOR,
      goal: { of: 'value', is: 'at most', limit: 12 },
    },
  ],
  rounds: 3,
  round,
};
