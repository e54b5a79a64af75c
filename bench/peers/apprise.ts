import path from 'node:path';
import { EVENT_TYPE, eventText } from '../tools/events.ts';
import { ROOT } from '../tools/root.ts';
import { canImportInPython, onPath } from './installed.ts';
import type { Peer } from './peer.ts';

/** Apprise is a library: it runs in the server of Python's standard library, with a tag for each rule. */
export const apprise: Peer = {
  name: 'apprise',
  title: 'Apprise in a Python server',
  promise: 'delivered',
  count: 800,
  missing: () => (canImportInPython('apprise') ? undefined : 'apprise'),
  files: () => ({}),
  commands: ({ port, sinkUrl }) => [
    {
      command: onPath('python3')!,
      arguments: [path.join(ROOT, 'bench/peers/apprise-server.py'), String(port), new URL(sinkUrl).port, EVENT_TYPE],
    },
  ],
  request: (number) => ({ path: '/', body: eventText(number) }),
};
