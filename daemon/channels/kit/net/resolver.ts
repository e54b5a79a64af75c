import { Resolver } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';

export interface ResolverOptions {
  /** `address` or `address:port`; the system's if not given. */
  readonly servers?: readonly string[];
  /** Milliseconds for one try of one server. */
  readonly timeout?: number;
  readonly tries?: number;
  readonly hostsFile?: string;
  /** File with the search domains. */
  readonly resolvConf?: string;
}

export interface NameResolver {
  /** For `net.connect`, which does not call it for literal addresses. */
  readonly lookup: LookupFunction;
  close(): void;
}

const TIMEOUT = 1500;
const TRIES = 2;
const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Resolves names without `getaddrinfo`, which runs on the four threads of Node's pool: a few names with a silent server would
 * block all other lookups. This resolver queries the servers over its own sockets. Of the other
 * functions of `getaddrinfo` it has localhost, the hosts file and search domains; it has no mDNS (`.local`).
 */
export function openResolver(options: ResolverOptions = {}): NameResolver {
  const resolver = new Resolver({ timeout: options.timeout ?? TIMEOUT, tries: options.tries ?? TRIES });
  if (options.servers !== undefined) resolver.setServers(options.servers);
  const hostsFile = options.hostsFile ?? '/etc/hosts';
  const resolvConf = options.resolvConf ?? '/etc/resolv.conf';

  const addressesOf = async (name: string): Promise<readonly LookupAddress[]> => {
    if (name === 'localhost' || name.endsWith('.localhost')) return LOOPBACK;
    const listed = inHosts(await textOf(hostsFile), name);
    if (listed.length > 0) return listed;
    return await firstFound(resolver, candidates(name, searchOf(await textOf(resolvConf))));
  };

  return {
    lookup(hostname, { all, family }, callback) {
      const name = hostname.toLowerCase().replace(/\.$/, '');
      addressesOf(name).then(
        (found) => {
          const wanted = family === 4 || family === 6 ? found.filter((item) => item.family === family) : found;
          const first = wanted[0];
          if (first === undefined) callback(notFound(), '');
          else if (all === true) callback(null, [...wanted]);
          else callback(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      );
    },
    close: () => resolver.cancel(),
  };
}

async function firstFound(resolver: Resolver, names: readonly string[]): Promise<readonly LookupAddress[]> {
  let failure: unknown = notFound();
  for (const name of names) {
    const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = [
      ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
    ];
    if (found.length > 0) return found;
    const reasons = [four, six].flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    // The next candidate is tried only if a server answered that the name does not exist, not if it gave no answer.
    failure = reasons.find((reason) => !isAbsent(reason)) ?? reasons[0] ?? failure;
    if (!isAbsent(failure)) throw ofNameServer(failure);
  }
  throw failure;
}

/** c-ares reports name servers that refuse or do not run as ECONNREFUSED, which looks like a refusal by the server of the name. */
function ofNameServer(failure: unknown): unknown {
  const { code, message } = failure as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? Object.assign(new Error(message), { code: 'EREFUSED' }) : failure;
}

const isAbsent = (error: unknown): boolean =>
  /^(?:ENOTFOUND|ENODATA)$/.test((error as NodeJS.ErrnoException).code ?? '');

const notFound = (): NodeJS.ErrnoException => Object.assign(new Error('host name not found'), { code: 'ENOTFOUND' });

/** Text of a file; empty if it is missing or unreadable, because not every system has these files. */
async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}

/** Addresses of a name in hosts(5). */
function inHosts(text: string, name: string): LookupAddress[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([, ...names]) => names.some((candidate) => candidate.toLowerCase() === name))
    .map(([address]) => ({ address: address!, family: address!.includes(':') ? 6 : 4 }));
}

interface Search {
  readonly domains: readonly string[];
  readonly ndots: number;
}

/** Search domains of resolv.conf(5): the last `search` or `domain` line counts. */
function searchOf(text: string): Search {
  let domains: readonly string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = values;
    const dots = keyword === 'options' ? values.find((value) => value.startsWith('ndots:')) : undefined;
    if (dots !== undefined) ndots = Number(dots.slice('ndots:'.length)) || 0;
  }
  return { domains, ndots };
}

/** Names to look up, in order: the name itself first if it has enough dots, otherwise last. */
function candidates(name: string, { domains, ndots }: Search): string[] {
  const dots = name.split('.').length - 1;
  const searched = domains.filter((domain) => domain !== '.').map((domain) => `${name}.${domain}`);
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}
