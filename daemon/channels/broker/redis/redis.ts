import { HOPS_HEADER, hopsAfter } from '../../../core/event/hops.ts';
import type { SettingProblem } from '../../../core/compile/registry.ts';
import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { strict, template } from '../../../core/schema/fields.ts';
import { type Static, Type } from '../../../core/schema/type.ts';
import type { SendIo } from '../../channel.ts';
import type { Connection, Opening } from '../../kit/broker/connection.ts';
import { jsonOf, type NameForm, renderName } from '../../kit/broker/content.ts';
import { defineBrokerChannel } from '../../kit/broker/define.ts';
import { type Refusal, refusalOf } from '../../kit/broker/refusals.ts';
import { command, type Reply, ReplyParser } from './resp.ts';
import { type Server, type ServerForm, serverOf, serverSettings } from '../../kit/broker/server.ts';
import { Wire } from '../../kit/broker/wire.ts';

const FORM: ServerForm = {
  schemes: { redis: { port: 6379, tls: false }, rediss: { port: 6379, tls: true } },
  login: 'password',
  path: 'any',
  query: {
    db: 'write the number of the database as the path: `redis://host/2`',
    password: 'write it before the host: `redis://:password@host`',
    protocol: 'remove it: nothing that is sent depends on the version of the protocol',
  },
  example: 'rediss://user:password@host:6379/0',
};

const settingsSchema = strict({
  ...serverSettings(
    'The server with its login and the number of the database: `redis://`, or `rediss://` for TLS.',
    'rediss://belfry:${env:REDIS_PASSWORD}@redis.example.com/0',
  ),
  stream: Type.Optional(
    template({ description: 'Key of a stream (`XADD`): readers find the message at any time.', examples: ['alerts'] }),
  ),
  channel: Type.Optional(
    template({
      description: 'Channel (`PUBLISH`): only who is subscribed at that moment gets the message.',
      examples: ['alerts.{{ key }}'],
    }),
  ),
  max_length: Type.Optional(
    Type.Integer({
      description: 'Approximate number of entries that the stream keeps (`MAXLEN ~`); without it all are kept.',
      examples: [10_000],
      minimum: 1,
    }),
  ),
});

type Settings = Static<typeof settingsSchema>;

const nameForm = (setting: 'stream' | 'channel'): NameForm => ({
  type: 'redis',
  setting,
  reserved: /[\s\p{Cc}\p{Cf}:{}]/gu,
  fault: (name) => (/[\p{Cc}]/u.test(name) ? 'has a control character' : undefined),
  example: 'alerts:{{ key }}',
  maxBytes: 1024,
});
const STREAM = nameForm('stream');
const CHANNEL = nameForm('channel');

/** First words of error replies. https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors, https://github.com/redis/redis/blob/unstable/src/server.c */
const REFUSALS: readonly Refusal[] = [
  { when: /^(?:WRONGPASS|NOAUTH)\b/, message: 'the user or the password is refused', misconfigured: true },
  // Redis before version 6, which knows no users and takes `AUTH` with the password only.
  { when: /^ERR invalid password/, code: 'PASSWORD', message: 'the password is refused', misconfigured: true },
  {
    when: /^ERR wrong number of arguments for 'auth'/,
    code: 'USER',
    message: 'the server knows no users: write `redis://:password@host`',
    misconfigured: true,
  },
  {
    when: /^ERR .*(?:without any password configured|no password is set)/,
    code: 'AUTH',
    message: 'the server has no password, and `url` has one',
    misconfigured: true,
  },
  { when: /^NOPERM\b/, message: 'the user may not write to this key or channel', misconfigured: true },
  { when: /^DENIED\b/, message: 'the server takes connections from its own machine only', misconfigured: true },
  { when: /^WRONGTYPE\b/, message: 'the key of `stream` holds something that is not a stream', misconfigured: true },
  { when: /^MOVED\b/, message: 'the key belongs to another node of the cluster: name that one', misconfigured: true },
  { when: /^ERR .*DB index/, code: 'DB', message: 'there is no database with this number', misconfigured: true },
  {
    when: /^ERR unknown command/,
    code: 'COMMAND',
    message: 'the server does not know the command',
    misconfigured: true,
  },
  {
    when: /^ERR max number of clients/,
    code: 'CLIENTS',
    message: 'the server has too many clients',
    class: 'transient',
  },
  {
    when: /^(?:LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ASK|UNKILLABLE)\b/,
    message: 'the server is not ready',
    class: 'transient',
  },
  { when: /^READONLY\b/, message: 'the server is a replica at the moment', class: 'transient' },
  { when: /^OOM\b/, message: 'the server has no memory left', class: 'transient' },
  { when: /^MISCONF\b/, message: 'the server cannot save to its disk', class: 'transient' },
  { when: /^NOREPLICAS\b/, message: 'the server has too few replicas', class: 'transient' },
];

