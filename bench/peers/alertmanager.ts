import { EVENT_TYPE, eventId } from '../tools/events.ts';
import { onPath } from './installed.ts';
import type { Peer, PeerSetup } from './peer.ts';

const program = (): string | undefined => onPath('prometheus-alertmanager', 'alertmanager');

/** Each alert is a separate group, which is sent at once. A short group interval would only wake all groups for nothing. */
const configuration = ({ sinkUrl }: PeerSetup): string => `route:
  receiver: none
  group_by: ['...']
  group_wait: 0s
  group_interval: 5m
  routes:
${Array.from({ length: 9 }, (_, index) => `    - { matchers: ['type="type.t${index}"'], receiver: none }\n`).join('')}    - { matchers: ['type="${EVENT_TYPE}"'], receiver: sink }
receivers:
  - name: none
  - name: sink
    webhook_configs: [{ url: '${sinkUrl}', send_resolved: false }]
`;

export const alertmanager: Peer = {
  name: 'alertmanager',
  title: 'Prometheus Alertmanager',
  promise: 'in memory',
  count: 8000,
  missing: () => (program() === undefined ? 'prometheus-alertmanager' : undefined),
  files: (setup) => ({ 'alertmanager.yml': configuration(setup) }),
  commands: ({ folder, port }) => [
    {
      command: program()!,
      arguments: [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
        '--log.level=error',
      ],
    },
  ],
  request: (number) => ({
    path: '/api/v2/alerts',
    body: JSON.stringify([
      {
        labels: { alertname: 'order', id: eventId(number), type: EVENT_TYPE },
        annotations: {
          order: `A-10${number % 997}`,
          customer: `customer-${number % 101}@example.test`,
          total: '129.5',
          priority: String(number % 5),
          note: 'Please call the host twice and leave the parcel with the neighbour on the left if nobody answers the door.',
        },
      },
    ]),
  }),
};
