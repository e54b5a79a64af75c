import { once } from 'node:events';
import { connect } from 'node:net';
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser as makeParser } from 'mqtt-packet';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { mqtt } from '../../../daemon/channels/broker/mqtt/mqtt.ts';
import { authority, key, valid } from '../../support/certificates.ts';
import { useChannel } from '../../support/broker-channel.ts';
import { openBrokerDestination } from '../../support/broker-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery } from '../../support/delivery.ts';
import { freePort, programPath, type ProgramServer, startProgram } from '../../support/program-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { brokerOf, type MqttFake, options, PASSWORD } from './mqtt.contract.ts';

const channel = useChannel(mqtt);

/** Broker that keeps the packets of its clients. */
async function fake(given: MqttFake = {}) {
  const packets: Packet[] = [];
  const converse = brokerOf({ ...given, onPacket: (packet) => packets.push({ ...packet }) });
  const server = channel.own(await openBrokerDestination({ ...options, converse }));
  const open = (settings: object = {}, tools = {}) =>
    channel.open({ ...(server.settings as object), ...settings }, tools);
  const publications = () => packets.filter((packet): packet is IPublishPacket => packet.cmd === 'publish');
  return { server, packets, publications, open };
}

test('a message is published with its id, type and lifetime, and confirmed', async () => {
  const { packets, publications, open } = await fake();
  expect(await open().send({ ttl: '90s' })).toEqual({ answer: 'PUBACK' });
  expect(packets[0]).toMatchObject({
    protocolVersion: 5,
    clean: true,
    username: 'belfry',
    password: Buffer.from(PASSWORD),
  });
  expect(publications()).toMatchObject([
    {
      topic: 'belfry/alerts',
      qos: 1,
      retain: false,
      properties: {
        contentType: 'application/json',
        payloadFormatIndicator: true,
        messageExpiryInterval: 90,
        userProperties: { id: '019aaf2e-1c00-7000-8000-0123456789ab', 'belfry-hops': '1' },
      },
    },
  ]);
});

test.each([
  [0, 'sent with QoS 0, which the broker does not confirm', ['connect', 'publish']],
  [1, 'PUBACK', ['connect', 'publish']],
  [2, 'PUBCOMP', ['connect', 'publish', 'pubrel']],
])('with QoS %i the receipt is "%s"', async (qos, answer, commands) => {
  const { packets, open } = await fake();
  expect(await open({ qos, retain: true }).send()).toEqual({ answer });
  await expect.poll(() => packets.map(({ cmd }) => cmd)).toEqual(commands);
});

test('a broker that speaks only MQTT 3.1.1 gets messages without properties', async () => {
  const { packets, publications, open } = await fake({ version: 4 });
  await open().send();
  expect(
    packets.filter(({ cmd }) => cmd === 'connect').map((packet) => (packet as IConnectPacket).protocolVersion),
  ).toEqual([5, 4]);
  expect(publications()[0]!.properties).toBeUndefined();
});

test.each([
  [2, 133],
  [3, 136],
  [4, 134],
  [5, 135],
])('the return code %i of MQTT 3.1.1 means the reason %i', async (code, reason) => {
  const { server, open } = await fake({ version: 4 });
  const meaning = async (given: number) => {
    server.answerWith({ kind: 'refusal', refusal: { to: 'connect', code: given } });
    const { class: failureClass, message, detail } = await open().failure();
    return { failureClass, message, detail };
  };
  expect(await meaning(code)).toEqual(await meaning(reason));
});

test('a retained message without subscribers is delivered', async () => {
  const { server, open } = await fake();
  server.answerWith({ kind: 'refusal', refusal: { to: 'publish', code: 16 } });
  expect(await open({ retain: true }).send()).toEqual({ answer: 'PUBACK' });
});

