import { isIP } from 'node:net';
import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Receipt } from '../../../core/delivery/delivery.ts';
import { HOPS_HEADER, hopsAfter } from '../../../core/event/hops.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { strict, template } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import type { SendIo } from '../../channel.ts';
import { type Connection, OPEN_TIMEOUT_MS, type Opening, tlsOptions } from '../../kit/broker/connection.ts';
import { JSON_TYPE, jsonOf, lifetimeOf, type NameForm, renderName } from '../../kit/broker/content.ts';
import { defineBrokerChannel } from '../../kit/broker/define.ts';
import { type Server, type ServerForm, serverOf, serverSettings } from '../../kit/broker/server.ts';
import { networkFailure } from '../../kit/net/network-failures.ts';
import { closedFailure, openFailure, replyFailure } from './codes.ts';

const FORM: ServerForm = {
  schemes: { amqp: { port: 5672, tls: false }, amqps: { port: 5671, tls: true } },
  login: 'any',
  path: 'any',
  query: {
    heartbeat: 'remove it: the interval of the server is used',
    connection_timeout: 'set it beside the `url`: `delivery: { timeout: 30s }`',
    cacertfile: 'set it beside the `url`: `ca: ${file:/etc/belfry/ca.pem}`',
  },
  example: 'amqps://user:password@host:5671/vhost',
};

