import { EVENT_TYPE, eventText } from '../tools/events.ts';
import { onPath } from './installed.ts';
import type { Peer, PeerSetup } from './peer.ts';

const hooks = ({ sinkUrl }: PeerSetup): string => {
  const curlArguments = ['-s', '-o', '/dev/null', '-H', 'Content-Type: application/json', sinkUrl, '--data-binary'];
  const types = [...Array.from({ length: 9 }, (_, index) => `type.t${index}`), EVENT_TYPE];
  return JSON.stringify(
    types.map((type) => ({
      id: type,
      'execute-command': onPath('curl'),
      'pass-arguments-to-command': [
        ...curlArguments.map((name) => ({ source: 'string', name })),
        { source: 'entire-payload' },
      ],
      'trigger-rule': { match: { type: 'value', value: type, parameter: { source: 'payload', name: 'type' } } },
    })),
  );
};

/** Starts a process for each event: this is its intended use. */
export const webhook: Peer = {
  name: 'webhook',
  title: 'adnanh/webhook with curl',
  promise: 'a process was started',
  count: 500,
  missing: () => ['webhook', 'curl'].find((name) => onPath(name) === undefined),
  files: (setup) => ({ 'hooks.json': hooks(setup) }),
  commands: ({ folder, port }) => [
    {
      command: onPath('webhook')!,
      arguments: ['-hooks', `${folder}/hooks.json`, '-ip', '127.0.0.1', '-port', String(port)],
    },
  ],
  request: (number) => ({ path: `/hooks/${EVENT_TYPE}`, body: eventText(number) }),
};