test('a message that is larger than the broker announced is not sent', async () => {
  const { publications, open } = await fake({ properties: { maximumPacketSize: 2000 } });
  const opened = open();
  await opened.send();
  expect(await opened.failure({ body: 'x'.repeat(2000) })).toMatchObject({ class: 'permanent', code: 'mqtt.149' });
  expect(publications()).toHaveLength(1);
});

test('an idle connection is kept by pings, at the interval that the broker wants', async () => {
  const clock = new VirtualClock();
  const { packets, open } = await fake({ properties: { serverKeepAlive: 20 } });
  await open({}, { clock }).send();
  await clock.advance(10_000);
  await clock.advance(10_000);
  await expect.poll(() => packets.filter(({ cmd }) => cmd === 'pingreq')).toHaveLength(2);
});

test.each([
  ['with a reason fails with the reason', [0xe0, 0x01, 0x8e], { class: 'transient', code: 'mqtt.142' }],
  ['without a reason leaves the outcome unknown', [0xe0, 0x00], { class: 'unknown', code: 'net.reset' }],
  ['in a normal way leaves the outcome unknown', [0xe0, 0x01, 0x00], { class: 'unknown', code: 'net.reset' }],
] as const)('a message during which the broker disconnects %s', async (_, packet, failure) => {
  const server = channel.own(
    await openBrokerDestination({
      ...options,
      converse(socket, script) {
        brokerOf({
          onPacket({ cmd }) {
            if (cmd === 'publish') socket.end(Buffer.from(packet));
          },
        })(socket, { ...script, answer: { kind: 'hang' } });
      },
    }),
  );
  expect(await channel.open(server.settings as object).failure()).toMatchObject(failure);
});

test('a value of an event cannot add a level, a wildcard or a `$` to a topic', async () => {
  const { publications, open } = await fake();
  const key = '$SYS/a/+/#\u0000 b';
  await open({ topic: '{{ key }}/alerts' }).send({}, { delivery: sampleDelivery({ key }) });
  expect(publications()[0]!.topic).toBe('_SYS_a______b/alerts');
  const raw = open({ topic: '{{ key | raw }}' });
  expect(await raw.failure({}, { delivery: sampleDelivery({ key }) })).toMatchObject({
    class: 'permanent',
    code: 'mqtt.topic',
  });
});

test('messages go over WebSockets, with the path of the URL', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/mqtt', handleProtocols: () => 'mqtt' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const taken: string[] = [];
  server.on('connection', (socket) =>
    brokerOf()(createWebSocketStream(socket), { answer: { kind: 'success' }, took: (text) => void taken.push(text) }),
  );
  const { port } = server.address() as { port: number };
  const opened = channel.open({ url: `ws://127.0.0.1:${port}/mqtt`, topic: 'a' });
  expect(await opened.send()).toEqual({ answer: 'PUBACK' });
  expect(taken).toHaveLength(1);
  await opened.close();
  const wrong = channel.open({ url: `ws://127.0.0.1:${port}/other`, topic: 'a' });
  expect(await wrong.failure()).toMatchObject({
    class: 'permanent',
    code: 'http.400',
    detail: { misconfigured: true },
  });
});

test.each([
  [{ topic: 'a/+/b' }, '/topic: `topic` has `+` or `#`, which are for subscribers only'],
  [{ topic: 'a', url: 'mqtt://host/topic' }, '/url: `url` has a path, which has no meaning here'],
  [{ topic: 'a', password: 'secret-1' }, '/password: there is a `password` and no `user`'],
  [{ topic: 'a', url: 'mqtt://u:p@host', user: 'x' }, '/user: `url` and `user` both name the user'],
])('the settings %j have one problem', (settings, problem) => {
  expect(readSettings(mqtt, { url: 'mqtt://host', ...settings }).problems).toEqual([problem]);
});

const MOSQUITTO = programPath('mosquitto');
/** Hash of `open-sesame` by mosquitto_passwd. */
const HASH =
  '$7$101$QokwUzHxk4upTNK3$nWVkeA1UHXLM/b7G/iFW6V+U9y/CwA8SmcjSEEM+szEPNpfc4kP9Js9GLLfH2w5kS7L4Ik2EPbiHaWg/UHD1zA==';