const settingsSchema = strict({
  ...serverSettings(
    'The broker with its login and its virtual host: `amqp://`, or `amqps://` for TLS. A `/` in the name of the host is `%2F`.',
    'amqps://belfry:${env:AMQP_PASSWORD}@rabbitmq.example.com/ops',
  ),
  exchange: Type.Optional(
    Type.String({
      description: 'Name of an exchange that exists; without it `routing_key` is the name of a queue.',
      examples: ['alerts'],
      maxLength: 127,
      default: '',
    }),
  ),
  routing_key: Type.Optional(
    template({
      description: 'Routing key. In values of an event `.`, `*`, `#` and blanks become `_`.',
      examples: ['alert.{{ rule }}'],
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

/** Routing keys. https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, 3.1.3.3 */
const ROUTING_KEY: NameForm = {
  type: 'amqp',
  setting: 'routing_key',
  reserved: /[\s\p{Cc}\p{Cf}.*#]/gu,
  fault: (name) => (/\p{Cc}/u.test(name) ? 'has a control character' : undefined),
  example: 'alert.{{ rule }}',
  maxBytes: 255,
};

/** AMQP 0-9-1, as of RabbitMQ. https://www.rabbitmq.com/docs/publishers */
export const amqp = defineBrokerChannel({
  type: 'amqp',
  summary: 'An exchange or a queue of RabbitMQ, or of another AMQP 0-9-1 broker, with the message as JSON',
  documentation: 'https://www.rabbitmq.com/docs/publishers',
  setup: [
    'Declare the exchange and a queue that is bound to it; Belfry declares nothing.',
    'Make a user that may write to the exchange: `rabbitmqctl set_permissions -p ops belfry "" "^alerts$" ""`.',
    'Put its password into the environment, and the broker with the user and the virtual host into `url`.',
  ],
  example: {
    url: 'amqps://belfry:${env:AMQP_PASSWORD}@rabbitmq.example.com/ops',
    exchange: 'alerts',
    routing_key: 'alert.{{ rule }}',
  },
  receipt: 'the confirmation of the broker that the message is in at least one queue',
  settings: settingsSchema,
  server: FORM,
  names: ({ routing_key }) => [[routing_key, ROUTING_KEY]],
  check,
  connect: openAmqp,
});

function check(settings: Settings): SettingProblem[] {
  if (serverOf(settings, FORM).path?.includes('/') === true && !/%2f/i.test(settings.url.reveal()))
    return [
      {
        pointer: '/url',
        message: '`url` has more than one part in its path',
        mend: 'write `%2F` for a `/` in the name of the virtual host',
      },
    ];
  return (settings.exchange ?? '') === '' && settings.routing_key === undefined
    ? [
        {
          pointer: '',
          message: 'there is neither `exchange` nor `routing_key`',
          mend: 'give `exchange`, or the name of a queue as `routing_key`',
        },
      ]
    : [];
}

/** Publications that the broker has not confirmed. All fail with the channel, whose errors concern no single one. */
class Unconfirmed {
  readonly #waiting = new Map<string, { resolve(): void; reject(failure: Error): void }>();

  add(id: string): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  confirm(id: string): void {
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  reject(id: string, failure: SendFailure): void {
    this.#waiting.get(id)?.reject(failure);
    this.#waiting.delete(id);
  }

  fail(failure: SendFailure): void {
    for (const id of this.#waiting.keys()) this.reject(id, failure);
  }
}

async function openAmqp(settings: Settings, opening: Opening): Promise<Connection> {
  const model = await dial(serverOf(settings, FORM), opening);
  const unconfirmed = new Unconfirmed();
  let lost: SendFailure | undefined;
  let isBlocked = false;
  const lose = (failure: SendFailure): void => {
    lost ??= failure;
    unconfirmed.fail(lost);
  };
  model.on('error', (error) => lose(closedFailure(error, true)));
  model.on('close', (error) => lose(closedFailure(error, true)));
  model.on('blocked', () => (isBlocked = true));
  model.on('unblocked', () => (isBlocked = false));
  const channel = await model.createConfirmChannel().catch((error: unknown) => {
    throw lost ?? openFailure(error);
  });
  channel.on('error', (error) => lose(closedFailure(error, true)));
  // A connection closes its channels before itself; the event of the connection, which follows at once, has the cause.
  channel.on('close', () => queueMicrotask(() => lose(closedFailure(undefined, true))));
  // The return of a message comes before its confirmation.
  channel.on('return', ({ fields, properties }) => {
    const { replyCode, replyText } = fields as unknown as { replyCode: number; replyText: string };
    unconfirmed.reject(String(properties.messageId), replyFailure(replyCode, replyText, false));
  });
  return {
    get isLost() {
      return lost !== undefined;
    },
    async send(message, io) {
      if (isBlocked)
        throw new SendFailure('transient', 'amqp.blocked', 'the broker is low on memory or disk and takes no messages');
      return await publish(channel, unconfirmed, settings, message, io);
    },
    close: () => model.close(),
  };
}

async function dial(server: Server, { net }: Opening): Promise<ChannelModel> {
  const { connect } = await import('amqplib');
  const { scheme, host, port, user, password, path } = server;
  const refusal = isIP(host) === 0 ? undefined : net.refusalOf(host);
  if (refusal !== undefined) throw refusal;
  const login = user === undefined ? {} : { username: user, password: password ?? '' };
  try {
    return await connect(
      { protocol: scheme, hostname: host, port, vhost: encodeURIComponent(path ?? '/'), ...login },
      {
        ...tlsOptions(server),
        lookup: net.lookup,
        timeout: OPEN_TIMEOUT_MS,
        noDelay: true,
        keepAlive: true,
        clientProperties: { product: 'Belfry', connection_name: 'belfry' },
      },
    );
  } catch (error) {
    throw openFailure(error);
  }
}

/** Message priorities, of which queues without `x-max-priority` take no notice. https://www.rabbitmq.com/docs/priority */
const PRIORITIES = { min: 1, low: 2, normal: 4, high: 7, urgent: 9 } as const;

async function publish(
  channel: ConfirmChannel,
  unconfirmed: Unconfirmed,
  settings: Settings,
  message: Message,
  { delivery }: SendIo,
): Promise<Receipt> {
  const { exchange = '', routing_key: setting } = settings;
  const key = setting === undefined ? '' : renderName(setting, ROUTING_KEY, message, delivery);
  const lifetime = lifetimeOf(message);
  const options: Options.Publish = {
    // Otherwise the broker drops a message that no queue gets.
    mandatory: true,
    persistent: true,
    messageId: delivery.id,
    timestamp: Math.floor(delivery.createdAt / 1000),
    type: delivery.status,
    appId: 'belfry',
    headers: { [HOPS_HEADER]: hopsAfter(delivery) },
    contentType: JSON_TYPE,
    contentEncoding: 'utf-8',
    priority: PRIORITIES[message.priority],
    ...(lifetime !== undefined && { expiration: lifetime }),
  };
  const confirmed = unconfirmed.add(delivery.id);
  try {
    channel.publish(exchange, key, jsonOf(message, delivery), options, (error: Error | null) => {
      // The cause of a closed channel comes as an event.
      if (error === null) unconfirmed.confirm(delivery.id);
      else if (/nack/i.test(error.message))
        unconfirmed.reject(
          delivery.id,
          new SendFailure('transient', 'amqp.nack', 'the broker could not store the message'),
        );
    });
  } catch (error) {
    unconfirmed.reject(delivery.id, networkFailure(error, false));
  }
  await confirmed;
  return { id: delivery.id, answer: 'confirmed' };
}
