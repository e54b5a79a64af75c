import type { Socket } from 'node:net';
import { amqp } from '../../../daemon/channels/broker/amqp/amqp.ts';
import { JSON_CASES } from '../../support/broker-channel.ts';
import { type BrokerOptions, type BrokerScript, openBrokerDestination } from '../../support/broker-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const PASSWORD = 'kx83jd02-amqp';

/** Reply code of the broker: to a login or to the choice of a virtual host, when a message comes, or in place of a confirmation. */
export interface AmqpRefusal {
  readonly to: 'login' | 'vhost' | 'channel' | 'connection' | 'return' | 'nack';
  readonly code: number;
}

export interface AmqpFake {
  readonly onPublish?: (exchange: string, routingKey: string) => void;
  /** The broker says that it is blocked after the first message. */
  readonly blocks?: true;
}

const [METHOD, HEADER, BODY, FRAME_END] = [1, 2, 3, 0xce];
const short = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const long = (value: number): Buffer => Buffer.concat([short(value >>> 16), short(value & 0xffff)]);
const shortText = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const longText = (text: string): Buffer => Buffer.concat([long(text.length), Buffer.from(text)]);
const frame = (type: number, channel: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type]), short(channel), long(payload.length), payload, Buffer.from([FRAME_END])]);

/** Methods of the server, by class and number. https://www.rabbitmq.com/amqp-0-9-1-reference */
const method = (channel: number, name: string, ...parts: readonly Buffer[]): Buffer => {
  const [class_, number] = name.split('.').map(Number);
  return frame(METHOD, channel, Buffer.concat([short(class_!), short(number!), ...parts]));
};
const closing = (name: string, channel: number, code: number): Buffer =>
  method(channel, name, short(code), shortText('REASON - why'), short(0), short(0));
const START = method(0, '10.10', Buffer.from([0, 9]), long(0), longText('AMQPLAIN PLAIN'), longText('en_US'));
const TUNE = method(0, '10.30', short(10), long(131_072), short(0));

/** AMQP broker. */
export const brokerOf =
  ({ onPublish, blocks }: AmqpFake = {}) =>
  (socket: Socket, script: BrokerScript<AmqpRefusal>): void => {
    let data: Buffer = Buffer.alloc(0);
    let tag = 0;
    let size = 0;
    let header: Buffer = Buffer.alloc(0);
    let body: Buffer = Buffer.alloc(0);
    const refusalAt = (...steps: readonly AmqpRefusal['to'][]): AmqpRefusal | undefined =>
      script.answer.kind === 'refusal' && steps.includes(script.answer.refusal.to) ? script.answer.refusal : undefined;
    const write = (...frames: readonly Buffer[]): void => void socket.write(Buffer.concat(frames));
    const confirm = (): Buffer => method(1, '60.80', long(0), long(tag), Buffer.from([0]));
    const published = (): void => {
      tag += 1;
      script.took(body.toString());
      if (blocks === true && tag === 1) write(method(0, '10.60', shortText('low on memory')));
      const refusal = refusalAt('channel', 'connection', 'return', 'nack');
      if (script.answer.kind === 'hang') return;
      if (refusal === undefined) write(confirm());
      else if (refusal.to === 'nack') write(method(1, '60.120', long(0), long(tag), Buffer.from([0])));
      else if (refusal.to === 'channel') write(closing('20.40', 1, refusal.code));
      else if (refusal.to === 'connection') write(closing('10.50', 0, refusal.code));
      else {
        const names = [shortText('NO_ROUTE'), shortText(''), shortText('')];
        write(
          method(1, '60.50', short(refusal.code), ...names),
          frame(HEADER, 1, header),
          frame(BODY, 1, body),
          confirm(),
        );
      }
    };
    const steps: Readonly<Record<string, (payload: Buffer) => void>> = {
      '10.11': () => write(refusalAt('login') ? closing('10.50', 0, refusalAt('login')!.code) : TUNE),
      '10.40': () => write(refusalAt('vhost') ? closing('10.50', 0, 530) : method(0, '10.41', shortText(''))),
      '10.50': () => write(method(0, '10.51')),
      '20.10': () => write(method(1, '20.11', longText(''))),
      '85.10': () => write(method(1, '85.11')),
      '60.40'(payload) {
        const exchange = payload.toString('utf8', 7, 7 + payload[6]!);
        const key = payload.subarray(7 + payload[6]!);
        onPublish?.(exchange, key.toString('utf8', 1, 1 + key[0]!));
      },
    };
    const take = (type: number, payload: Buffer): void => {
      if (type === METHOD) steps[`${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`]?.(payload);
      else if (type === HEADER) {
        header = payload;
        size = payload.readUInt32BE(8);
        body = Buffer.alloc(0);
      } else if (type === BODY) {
        body = Buffer.concat([body, payload]);
        if (body.length >= size) published();
      }
    };
    socket.on('data', (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      if (data.toString('latin1', 0, 4) === 'AMQP') {
        data = data.subarray(8);
        write(START);
      }
      while (data.length >= 7 && data.length >= 8 + data.readUInt32BE(3)) {
        const length = data.readUInt32BE(3);
        const [type, payload] = [data[0]!, Buffer.from(data.subarray(7, 7 + length))];
        data = data.subarray(8 + length);
        take(type, payload);
      }
    });
  };

