import type { Duplex } from 'node:stream';
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser as makeParser } from 'mqtt-packet';
import { mqtt } from '../../../daemon/channels/broker/mqtt/mqtt.ts';
import { JSON_CASES } from '../../support/broker-channel.ts';
import { type BrokerOptions, type BrokerScript, openBrokerDestination } from '../../support/broker-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const PASSWORD = 'kx83jd02-mqtt';

/** Reason code, and the packet in whose answer it comes. */
export interface MqttRefusal {
  /** `disconnect`: the broker answers a message by ending the connection. */
  readonly to: 'connect' | 'publish' | 'disconnect';
  readonly code: number;
}

export interface MqttFake {
  /** Version of the protocol that the broker speaks. */
  readonly version?: 4 | 5;
  /** Properties of CONNACK. */
  readonly properties?: object;
  readonly onPacket?: (packet: Packet) => void;
}

/** MQTT broker. */
export const brokerOf =
  ({ version = 5, properties = {}, onPacket }: MqttFake = {}) =>
  (socket: Duplex, script: BrokerScript<MqttRefusal>): void => {
    let spoken: 4 | 5 = 5;
    const write = (packet: Packet): void => void socket.write(generate(packet, { protocolVersion: spoken }));
    const parser = makeParser();
    const codeFor = (to: MqttRefusal['to']): number =>
      script.answer.kind === 'refusal' && script.answer.refusal.to === to ? script.answer.refusal.code : 0;
    const steps: Partial<Record<Packet['cmd'], (packet: never) => void>> = {
      connect(packet: IConnectPacket) {
        spoken = packet.protocolVersion === 4 ? 4 : 5;
        const code = spoken > version ? 1 : codeFor('connect');
        if (spoken > version) spoken = 4;
        write({
          cmd: 'connack',
          sessionPresent: false,
          reasonCode: code,
          returnCode: code,
          ...(spoken === 5 && { properties }),
        });
      },
      publish({ payload, qos, messageId = 0 }: IPublishPacket) {
        script.took(String(payload));
        if (script.answer.kind === 'hang' || qos === 0) return;
        if (codeFor('disconnect') !== 0) return write({ cmd: 'disconnect', reasonCode: codeFor('disconnect') });
        write({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode: codeFor('publish') });
      },
      pubrel: ({ messageId = 0 }: Packet) => write({ cmd: 'pubcomp', messageId, reasonCode: 0 }),
      pingreq: () => write({ cmd: 'pingresp' }),
    };
    parser.on('packet', (packet) => {
      onPacket?.(packet);
      steps[packet.cmd]?.(packet as never);
    });
    parser.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => void parser.parse(chunk));
  };

export const options: BrokerOptions<MqttRefusal> = {
  settings: (address) => ({ url: `mqtt://${address}`, user: 'belfry', password: PASSWORD, topic: 'belfry/alerts' }),
  converse: brokerOf(),
  serverError: { to: 'publish', code: 131 },
};

/** Refusal by a reason code: `to`, code, cause, advice. */
const wrong = (to: MqttRefusal['to'], code: number, when: string, mend: string): DocumentedRefusal<MqttRefusal> => ({
  when,
  answer: { to, code },
  class: 'permanent',
  code: `mqtt.${code}`,
  misconfigured: true,
  mend,
});
const message = (...[to, code, when, mend]: Parameters<typeof wrong>): DocumentedRefusal<MqttRefusal> => ({
  when,
  answer: { to, code },
  class: 'permanent',
  code: `mqtt.${code}`,
  mend,
});
const passing = (...[to, code, when, mend]: Parameters<typeof wrong>): DocumentedRefusal<MqttRefusal> => ({
  when,
  answer: { to, code },
  class: 'transient',
  code: `mqtt.${code}`,
  mend,
});
const WAIT = 'nothing: Belfry tries again';

export const contract: ChannelContract<MqttRefusal> = {
  type: mqtt,
  secrets: [PASSWORD],
  openDestination: () => openBrokerDestination(options),
  refusals: [
    wrong('connect', 134, 'the user or the password is wrong', 'correct `user` and `password`'),
    wrong('connect', 135, 'the user may not connect', 'allow the user on the broker'),
    wrong('publish', 135, 'the user may not publish to the topic', 'allow the topic in the access list of the broker'),
    wrong('connect', 133, 'the broker refuses the client id', 'allow client ids that begin with `belfry-`'),
    wrong('connect', 138, 'the client is banned', 'remove the ban on the broker'),
    wrong('connect', 140, 'the broker wants another method of authentication', 'allow a user and a password'),
    wrong('disconnect', 154, 'the broker keeps no messages', 'remove `retain`'),
    wrong('disconnect', 155, 'the broker does not support the QoS', 'lower `qos`'),
    wrong('connect', 157, 'the broker has moved', 'write the new address into `url`'),
    message('publish', 144, 'the topic is not valid for the broker', 'correct `topic`'),
    message('disconnect', 149, 'the message is too large', 'raise the limit of the broker, or shorten the message'),
    message('publish', 153, 'the payload is not of the announced format', 'report it: the message is wrong'),
    passing('connect', 136, 'the broker is not available', WAIT),
    passing('connect', 137, 'the broker is busy', WAIT),
    passing('publish', 128, 'the broker gives no reason', WAIT),
    passing('disconnect', 150, 'too many messages were sent', 'lower `delivery.rate`'),
    passing('publish', 151, 'a quota is used up', 'raise the quota on the broker'),
    passing('connect', 159, 'too many connections were made', WAIT),
    {
      when: 'nobody is subscribed to the topic, and it is not retained',
      answer: { to: 'publish', code: 16 },
      class: 'transient',
      code: 'mqtt.no_subscriber',
      mend: 'subscribe, or set `retain: true`',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'MQTT does not say how long to wait' },
    serverError: { code: 'mqtt.131' },
    hang: { code: 'mqtt.no_answer' },
    ...JSON_CASES,
  },
};
