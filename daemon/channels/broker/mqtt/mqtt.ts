import type { Packet } from 'mqtt-packet';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Delivery, Receipt } from '../../../core/delivery/delivery.ts';
import { HOPS_HEADER, hopsAfter } from '../../../core/event/hops.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { secret, strict, template } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { SendIo } from '../../channel.ts';
import type { Connection, Opening } from '../../kit/broker/connection.ts';
import { JSON_TYPE, jsonOf, lifetimeOf, type NameForm, renderName } from '../../kit/broker/content.ts';
import { defineBrokerChannel } from '../../kit/broker/define.ts';
import { isOtherVersion, mqttFailure } from './codes.ts';
import { connect, keepAlive, type Session } from './session.ts';
import { type ServerForm, serverOf, serverSettings } from '../../kit/broker/server.ts';

const FORM: ServerForm = {
  schemes: {
    mqtt: { port: 1883, tls: false },
    mqtts: { port: 8883, tls: true },
    ws: { port: 80, tls: false },
    wss: { port: 443, tls: true },
  },
  login: 'any',
  path: 'any',
  query: 'any',
  example: 'mqtts://broker.example.com:8883',
};

const settingsSchema = strict({
  ...serverSettings(
    'The broker: `mqtt://`, `mqtts://` for TLS, or `ws://` and `wss://` with a path for WebSockets.',
    'mqtts://mqtt.example.com',
  ),
  user: Type.Optional(Type.String({ description: 'User of the login.', examples: ['belfry'] })),
  password: Type.Optional(secret({ description: 'Password of `user`.', examples: ['${env:MQTT_PASSWORD}'] })),
  topic: template({
    description:
      'Topic to publish to. In values of an event `/`, `+`, `#`, `$` and blanks become `_`, so that they add no level.',
    examples: ['belfry/{{ rule }}/{{ key }}'],
  }),
  qos: Type.Optional(
    Type.Unsafe<0 | 1 | 2>({
      type: 'integer',
      enum: [0, 1, 2],
      description: 'Quality of service. 1 and 2 are confirmed by the broker; 0 is not.',
      examples: [2],
      default: 1,
    }),
  ),
  retain: Type.Optional(
    Type.Boolean({
      description: 'The broker keeps the last message of the topic for later subscribers.',
      examples: [true],
      default: false,
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Names of topics. https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901241 */
const TOPIC: NameForm = {
  type: 'mqtt',
  setting: 'topic',
  reserved: /[\s\p{Cc}\p{Cf}/+#$]/gu,
  fault: (name) =>
    /[+#]/.test(name)
      ? 'has `+` or `#`, which are for subscribers only'
      : /\p{Cc}/u.test(name)
        ? 'has a control character'
        : undefined,
  example: 'belfry/alerts',
  maxBytes: 65_535,
};

/** MQTT 5, or 3.1.1 where the broker does not speak 5. https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html */
export const mqtt = defineBrokerChannel({
  type: 'mqtt',
  summary: 'A topic of an MQTT broker, with the message as JSON',
  documentation: 'https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html',
  setup: [
    'Make a user of the broker (Mosquitto: `mosquitto_passwd /etc/mosquitto/passwd belfry`) that may write to the topic.',
    'Put its password into the environment, and its name into `user`.',
  ],
  example: {
    url: 'mqtts://mqtt.example.com',
    user: 'belfry',
    password: '${env:MQTT_PASSWORD}',
    topic: 'belfry/{{ rule }}',
  },
  receipt: 'the confirmation of the broker; with `qos: 0` nothing confirms that it got the message',
  settings: settingsSchema,
  server: FORM,
  names: ({ topic }) => [[topic, TOPIC]],
  check,
  endpoint: ({ url }) => (/^wss?:/i.test(url.reveal()) ? { http: true } : {}),
  connect: (settings, opening, { clock }) => openMqtt(settings, opening, clock),
});

function check(settings: Settings): SettingProblem[] {
  const { scheme, target, user } = serverOf(settings, FORM);
  if (!scheme.startsWith('ws') && target !== '' && target !== '/')
    return [
      { pointer: '/url', message: '`url` has a path, which has no meaning here', mend: 'write the topic as `topic`' },
    ];
  if (user !== undefined && settings.user !== undefined)
    return [{ pointer: '/user', message: '`url` and `user` both name the user', mend: 'remove one of them' }];
  return settings.password !== undefined && settings.user === undefined
    ? [{ pointer: '/password', message: 'there is a `password` and no `user`', mend: 'set `user` too' }]
    : [];
}

async function openMqtt(settings: Settings, opening: Opening, clock: Clock): Promise<Connection> {
  const server = serverOf(settings, FORM);
  const session = await connect(settings, server, opening, 5).catch((error: unknown) => {
    if (error instanceof SendFailure && isOtherVersion(Number(error.code.slice('mqtt.'.length))))
      return connect(settings, server, opening, 4);
    throw error;
  });
  const { wire } = session;
  const stopPings = keepAlive(session, clock);
  return {
    get isLost() {
      return wire.isLost;
    },
    send: (message, io) => publish(session, settings, message, io),
    close() {
      stopPings();
      wire.close(() => session.write({ cmd: 'disconnect', reasonCode: 0 }));
    },
  };
}

/** MQTT 5, 4.9: packet ids have 16 bits. */
const MAX_PACKET_ID = 65_535;
const NO_SUBSCRIBER = 16;

async function publish(session: Session, settings: Settings, message: Message, io: SendIo): Promise<Receipt> {
  const { wire, write, version } = session;
  const { delivery } = io;
  const { qos = 1, retain = false } = settings;
  const topic = renderName(settings.topic, TOPIC, message, delivery);
  const payload = jsonOf(message, delivery);
  if (payload.length + topic.length + HEAD_BYTES > session.maxBytes)
    throw new SendFailure('permanent', 'mqtt.149', 'the message is larger than the broker accepts');
  const messageId = wire.next(MAX_PACKET_ID);
  const confirmed = qos === 0 ? undefined : wire.answer(messageId);
  if (!wire.isLost)
    write({
      cmd: 'publish',
      topic,
      payload,
      qos,
      retain,
      dup: false,
      messageId,
      ...(version === 5 && { properties: propertiesOf(message, delivery) }),
    });
  if (confirmed === undefined) return { answer: 'sent with QoS 0, which the broker does not confirm' };
  const first = await confirmed;
  refuse(first, retain);
  if (qos === 1) return { answer: 'PUBACK' };
  const completed = wire.answer(messageId);
  write({ cmd: 'pubrel', messageId, reasonCode: 0 });
  await completed;
  return { answer: 'PUBCOMP' };
}

/** Bytes of a PUBLISH packet besides topic and payload: its header, and properties with an id. */
const HEAD_BYTES = 256;

function propertiesOf(message: Message, delivery: Delivery) {
  const lifetime = lifetimeOf(message);
  return {
    payloadFormatIndicator: true,
    contentType: JSON_TYPE,
    userProperties: { id: delivery.id, [HOPS_HEADER]: String(hopsAfter(delivery)) },
    ...(lifetime !== undefined && { messageExpiryInterval: Math.ceil(lifetime / 1000) }),
  };
}

function refuse(packet: Packet, retain: boolean): void {
  const { reasonCode = 0, properties } = packet as Extract<Packet, { cmd: 'puback' }>;
  if (reasonCode >= 128) throw mqttFailure(reasonCode, properties?.reasonString);
  if (reasonCode === NO_SUBSCRIBER && !retain)
    throw new SendFailure(
      'transient',
      'mqtt.no_subscriber',
      'nobody is subscribed to the topic, so that the message would be lost',
    );
}