export const options: BrokerOptions<AmqpRefusal> = {
  settings: (address) => ({
    url: `amqp://belfry:${PASSWORD}@${address}/ops`,
    exchange: 'alerts',
    routing_key: 'alert',
  }),
  converse: brokerOf(),
  serverError: { to: 'nack', code: 0 },
};

const wrong = (to: AmqpRefusal['to'], code: number, when: string, mend: string): DocumentedRefusal<AmqpRefusal> => ({
  when,
  answer: { to, code },
  class: 'permanent',
  code: `amqp.${code}`,
  misconfigured: true,
  mend,
});
const passing = (...[to, code, when, mend]: Parameters<typeof wrong>): DocumentedRefusal<AmqpRefusal> => ({
  when,
  answer: { to, code },
  class: 'transient',
  code: `amqp.${code}`,
  mend,
});

export const contract: ChannelContract<AmqpRefusal> = {
  type: amqp,
  secrets: [PASSWORD],
  openDestination: () => openBrokerDestination(options),
  refusals: [
    wrong('login', 403, 'the user or the password is wrong', 'correct the login in `url`'),
    wrong('vhost', 530, 'the virtual host does not exist, or the user may not use it', 'correct the path of `url`'),
    wrong('channel', 403, 'the user may not write to the exchange', 'allow it by `rabbitmqctl set_permissions`'),
    wrong('channel', 404, 'there is no such exchange', 'correct `exchange`, or declare it'),
    passing('return', 312, 'no queue gets the message', 'bind a queue to the exchange with this routing key'),
    passing('connection', 320, 'an operator closes the connection', 'nothing: Belfry connects again'),
    passing('connection', 506, 'the broker has not enough resources', 'look at the alarms of the broker'),
    passing('connection', 541, 'the broker failed', 'look into its log'),
    {
      when: 'the message is larger than the broker accepts',
      answer: { to: 'channel', code: 311 },
      class: 'permanent',
      code: 'amqp.311',
      mend: 'raise `max_message_size` of the broker, or shorten the message',
    },
    {
      when: 'the broker could not store the message, for example because the queue is full',
      answer: { to: 'nack', code: 0 },
      class: 'transient',
      code: 'amqp.nack',
      mend: 'raise the limits of the queue, or let consumers empty it',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'AMQP does not say how long to wait' },
    serverError: { code: 'amqp.nack' },
    hang: { code: 'amqp.no_answer' },
    ...JSON_CASES,
  },
};
