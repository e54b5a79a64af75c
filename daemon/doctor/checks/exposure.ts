import { createServer } from 'node:net';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import { isObject, parseJson } from '../../core/values/json.ts';
import { expiryState } from '../../core/time/expiry.ts';
import { readHostAndPort } from '../../core/values/network.ts';
import type { DoctorCheck, Examined, ExaminedSecret, ExaminedSource } from '../check.ts';
import { sha256 } from '../../lib/sha256.ts';
import { httpGet } from '../network/http-get.ts';
import { channelsOf } from './rules.ts';

export const exposureChecks: readonly DoctorCheck[] = [
  {
    name: 'listen.port',
    group: 'exposure',
    about: 'Another program uses the address of `daemon.listen`, so that the daemon does not start.',
    mend: 'stop that program (find it with `ss -ltnp`), or set `daemon.listen` to another port',
    // A daemon that this user cannot reach uses the port, too.
    run: async ({ ruleset, running, daemons }) =>
      ruleset === undefined || running !== undefined || daemons.length > 0
        ? []
        : await portResults(ruleset.daemon.listen),
  },
  {
    name: 'listen.public',
    group: 'exposure',
    about: 'The HTTP listener is open to other machines without tokens of its own, or without TLS.',
    mend: 'set `listen: 127.0.0.1:8765` behind a reverse proxy with TLS, and give each client a token of its own in `daemon.tokens`',
    run: ({ ruleset }) => (ruleset === undefined ? [] : publicResults(ruleset)),
  },
  {
    name: 'tokens.expire',
    group: 'exposure',
    about: 'A token of the API has expired, or expires within 14 days.',
    mend: 'make another one by `belfry token new`, give it to its owner, and replace the old one in `daemon.tokens`',
    run: ({ ruleset }, { clock }) => (ruleset === undefined ? [] : expiryResults(ruleset, clock.now())),
  },
  {
    name: 'tokens.short',
    group: 'exposure',
    about: 'A token of the API is so short that it can be guessed.',
    mend: 'make one by `belfry token new`, and replace the short one in `daemon.tokens`',
    run: ({ ruleset, secrets }) => (ruleset === undefined ? [] : shortResults(ruleset, secrets)),
  },
  {
    name: 'public-url.answer',
    group: 'exposure',
    about: 'The address in `daemon.public_url` does not answer, or another program answers there.',
    mend: 'correct `daemon.public_url`, or the proxy and the DNS before the daemon',
    run: async ({ ruleset, running }, machine) => {
      const url = ruleset?.daemon.publicUrl;
      if (url === undefined || running === undefined) return [];
      const answer = await httpGet(`${url.replace(/\/+$/, '')}/openapi.json`, machine);
      if ('error' in answer) return [fail(`${url} does not answer from this machine (${answer.error})`)];
      return [
        isBelfry(answer.text)
          ? ok(`${url} leads to this program`)
          : fail(`${url} answers ${answer.status}, and it is not Belfry`),
      ];
    },
  },
  {
    name: 'hooks.verified',
    group: 'exposure',
    about: 'A webhook or heartbeat accepts requests of everybody, and can be reached from outside.',
    mend: 'set `verify` on the source, or a secret or `allow` where it takes one',
    run: ({ sources, ruleset }) => (ruleset === undefined ? [] : hookResults(sources, isExposed(ruleset))),
  },
  {
    name: 'hooks.command',
    group: 'exposure',
    about: 'An event of a source that accepts requests of everybody can run a program.',
    mend: 'set `verify` on the source, or name verified sources in `on:` of the rule',
    run: (examined) => commandResults(examined),
  },
];

function portResults(listen: string): Promise<readonly DoctorResult[]> {
  const read = readHostAndPort(listen, 0);
  if ('message' in read) return Promise.resolve([]);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      const causes: Readonly<Record<string, string>> = {
        EADDRINUSE: 'another program uses it',
        EACCES: 'ports below 1024 need a privilege (AmbientCapabilities=CAP_NET_BIND_SERVICE)',
        EADDRNOTAVAIL: 'this machine has no such address',
      };
      resolve([fail(`the daemon cannot listen on ${listen}: ${causes[code ?? ''] ?? code ?? 'unknown'}`)]);
    });
    server.listen(read.port, read.host, () => server.close(() => resolve([ok(`${listen} is free`)])));
  });
}

