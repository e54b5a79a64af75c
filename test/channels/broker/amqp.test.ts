import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amqp } from '../../../daemon/channels/broker/amqp/amqp.ts';
import { openDialer } from '../../../daemon/channels/kit/net/dialer.ts';
import { compileEgress } from '../../../daemon/core/values/egress.ts';
import { authority, key, valid } from '../../support/certificates.ts';
import { useChannel } from '../../support/broker-channel.ts';
import { openBrokerDestination } from '../../support/broker-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery } from '../../support/delivery.ts';
import { freePort, programPath, type ProgramServer, startProgram } from '../../support/program-server.ts';
import { type AmqpFake, brokerOf, options } from './amqp.contract.ts';

const channel = useChannel(amqp);
const fake = async (given: AmqpFake = {}) =>
  channel.own(await openBrokerDestination({ ...options, converse: brokerOf(given) }));

test('one connection is used for many messages, and opened again after it was cut or a channel was closed', async () => {
  const broker = await fake();
  const opened = channel.open(broker.settings as object);
  await opened.send();
  await opened.send({}, { delivery: sampleDelivery({ id: 'other' }) });
  expect(broker.connections).toBe(1);
  broker.cut();
  await expect.poll(() => opened.send().then(() => broker.connections)).toBe(2);
  broker.answerWith({ kind: 'refusal', refusal: { to: 'channel', code: 404 } });
  expect(await opened.failure()).toMatchObject({ code: 'amqp.404' });
  broker.answerWith({ kind: 'success' });
  await opened.send();
  expect(broker.connections).toBe(3);
});

test('a connection that breaks before the confirmation leaves the outcome unknown', async () => {
  const broker = await fake();
  broker.answerWith({ kind: 'hang' });
  const failure = channel.open(broker.settings as object).failure();
  await broker.arrived!(1);
  broker.cut();
  expect(await failure).toMatchObject({ class: 'unknown', code: 'net.reset' });
});

test('a broker that is low on memory or disk gets no further message', async () => {
  const broker = await fake({ blocks: true });
  const opened = channel.open(broker.settings as object);
  await opened.send();
  expect(await opened.failure()).toMatchObject({ class: 'transient', code: 'amqp.blocked' });
  expect(await broker.received()).toHaveLength(1);
});

test('an address that `daemon.egress` denies is not dialled', async () => {
  const broker = await fake();
  const net = openDialer({ egress: compileEgress({ denyPrivate: true, allow: [], deny: [] }) });
  const localhost = {
    ...(broker.settings as { url: string }),
    url: `amqp://localhost:${broker.address.split(':')[1]}`,
  };
  for (const settings of [broker.settings as object, localhost])
    expect(await channel.open(settings, { net }).failure()).toMatchObject({
      class: 'permanent',
      code: 'net.egress_denied',
    });
  expect(broker.connections).toBe(0);
});

test('a value of an event cannot add a word to a routing key', async () => {
  const keys: string[] = [];
  const broker = await fake({ onPublish: (exchange, routingKey) => keys.push(`${exchange} ${routingKey}`) });
  const opened = channel.open({ ...(broker.settings as object), routing_key: 'alert.{{ key }}' });
  await opened.send({}, { delivery: sampleDelivery({ key: 'a.b.# *' }) });
  expect(keys).toEqual(['alerts alert.a_b____']);
  const long = { delivery: sampleDelivery({ key: 'k'.repeat(300) }) };
  expect(await opened.failure({}, long)).toMatchObject({ class: 'permanent', code: 'amqp.routing_key' });
});

test.each([
  [{}, ': there is neither `exchange` nor `routing_key`'],
  [{ exchange: 'a', url: 'amqp://host/a/b' }, '/url: `url` has more than one part in its path'],
  [{ exchange: 'a', url: 'amqp://host?heartbeat=10' }, '/url: `url` has parameters (`?`), which have no meaning here'],
  [{ routing_key: 'k'.repeat(256) }, '/routing_key: `routing_key` is longer than 255 bytes'],
])('the settings %j have one problem', (settings, problem) => {
  expect(readSettings(amqp, { url: 'amqp://host', ...settings }).problems).toEqual([problem]);
});

const RABBITMQ = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const EPMD = programPath('epmd');

