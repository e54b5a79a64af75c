import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Scenario } from '../support/scenario.ts';

/** Fault or action of a person that lasts a moment, while events come in. */
export interface Disturbance {
  readonly name: string;
  run(scenario: Scenario): Promise<void>;
}

const PEOPLE = 20;
const STOPPED_MS = 1500;
const HANG_MS = 500;

/** Address and port of the TCP listener. */
function listener(scenario: Scenario): readonly [string, number] {
  const [host = '', port = ''] = scenario.home.address.replace(/^.*\/\//, '').split(':');
  return [host, Number(port)];
}

/** Opens connections that send these bytes and close a moment later. */
async function halfRequests(scenario: Scenario, bytes: string): Promise<void> {
  const [host, port] = listener(scenario);
  await Promise.all(
    Array.from({ length: PEOPLE }, async () => {
      const socket = connect(port, host);
      socket.on('error', () => undefined);
      socket.write(bytes);
      await pause(HANG_MS);
      socket.destroy();
    }),
  );
}

/** Runs each disturbance once per cycle, in this order. */
export const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'rules that do not load, then good ones',
    async run(scenario) {
      await scenario.home.rules('rulez: []\n', 'broken.yaml');
      await scenario.home.call('POST', '/v1/reload');
      await scenario.home.rules('rules: []\n', 'broken.yaml');
      await scenario.home.call('POST', '/v1/reload');
    },
  },
  {
    name: 'clients that end in the middle of a request',
    run: (scenario) =>
      halfRequests(scenario, 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n{"type":'),
  },
  {
    name: 'clients that send half a header',
    run: (scenario) => halfRequests(scenario, 'GET /v1/status HTTP/1.1\r\nHost: loc'),
  },
  {
    name: 'wrong tokens and wrong bodies',
    async run(scenario) {
      const { home } = scenario;
      for (let one = 0; one < PEOPLE; one += 1) {
        await fetch(`http://${home.address}/v1/status`, { headers: { authorization: `Bearer wrong-${one}` } })
          .then((answer) => answer.arrayBuffer())
          .catch(() => undefined);
        await home.call('POST', '/v1/events', '[[[{"type":');
      }
    },
  },
  {
    name: 'followers of the feed that come and go',
    async run(scenario) {
      const url = `ws+unix://${scenario.home.path('state', 'belfry.sock')}:/v1/feed`;
      const sockets = Array.from({ length: PEOPLE }, () => new WebSocket(url));
      await Promise.allSettled(sockets.map((socket) => once(socket, 'open')));
      for (const socket of sockets) socket.on('error', () => undefined).terminate();
    },
  },
  {
    name: 'a user whose connection is lost',
    async run(scenario) {
      scenario.destinations.listen();
    },
  },
  {
    name: 'a stopped process that goes on',
    async run(scenario) {
      scenario.home.signal('SIGSTOP');
      await pause(STOPPED_MS);
      scenario.home.signal('SIGCONT');
    },
  },
  {
    name: 'a resend of all dead letters to an endpoint that refuses, then dropping them',
    async run(scenario) {
      const { home } = scenario;
      await home.call('POST', '/v1/dead/resend', { all: true });
      for (const { id } of await home.deadLetters()) await home.call('DELETE', `/v1/dead/${String(id)}`);
    },
  },
  {
    name: 'history, status and explanations',
    async run(scenario) {
      const { home } = scenario;
      for (const path of ['/v1/events?limit=500', '/v1/deliveries?limit=500', '/v1/status', '/v1/rules', '/metrics'])
        await home.call('GET', path);
      await home.call('POST', '/v1/explain', { event: { type: 'plain', subject: 'a' } });
    },
  },
  {
    name: 'a channel that is held and released, and one that is tested',
    async run(scenario) {
      const { home } = scenario;
      await home.call('POST', '/v1/channels/second/hold', { reason: 'soak' });
      await home.call('POST', '/v1/channels/second/release');
      await home.call('POST', '/v1/channels/hook/test');
    },
  },
];
