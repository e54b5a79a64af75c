import { EVENT_TYPE, eventText } from '../tools/events.ts';
import { inNpmFolder } from './installed.ts';
import type { Peer, PeerSetup } from './peer.ts';

/** Node-RED needs a newer Node than the daemon: the npm package `node` beside it, if installed. */
const node = (): string => inNpmFolder('node/bin/node') ?? process.execPath;

const settings = ({ folder, port }: PeerSetup): string =>
  `module.exports = ${JSON.stringify({
    uiHost: '127.0.0.1',
    uiPort: port,
    httpAdminRoot: '/admin',
    httpNodeRoot: '/',
    userDir: folder,
    flowFile: 'flows.json',
    credentialSecret: 'bench',
    telemetry: { enabled: false, updateNotification: false },
    logging: { console: { level: 'error' } },
  })}`;

const flow = ({ sinkUrl }: PeerSetup): string => {
  const types = [...Array.from({ length: 9 }, (_, index) => `type.t${index}`), EVENT_TYPE];
  const at = { z: 'tab', x: 1, y: 1 };
  return JSON.stringify([
    { id: 'tab', type: 'tab', label: 'bench' },
    { ...at, id: 'in', type: 'http in', url: '/in', method: 'post', wires: [['switch']] },
    {
      ...at,
      id: 'switch',
      type: 'switch',
      property: 'payload.type',
      propertyType: 'msg',
      rules: types.map((type) => ({ t: 'eq', v: type, vt: 'str' })),
      checkall: 'false',
      outputs: types.length,
      wires: types.map((type) => (type === EVENT_TYPE ? ['send'] : [])),
    },
    {
      ...at,
      id: 'send',
      type: 'http request',
      method: 'POST',
      ret: 'txt',
      paytoqs: 'ignore',
      url: sinkUrl,
      persist: true,
      wires: [['answer']],
    },
    { ...at, id: 'answer', type: 'http response', statusCode: '', headers: {}, wires: [] },
  ]);
};

export const nodeRed: Peer = {
  name: 'node-red',
  title: 'Node-RED',
  promise: 'delivered',
  count: 4000,
  missing: () => (inNpmFolder('node-red/red.js') === undefined ? 'node-red' : undefined),
  files: (setup) => ({ 'settings.js': settings(setup), 'flows.json': flow(setup) }),
  commands: ({ folder }) => [
    { command: node(), arguments: [inNpmFolder('node-red/red.js')!, '-s', `${folder}/settings.js`] },
  ],
  request: (number) => ({ path: '/in', body: eventText(number) }),
};
