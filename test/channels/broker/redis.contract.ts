import type { Socket } from 'node:net';
import { redis } from '../../../daemon/channels/broker/redis/redis.ts';
import { JSON_CASES } from '../../support/broker-channel.ts';
import { type BrokerOptions, type BrokerScript, openBrokerDestination } from '../../support/broker-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const PASSWORD = 'kx83jd02-redis';

/** Error of Redis, and the command that it answers. */
export interface RedisRefusal {
  readonly to: 'AUTH' | 'XADD' | 'PUBLISH';
  readonly error: string;
}

/** Commands in RESP that a chunk completes. */
export function commandsOf(text: string): { readonly commands: readonly string[][]; readonly rest: string } {
  const commands: string[][] = [];
  let at = 0;
  for (;;) {
    const head = /^\*(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (head === null) return { commands, rest: text.slice(at) };
    let next = at + head[0].length;
    const parts: string[] = [];
    for (let left = Number(head[1]); left > 0; left -= 1) {
      const size = /^\$(\d+)\r\n/.exec(text.slice(next, next + 16));
      if (size === null) return { commands, rest: text.slice(at) };
      const start = next + size[0].length;
      next = start + Number(size[1]) + 2;
      if (text.length < next) return { commands, rest: text.slice(at) };
      parts.push(Buffer.from(text.slice(start, next - 2), 'latin1').toString());
    }
    commands.push(parts);
    at = next;
  }
}

/** Redis with one stream and channels that have `subscribers`. */
export function converse(socket: Socket, script: BrokerScript<RedisRefusal>, subscribers = 1): void {
  const replies: Readonly<Record<string, string>> = {
    AUTH: '+OK',
    SELECT: '+OK',
    INFO: '$50\r\nrole:master\r\nconnected_slaves:0\r\ncluster_enabled:0',
    XADD: '$15\r\n1700000000000-0',
    PUBLISH: `:${subscribers}`,
  };
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const read = commandsOf(rest + chunk.toString('latin1'));
    ({ rest } = read);
    for (const command of read.commands) {
      const [name = ''] = command;
      const isMessage = name === 'XADD' || name === 'PUBLISH';
      if (isMessage) script.took(command.at(-1)!);
      const { answer } = script;
      if (answer.kind === 'hang' && isMessage) continue;
      const isRefused = answer.kind === 'refusal' && answer.refusal.to === name;
      socket.write(isRefused ? `-${answer.refusal.error}\r\n` : `${replies[name] ?? '-ERR unknown command'}\r\n`);
    }
  });
}

export const options: BrokerOptions<RedisRefusal> = {
  settings: (address) => ({ url: `redis://belfry:${PASSWORD}@${address}/2`, stream: 'alerts' }),
  converse,
  serverError: { to: 'XADD', error: "OOM command not allowed when used memory > 'maxmemory'." },
};

const at = (to: RedisRefusal['to'], error: string): RedisRefusal => ({ to, error });

export const contract: ChannelContract<RedisRefusal> = {
  type: redis,
  secrets: [PASSWORD],
  openDestination: () => openBrokerDestination(options),
  refusals: [
    {
      when: 'the user or the password is wrong',
      answer: at('AUTH', 'WRONGPASS invalid username-password pair or user is disabled.'),
      class: 'permanent',
      code: 'redis.WRONGPASS',
      misconfigured: true,
      mend: 'correct the login in `url`',
    },
    {
      when: 'the server wants a login',
      answer: at('XADD', 'NOAUTH Authentication required.'),
      class: 'permanent',
      code: 'redis.NOAUTH',
      misconfigured: true,
      mend: 'write the login into `url`',
    },
    {
      when: 'the password is wrong (Redis before version 6)',
      answer: at('AUTH', 'ERR invalid password'),
      class: 'permanent',
      code: 'redis.PASSWORD',
      misconfigured: true,
      mend: 'correct the password in `url`',
    },
    {
      when: '`url` has a user, and the server is older than version 6',
      answer: at('AUTH', "ERR wrong number of arguments for 'auth' command"),
      class: 'permanent',
      code: 'redis.USER',
      misconfigured: true,
      mend: 'write `redis://:password@host`, without a user',
    },
    {
      when: 'the server has no password',
      answer: at('AUTH', 'ERR AUTH <password> called without any password configured for the default user.'),
      class: 'permanent',
      code: 'redis.AUTH',
      misconfigured: true,
      mend: 'remove the login from `url`, or set a password on the server',
    },
    {
      when: 'the user may not run the command or write to the key',
      answer: at('XADD', 'NOPERM User belfry has no permissions to access one of the keys used as arguments'),
      class: 'permanent',
      code: 'redis.NOPERM',
      misconfigured: true,
      mend: 'allow it by `ACL SETUSER`',
    },
    {
      when: 'the key holds another type',
      answer: at('XADD', 'WRONGTYPE Operation against a key holding the wrong kind of value'),
      class: 'permanent',
      code: 'redis.WRONGTYPE',
      misconfigured: true,
      mend: 'name another key as `stream`',
    },
    {
      when: 'the key belongs to another node of a cluster',
      answer: at('XADD', 'MOVED 3999 127.0.0.1:6381'),
      class: 'permanent',
      code: 'redis.MOVED',
      misconfigured: true,
      mend: 'name the node that has the key in `url`',
    },
    {
      when: 'the database does not exist',
      answer: at('AUTH', 'ERR DB index is out of range'),
      class: 'permanent',
      code: 'redis.DB',
      misconfigured: true,
      mend: 'correct the number at the end of `url`',
    },
    {
      when: 'the server is a replica at the moment',
      answer: at('XADD', "READONLY You can't write against a read only replica."),
      class: 'transient',
      code: 'redis.READONLY',
      mend: 'name the master in `url` if this lasts',
    },
    {
      when: 'the server is loading its data',
      answer: at('XADD', 'LOADING Redis is loading the dataset in memory'),
      class: 'transient',
      code: 'redis.LOADING',
      mend: 'nothing: Belfry tries again',
    },
    {
      when: 'the server cannot save to its disk',
      answer: at(
        'XADD',
        'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk.',
      ),
      class: 'transient',
      code: 'redis.MISCONF',
      mend: 'make room on the disk of the server',
    },
    {
      when: 'the server has too many clients',
      answer: at('AUTH', 'ERR max number of clients reached'),
      class: 'transient',
      code: 'redis.CLIENTS',
      mend: 'raise `maxclients` if this lasts',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'Redis has no rate limit' },
    serverError: { code: 'redis.OOM' },
    hang: { code: 'redis.no_answer' },
    ...JSON_CASES,
  },
};