function isLoopback(listen: string): boolean {
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Whether other machines can send requests to the daemon. */
const isExposed = ({ daemon }: Ruleset): boolean => !isLoopback(daemon.listen) || daemon.publicUrl !== undefined;

function publicResults({ daemon }: Ruleset): readonly DoctorResult[] {
  const { listen, publicUrl, tokens } = daemon;
  if (isLoopback(listen) && publicUrl === undefined) return [ok(`${listen} is open to this machine only`)];
  const found = [
    ...(isLoopback(listen)
      ? []
      : [warn(`${listen} is open to other machines, and speaks no TLS: tokens can be read on the way`)]),
    ...(publicUrl?.startsWith('http:') === true
      ? [warn(`${publicUrl} has no TLS: tokens can be read on the way`)]
      : []),
    ...(tokens.length === 0
      ? [warn('other machines can send requests, and the only token is the one of scope admin')]
      : []),
  ];
  return found.length === 0 ? [ok('requests from outside need TLS and a token')] : found;
}

function expiryResults({ daemon }: Ruleset, now: number): readonly DoctorResult[] {
  const found = daemon.tokens.flatMap((token) => {
    const state = expiryState(token, now);
    if (state === 'valid') return [];
    const text = `the token ${token.name} ${state === 'expired' ? 'has expired' : 'expires within 14 days'}`;
    return [state === 'expired' ? fail(text) : warn(text)];
  });
  return found.length === 0 ? [ok('no token expires within 14 days')] : found;
}

/** Characters that a token must have so that nobody can guess it. */
const MIN_TOKEN_CHARS = 16;

function shortResults({ daemon }: Ruleset, secrets: readonly ExaminedSecret[]): readonly DoctorResult[] {
  const short = new Set(
    secrets.flatMap(({ value }) => (value !== undefined && value.length < MIN_TOKEN_CHARS ? [sha256(value)] : [])),
  );
  const found = daemon.tokens.filter(({ hash }) => short.has(hash));
  if (found.length === 0) return [ok('no token is short')];
  return found.map(({ name }) => warn(`the token ${name} has fewer than ${MIN_TOKEN_CHARS} characters`));
}

function isBelfry(text: string): boolean {
  try {
    const value = parseJson(text);
    return isObject(value) && isObject(value.info) && value.info.title === 'Belfry';
  } catch {
    return false;
  }
}

function hookResults(sources: readonly ExaminedSource[], exposed: boolean): readonly DoctorResult[] {
  const found = sources.flatMap(({ name, uses }) =>
    (uses.routes ?? [])
      .filter(({ verifies }) => !verifies)
      .map(({ path, limited }) => {
        const text = `the source ${name} does not verify who sends to ${path}`;
        if (!exposed) return ok(`${text}, and only this machine can`);
        return limited
          ? warn(`${text}; only its networks may send`)
          : fail(`${text}, and other machines can send there`);
      }),
  );
  const wrong = found.filter(({ level }) => level !== 'ok');
  return wrong.length > 0 ? wrong : [ok('no unverified source can be reached from outside')];
}

function commandResults({ ruleset, sources, channels }: Examined): readonly DoctorResult[] {
  if (ruleset === undefined) return [];
  const open = sources
    .filter(({ uses }) => uses.routes?.some(({ verifies }) => !verifies) === true)
    .map(({ name }) => name);
  const commands = new Set(channels.filter(({ uses }) => uses.runsProgram === true).map(({ name }) => name));
  const result = isExposed(ruleset) ? fail : warn;
  const found = ruleset.rules
    .filter(({ enabled }) => enabled)
    .flatMap((rule) => {
      const from = open.filter((name) => rule.on?.includes(name) ?? true);
      const to = reachedBy(rule, ruleset).find((name) => commands.has(name));
      return from.length === 0 || to === undefined
        ? []
        : [result(`the rule ${rule.name} runs the program of ${to} for requests of everybody to ${from.join(', ')}`)];
    });
  return found.length === 0 ? [ok('no unverified request runs a program')] : found;
}

/** Channels of a rule, and their fallbacks. */
function reachedBy(rule: CompiledRule, { channels }: Ruleset): readonly string[] {
  const found = new Set(channelsOf(rule));
  // Channels that are added while the loop runs are visited too.
  for (const name of found) {
    const fallback = channels.get(name)?.policy.fallback;
    if (fallback !== undefined) found.add(fallback);
  }
  return [...found];
}