/** Redis streams and channels. https://redis.io/docs/latest/commands/xadd/, https://redis.io/docs/latest/commands/publish/ */
export const redis = defineBrokerChannel({
  type: 'redis',
  summary: 'A stream or a channel of Redis, with the message as JSON',
  documentation: 'https://redis.io/docs/latest/develop/data-types/streams/',
  setup: [
    'Make a user that may do only this: `ACL SETUSER belfry on >PASSWORD ~alerts +xadd` (for a channel: `&alerts +publish`).',
    'Put its password into the environment, and the server with the user into `url`.',
    'Name the `stream` (messages wait for their readers) or the `channel` (only present subscribers get them).',
  ],
  example: { url: 'rediss://belfry:${env:REDIS_PASSWORD}@redis.example.com/0', stream: 'alerts', max_length: 10_000 },
  receipt: 'id of the entry; for a channel the number of subscribers that got the message',
  settings: settingsSchema,
  server: FORM,
  names: ({ stream, channel }) => [
    [stream, STREAM],
    [channel, CHANNEL],
  ],
  check,
  connect: openRedis,
});

function check(settings: Settings): SettingProblem[] {
  const { stream, channel, max_length: maxLength } = settings;
  const { path } = serverOf(settings, FORM);
  if (path !== undefined && !/^\d{1,9}$/.test(path))
    return [{ pointer: '/url', message: '`url` has a path that is no number of a database', mend: 'write `/0`' }];
  if ((stream === undefined) === (channel === undefined)) {
    const message =
      stream === undefined ? 'there is neither `stream` nor `channel`' : '`stream` and `channel` exclude each other';
    return [
      {
        pointer: '',
        message,
        mend: 'give `stream` for messages that wait for readers, or `channel` for those that do not',
      },
    ];
  }
  return maxLength !== undefined && stream === undefined
    ? [{ pointer: '/max_length', message: '`max_length` has no meaning for a channel', mend: 'remove it' }]
    : [];
}

async function openRedis(settings: Settings, opening: Opening): Promise<Connection> {
  const server = serverOf(settings, FORM);
  const socket = await opening.dial(server);
  const parser = new ReplyParser();
  const wire = new Wire<Reply>('redis', socket, (chunk) => {
    for (const reply of parser.read(chunk)) {
      if (wire.oldest !== undefined) wire.resolve(wire.oldest, reply);
      // An error that answers nothing is the reason why the server closes the connection.
      else if ('error' in reply) wire.fail(refusalOf('redis', reply.error, REFUSALS));
    }
  });
  const call = async (...parts: readonly (string | Buffer)[]): Promise<string | number | null> => {
    const answer = wire.answer(wire.next());
    if (!wire.isLost) socket.write(command(...parts));
    const reply = await answer;
    if ('error' in reply) throw refusalOf('redis', reply.error, REFUSALS);
    return reply.value;
  };
  await opening.within(socket, logIn(server, call));
  const canCount = settings.channel === undefined ? false : await opening.within(socket, hasAllSubscribers(call));
  wire.isReady = true;
  return {
    get isLost() {
      return wire.isLost;
    },
    send: (message, io) => (settings.stream === undefined ? publish(message, io) : add(message, io)),
    close: () => void socket.destroy(),
  };

  async function add(message: Message, { delivery }: SendIo): Promise<Receipt> {
    const key = renderName(settings.stream!, STREAM, message, delivery);
    const limit = settings.max_length === undefined ? [] : ['MAXLEN', '~', `${settings.max_length}`];
    const fields = ['id', delivery.id, HOPS_HEADER, `${hopsAfter(delivery)}`, 'message', jsonOf(message, delivery)];
    return { id: String(await call('XADD', key, ...limit, '*', ...fields)) };
  }

  async function publish(message: Message, { delivery }: SendIo): Promise<Receipt> {
    const name = renderName(settings.channel!, CHANNEL, message, delivery);
    const subscribers = await call('PUBLISH', name, jsonOf(message, delivery));
    if (subscribers === 0 && canCount)
      throw new SendFailure('transient', 'redis.no_subscriber', 'nobody is subscribed to the channel');
    return { answer: `subscribers: ${subscribers}` };
  }
}

type Call = (...parts: readonly string[]) => Promise<string | number | null>;

async function logIn({ user, password, path }: Server, call: Call): Promise<void> {
  if (password !== undefined) await call('AUTH', ...(user === undefined ? [] : [user]), password);
  if (path !== undefined && path !== '0') await call('SELECT', path);
}

/**
 * Whether the number that `PUBLISH` returns includes all subscribers: those at other nodes of a cluster and at replicas are not counted.
 * https://redis.io/docs/latest/commands/publish/
 */
async function hasAllSubscribers(call: Call): Promise<boolean> {
  try {
    const info = String(await call('INFO'));
    return /^cluster_enabled:0/m.test(info) && /^role:master/m.test(info) && /^connected_slaves:0/m.test(info);
  } catch (error) {
    // A user may be allowed to do nothing but publish.
    if (error instanceof SendFailure && error.class === 'permanent') return false;
    throw error;
  }
}
