import { duration, oneOrMany, path, proxy, rate, secret, size, strict } from '../fields.ts';
import { type Static, Type } from '../type.ts';
import { instanceName, storeSchema } from './store.ts';

const token = strict(
  {
    name: Type.String({
      description: 'Name of its owner; logs show it in place of the token.',
      examples: ['ci'],
      minLength: 1,
      maxLength: 100,
    }),
    token: Type.Optional(secret({ description: 'The token itself.', examples: ['${env:BELFRY_CI_TOKEN}'] })),
    token_hash: Type.Optional(
      Type.String({
        description:
          'In place of `token`: `sha256:` and the SHA-256 of the token in hex, as `belfry token new` prints them, so that no file has the token.',
        examples: ['sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'],
        pattern: '^sha256:[0-9a-fA-F]{64}$',
      }),
    ),
    expires: Type.Optional(
      Type.String({
        description:
          'Its end: a date, which is the last day (UTC) on which it is valid, or a time with its offset. `check`, `status` and `doctor` warn 14 days before.',
        examples: ['2027-06-30', '2027-06-30T18:00:00+08:00'],
      }),
    ),
    scopes: Type.Array(
      Type.Unsafe<string>({
        anyOf: [
          { type: 'string', enum: ['emit', 'read', 'ack', 'admin', 'stream'] },
          { type: 'string', pattern: '^stream:.+$' },
        ],
        description: 'A right of the holder.',
        examples: ['emit'],
      }),
      { description: 'Rights of its owner.', examples: [['emit'], ['ack'], ['read', 'stream:alice']], minItems: 1 },
    ),
    rate: Type.Optional(
      rate({
        description:
          'Maximum number of requests with it in a time; further ones are refused (429). If not set, any number.',
        examples: ['20/1s', '1000/1m'],
      }),
    ),
  },
  { description: 'A token of the HTTP API.' },
);

const egressEntries = (doc: { description: string; examples: unknown[] }) =>
  oneOrMany(
    Type.String({
      description: 'An address, a network or a host name.',
      examples: ['10.20.0.0/16', 'relay.internal'],
    }),
    doc,
  );

const egress = strict(
  {
    deny_private: Type.Optional(
      Type.Boolean({
        description:
          'Denies addresses that are not public: those of private networks, of this machine, link-local ones (also 169.254.169.254, the metadata service of clouds), and reserved ones.',
        examples: [true],
        default: false,
      }),
    ),
    allow: Type.Optional(
      egressEntries({
        description: 'Exceptions from `deny_private` and `deny`.',
        examples: [['10.20.0.5', 'relay.internal']],
      }),
    ),
    deny: Type.Optional(
      egressEntries({
        description: 'Denied addresses. `[0.0.0.0/0, "::/0"]` denies all that `allow` does not name.',
        examples: [['192.0.2.0/24'], ['0.0.0.0/0', '::/0']],
      }),
    ),
  },
  {
    description:
      'Addresses to which channels may connect; the address that is dialled is checked. The most exact entry that fits decides: a name, then the smallest network; `deny` before `allow` if both are equal.',
  },
);

const heartbeat = strict(
  {
    url: secret({
      description:
        'Address that gets a GET request for each beat: a check of Healthchecks, a push monitor of Uptime Kuma, or `/beats/NAME` of another Belfry.',
      examples: ['${env:BELFRY_HEARTBEAT_URL}', 'https://hc-ping.com/3f1c7e0a-5b52-4d0a-9d67-2f6f1f0f6c11'],
    }),
    every: Type.Optional(
      duration({ description: 'Time between two beats, at least 1s.', examples: ['5m'], default: '1m' }),
    ),
  },
  {
    description:
      'Beats to an outside watcher that notices when this daemon no longer works. No beat is sent while it is not ready, its event loop is blocked or its store does not answer, so that the watcher reports it.',
  },
);

const choice = <T extends string>(words: readonly T[], doc: { description: string; examples: T[]; default: T }) =>
  Type.Unsafe<T>({ type: 'string', enum: [...words], ...doc });

/** Default of `listen`. */
export const DEFAULT_LISTEN = '127.0.0.1:8765';

