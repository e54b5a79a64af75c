import { fileURLToPath } from 'node:url';
import { eventText } from '../tools/events.ts';
import { inNpmFolder, npmFolder, onPath } from './installed.ts';
import type { Peer } from './peer.ts';

function missing(): string | undefined {
  if (onPath('redis-server') === undefined) return 'redis-server';
  return ['bullmq', 'ioredis'].find((name) => inNpmFolder(name) === undefined);
}

/** The usual durable queue on Node; Redis syncs each batch of writes, which durability requires. */
export const bullmq: Peer = {
  name: 'bullmq',
  title: 'BullMQ and Redis',
  promise: 'durable',
  count: 6000,
  missing,
  files: () => ({}),
  commands: ({ folder, port, secondPort, sinkUrl }) => [
    {
      command: onPath('redis-server')!,
      arguments: [
        '--port',
        String(secondPort),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--appendonly',
        'yes',
        '--appendfsync',
        'always',
        '--save',
        '',
      ],
    },
    {
      command: process.execPath,
      arguments: [
        fileURLToPath(new URL('./bullmq-server.js', import.meta.url)),
        npmFolder()!,
        String(port),
        String(secondPort),
        sinkUrl,
      ],
    },
  ],
  request: (number) => ({ path: '/', body: eventText(number) }),
};