describe.skipIf(MOSQUITTO === undefined)('a real broker (needs mosquitto)', () => {
  let broker: ProgramServer;
  let tlsPort: number;

  beforeAll(async () => {
    const port = await freePort();
    tlsPort = await freePort();
    broker = await startProgram({
      program: MOSQUITTO!,
      args: (folder) => ['-c', `${folder}/mosquitto.conf`],
      files: (folder) => ({
        'mosquitto.conf': [
          `listener ${port} 127.0.0.1`,
          `listener ${tlsPort} 127.0.0.1`,
          `certfile ${folder}/cert.pem`,
          `keyfile ${folder}/key.pem`,
          `password_file ${folder}/passwords`,
          `acl_file ${folder}/acl`,
          'allow_anonymous false',
          'user root',
        ].join('\n'),
        'cert.pem': valid,
        'key.pem': key,
        passwords: `belfry:${HASH}\n`,
        acl: 'user belfry\ntopic readwrite alerts/#\n',
      }),
      port,
      more: [tlsPort],
    });
  });
  afterAll(() => broker?.stop());

  const settings = (more: object = {}) => ({
    url: `mqtt://127.0.0.1:${broker.port}`,
    user: 'belfry',
    password: 'open-sesame',
    topic: 'alerts/disk',
    ...more,
  });

  /** Subscribes, and resolves once the broker has confirmed it. */
  async function subscribe(topic: string): Promise<readonly string[]> {
    const heard: string[] = [];
    const socket = connect(broker.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const write = (packet: Packet): void => void socket.write(generate(packet));
    const parser = makeParser();
    const ready = new Promise<void>((resolve) =>
      parser.on('packet', (packet) => {
        if (packet.cmd === 'connack') write({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
        else if (packet.cmd === 'suback') resolve();
        else if (packet.cmd === 'publish') heard.push(String(packet.payload));
      }),
    );
    socket.on('data', (chunk) => void parser.parse(chunk));
    const password = Buffer.from('open-sesame');
    write({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'reader',
      username: 'belfry',
      password,
    });
    await ready;
    return heard;
  }

  test('gives messages to its subscribers, and says when there are none', async () => {
    const opened = channel.open(settings());
    expect(await opened.failure()).toMatchObject({ class: 'transient', code: 'mqtt.no_subscriber' });
    const heard = await subscribe('alerts/#');
    expect(await opened.send({ title: 'Zürich 🔥' })).toEqual({ answer: 'PUBACK' });
    expect(await channel.open(settings({ qos: 2 })).send()).toEqual({ answer: 'PUBCOMP' });
    await expect.poll(() => heard).toHaveLength(2);
    expect(heard[0]).toContain('"title":"Zürich 🔥"');
  });

  test('refuses a wrong password, and a topic that the user may not write', async () => {
    const wrong = await channel.open(settings({ password: 'wrong' })).failure();
    expect(wrong).toMatchObject({ class: 'permanent', code: 'mqtt.135', detail: { misconfigured: true } });
    const denied = await channel.open(settings({ topic: 'other' })).failure();
    expect(denied).toMatchObject({ class: 'permanent', code: 'mqtt.135', detail: { misconfigured: true } });
  });

  test('takes retained messages over TLS', async () => {
    const secure = settings({ url: `mqtts://127.0.0.1:${tlsPort}`, ca: authority, retain: true, topic: 'alerts/kept' });
    expect(await channel.open(secure).send()).toEqual({ answer: 'PUBACK' });
    const untrusted = channel.open(settings({ url: `mqtts://127.0.0.1:${tlsPort}` }));
    expect(await untrusted.failure()).toMatchObject({ code: 'tls.untrusted', detail: { misconfigured: true } });
  });
});