/** `daemon:`, in one file at most. */
export const daemonSchema = strict(
  {
    listen: Type.Optional(
      Type.String({
        description: 'Address and port of the HTTP listener. A change needs a restart.',
        examples: ['127.0.0.1:9000', '0.0.0.0:8765', '[::1]:8765'],
        default: DEFAULT_LISTEN,
        pattern: String.raw`^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):\d{1,5}$`,
      }),
    ),
    socket: Type.Optional(
      path({
        description:
          'Path of the Unix socket; if not set, `belfry.sock` in `$RUNTIME_DIRECTORY` where a service manager gives one, else in the state directory. A change needs a restart.',
        examples: ['/run/belfry/belfry.sock'],
      }),
    ),
    socket_group: Type.Optional(
      Type.Unsafe<string | number>({
        anyOf: [
          { type: 'string', minLength: 1, maxLength: 100 },
          { type: 'integer', minimum: 0, maximum: 4_294_967_294 },
        ],
        description:
          'Group whose members may use the Unix socket, by name or number; the daemon must be a member. Anyone who can open the socket may do everything. A change needs a restart.',
        examples: ['operators', 1001],
      }),
    ),
    state: Type.Optional(
      path({
        description: 'The state directory: the store, the dead letters, the token. A change needs a restart.',
        examples: ['/var/lib/belfry'],
      }),
    ),
    store: Type.Optional(storeSchema),
    instance: Type.Optional(
      instanceName({
        description:
          'Name of this daemon among the instances on one store; if not set, that of the host. It is shown, also if it comes from a reference. A change needs a restart.',
        examples: ['${env:HOSTNAME}', 'berlin-1'],
      }),
    ),
    tokens: Type.Optional(
      Type.Array(token, {
        description: 'Tokens of the HTTP API. If there is none, one is made at the first start.',
        examples: [[{ name: 'ci', token: '${env:BELFRY_CI_TOKEN}', scopes: ['emit'] }]],
        default: [],
      }),
    ),
    public_url: Type.Optional(
      Type.String({
        description:
          'Address of this daemon for others, to which links of messages lead: scheme, host and port, and the path below which a proxy publishes it.',
        examples: ['https://belfry.example.com'],
        pattern: '^https?://',
      }),
    ),
    origins: Type.Optional(
      oneOrMany(
        Type.String({
          description: 'Scheme, host, and the port if it is not the default port.',
          examples: ['https://app.example.com'],
        }),
        {
          description:
            'Origins of web applications. Their pages may import `/client.js`, open `/v1/stream` with a ticket, and acknowledge; pages of other origins may not.',
          examples: [['https://app.example.com', 'http://localhost:3000']],
        },
      ),
    ),
    console: Type.Optional(
      Type.Boolean({
        description:
          'Serve the web console. `false` turns off the page at `/` with its files, the logins of `belfry console`, and the sessions that they began; the API stays.',
        examples: [false],
        default: true,
      }),
    ),
    proxy: Type.Optional(
      proxy({
        description:
          'Proxy of all channels over HTTP that have no `proxy` of their own: its address (`http://`, `https://`, `socks5://` or `socks5h://`), `env` for HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or `none`.',
        examples: ['http://proxy.internal:3128', 'env'],
        default: 'none',
      }),
    ),
    egress: Type.Optional(egress),
    heartbeat: Type.Optional(heartbeat),
    plugins: Type.Optional(
      Type.Array(
        path({ description: 'Path of a module with channel types of your own.', examples: ['./my-channel.mjs'] }),
        {
          description:
            'Modules with [channel types of your own](plugins.md); each runs in a thread of its own. A change of a file reloads it.',
          examples: [['./my-channel.mjs']],
        },
      ),
    ),
    attach_from: Type.Optional(
      oneOrMany(path({ description: 'A folder.', examples: ['/srv/reports'] }), {
        description:
          'Folders below which files may be attached to messages. Without it no file is attached, whatever `attach` of a rule says.',
        examples: [['/srv/reports', '/var/log/builds']],
      }),
    ),
    log: Type.Optional(
      strict(
        {
          level: Type.Optional(
            choice(['debug', 'info', 'warn', 'error'], {
              description: 'Lowest level of the lines that are written.',
              examples: ['debug'],
              default: 'info',
            }),
          ),
          format: Type.Optional(
            choice(['auto', 'json', 'text'], {
              description: '`auto`: text on a terminal, JSON elsewhere.',
              examples: ['json'],
              default: 'auto',
            }),
          ),
        },
        { description: 'Level and format of the log.', default: {} },
      ),
    ),
    limits: Type.Optional(
      strict(
        {
          body: Type.Optional(
            size({
              description: 'Largest request body. A webhook source with `max_body` has its own limit.',
              examples: ['4MiB'],
              default: '1MiB',
            }),
          ),
          events_per_second: Type.Optional(
            Type.Number({
              description:
                'Maximum of events a second from outside; further ones are refused (429). If not set, there is no limit.',
              examples: [500],
              exclusiveMinimum: 0,
            }),
          ),
          connections_per_address: Type.Optional(
            Type.Integer({
              description:
                'Open connections that one address may have (of IPv6: one network of 64 bits); further ones are refused (429). Streams of users do not count, and the loopback has no limit. Raise it where a reverse proxy on another machine brings all requests.',
              examples: [1000],
              default: 64,
              minimum: 1,
              maximum: 65_535,
            }),
          ),
          queue: Type.Optional(
            size({
              description: 'Size of the pending deliveries and their events above which new events are refused (507).',
              examples: ['4GiB'],
              default: '1GiB',
            }),
          ),
        },
        { description: 'Limits beyond which requests and events are refused.', default: {} },
      ),
    ),
    retention: Type.Optional(
      strict(
        {
          events: Type.Optional(
            duration({
              description: 'Time for which the history is kept and duplicates are recognized.',
              examples: ['30d'],
              default: '7d',
            }),
          ),
          size: Type.Optional(
            size({ description: 'Maximum size of the history.', examples: ['10GiB'], default: '1GiB' }),
          ),
        },
        { description: 'Limits of the history; the first one that is reached counts.', default: {} },
      ),
    ),
    reload: Type.Optional(
      strict(
        {
          watch: Type.Optional(
            Type.Boolean({ description: 'Reload when a file is saved.', examples: [false], default: true }),
          ),
          require_tests: Type.Optional(
            Type.Boolean({
              description: 'Apply only rules whose tests pass.',
              examples: [true],
              default: false,
            }),
          ),
        },
        { description: 'Settings of the reload of edited rules.', default: {} },
      ),
    ),
  },
  { description: 'Settings of the daemon itself; in one file at most.' },
);

export type DaemonFileSettings = Static<typeof daemonSchema>;