describe.skipIf(!existsSync(RABBITMQ) || EPMD === undefined)('a real broker (needs rabbitmq-server)', () => {
  let broker: ProgramServer;
  let tlsPort: number;
  let epmd: ReturnType<typeof spawn>;

  beforeAll(async () => {
    const [port, epmdPort, distribution] = [await freePort(), await freePort(), await freePort()];
    tlsPort = await freePort();
    // Otherwise the broker would leave one running.
    epmd = spawn(EPMD!, ['-port', `${epmdPort}`, '-address', '127.0.0.1'], { stdio: 'ignore' });
    broker = await startProgram({
      program: RABBITMQ,
      args: () => [],
      files: (folder) => ({
        'cert.pem': valid,
        'key.pem': key,
        'rabbitmq.conf': [
          `listeners.tcp.1 = 127.0.0.1:${port}`,
          `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
          `ssl_options.certfile = ${folder}/cert.pem`,
          `ssl_options.keyfile = ${folder}/key.pem`,
          'ssl_options.verify = verify_none',
          `load_definitions = ${folder}/definitions.json`,
        ].join('\n'),
        'definitions.json': JSON.stringify(DEFINITIONS),
      }),
      port,
      more: [tlsPort],
      env: (folder) => ({
        ERL_EPMD_PORT: `${epmdPort}`,
        RABBITMQ_NODENAME: `belfry-${port}@localhost`,
        RABBITMQ_DIST_PORT: `${distribution}`,
        RABBITMQ_MNESIA_BASE: path.join(folder, 'data'),
        RABBITMQ_LOG_BASE: path.join(folder, 'log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_PID_FILE: path.join(folder, 'pid'),
        RABBITMQ_CONFIG_FILE: path.join(folder, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, 'plugins'),
      }),
    });
  });
  afterAll(async () => {
    await broker?.stop();
    const ended = once(epmd, 'exit');
    epmd.kill();
    await ended;
  });

  const url = (login = 'belfry:open-sesame', vhost = 'ops') => `amqp://${login}@127.0.0.1:${broker.port}/${vhost}`;
  const settings = (more: object = {}) => ({
    url: url(),
    exchange: 'alerts',
    routing_key: 'alert.{{ rule }}',
    ...more,
  });

  test('has the message in its queue, with the properties that consumers look at', async () => {
    const receipt = await channel.open(settings()).send({ title: 'Zürich 🔥', priority: 'high', ttl: '1h' });
    expect(receipt).toEqual({ id: '019aaf2e-1c00-7000-8000-0123456789ab', answer: 'confirmed' });
    const model = await connect(url());
    const reader = await model.createChannel();
    const message = await reader.get('inbox', { noAck: true });
    await model.close();
    if (message === false) throw new Error('the queue is empty');
    expect(message.fields).toMatchObject({ exchange: 'alerts', routingKey: 'alert.failed-deploy' });
    expect(message.properties).toMatchObject({
      messageId: '019aaf2e-1c00-7000-8000-0123456789ab',
      contentType: 'application/json',
      deliveryMode: 2,
      priority: 7,
      expiration: '3600000',
      type: 'firing',
      appId: 'belfry',
      timestamp: Date.parse('2026-11-23T09:00:00Z') / 1000,
      headers: { 'belfry-hops': 1 },
    });
    expect(JSON.parse(String(message.content))).toMatchObject({ title: 'Zürich 🔥', rule: 'failed-deploy' });
  });

  test.each([
    ['a queue that does not exist', { exchange: '', routing_key: 'nobody' }, 'transient', 'amqp.312'],
    ['a queue that is full', { exchange: '', routing_key: 'full' }, 'transient', 'amqp.nack'],
    ['an exchange that does not exist', { exchange: 'missing' }, 'permanent', 'amqp.404'],
    ['a wrong password', { url: 'belfry:wrong' }, 'permanent', 'amqp.403'],
    ['a user who may not write', { url: 'narrow:open-sesame' }, 'permanent', 'amqp.403'],
    ['a virtual host that does not exist', { url: 'belfry:open-sesame', vhost: 'other' }, 'permanent', 'amqp.530'],
  ])(
    'refuses %s',
    async (_, {
      url: login,
      vhost,
      ...more
    }: { url?: string; vhost?: string; exchange?: string }, failureClass, code) => {
      const address = login === undefined ? {} : { url: url(login, vhost) };
      const failure = await channel.open(settings({ ...more, ...address })).failure();
      expect(failure).toMatchObject({ class: failureClass, code });
      expect(failure.detail.misconfigured ?? false).toBe(failureClass === 'permanent');
    },
  );

  test('takes messages over TLS, and its certificate is checked', async () => {
    const secure = `amqps://belfry:open-sesame@127.0.0.1:${tlsPort}/ops`;
    expect(await channel.open(settings({ url: secure, ca: authority })).send()).toMatchObject({ answer: 'confirmed' });
    expect(await channel.open(settings({ url: secure })).failure()).toMatchObject({ code: 'tls.untrusted' });
  });
});

const inVhost = { vhost: 'ops', durable: true, auto_delete: false };

/** Users, exchanges and queues of the broker. https://www.rabbitmq.com/docs/definitions */
const DEFINITIONS = {
  vhosts: [{ name: 'ops' }],
  users: ['belfry', 'narrow'].map((name) => ({ name, password: 'open-sesame', tags: '' })),
  permissions: [
    { user: 'belfry', vhost: 'ops', configure: '', write: '.*', read: '.*' },
    { user: 'narrow', vhost: 'ops', configure: '', write: '^none$', read: '' },
  ],
  exchanges: [{ ...inVhost, name: 'alerts', type: 'topic', internal: false, arguments: {} }],
  queues: [
    { ...inVhost, name: 'inbox', arguments: {} },
    { ...inVhost, name: 'full', arguments: { 'x-max-length': 0, 'x-overflow': 'reject-publish' } },
  ],
  bindings: [
    {
      vhost: 'ops',
      source: 'alerts',
      destination: 'inbox',
      destination_type: 'queue',
      routing_key: 'alert.#',
      arguments: {},
    },
  ],
};
