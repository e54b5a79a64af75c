import type { ChannelEndpoint } from '../../channels/channel.ts';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { type Machine, outputOf } from '../../lib/machine/machine.ts';
import type { DoctorCheck, Examined } from '../check.ts';
import { endpointId, endpointName, type Reach, serverTime } from '../network/reach.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Days before the end of a certificate from which it is reported; automatic renewals happen earlier. */
const FEW_DAYS = 14;
/** Deviation of the clock that breaks signatures and shifts schedules. */
const WRONG_CLOCK_MS = 60_000;
const MAX_TIME_SERVERS = 3;

/** Checks of the connections of all channels. They share one connection to each endpoint. */
export const networkChecks: readonly DoctorCheck[] = [
  {
    name: 'network.names',
    group: 'network',
    about: 'The host name of a channel is not found in the DNS, or the name servers do not answer.',
    mend: 'correct the name; otherwise look at /etc/resolv.conf and at the network of this machine',
    run: (examined) =>
      each(
        examined,
        ({ nameError }) =>
          nameError === undefined ? undefined : fail(`the name servers do not know the host (${nameError})`),
        'the host names of all channels are known',
      ),
  },
  {
    name: 'network.connect',
    group: 'network',
    about: 'The server of a channel accepts no connection.',
    mend: 'look at the address and port, at firewalls (nft list ruleset), and at `RestrictAddressFamilies=` and `IPAddressDeny=` of the unit',
    run: (examined) =>
      each(
        examined,
        ({ connectError }) =>
          connectError === undefined || isOfProxy(connectError) ? undefined : fail(`no connection (${connectError})`),
        'the servers of all channels accept connections',
      ),
  },
  {
    name: 'network.tls',
    group: 'network',
    about:
      'The server of a channel speaks no TLS, or its certificate is not trusted, has expired or is for another name.',
    mend: 'correct the address; set `ca` or NODE_EXTRA_CA_CERTS for an authority of your own',
    run: (examined) =>
      each(
        examined,
        ({ tlsError }) => (tlsError === undefined ? undefined : fail(...tlsText(tlsError))),
        'the certificates of all servers are trusted',
      ),
  },
  {
    name: 'network.certificates',
    group: 'network',
    about: 'The certificate of a server expires in less than 14 days.',
    mend: 'renew it, or ask the owner of the server to do so',
    run: (examined, machine) =>
      each(
        examined,
        ({ expires }) => (expires === undefined ? undefined : daysResult(expires - machine.clock.now())),
        'no certificate expires soon',
      ),
  },
  {
    name: 'network.proxy',
    group: 'network',
    about:
      'The proxy of a channel does not connect, or a proxy is set in the environment and not used by the channels.',
    mend: 'correct `proxy` of the channel or `daemon.proxy`; `proxy: env` uses the variables of the environment',
    run: async (examined, machine) => {
      const proxied = endpointsOf(examined).filter(({ endpoint }) => endpoint.via !== undefined);
      if (proxied.length > 0)
        return await each(
          { ...examined, channels: examined.channels.filter(({ uses }) => uses.endpoints?.some(({ via }) => via)) },
          ({ connectError }) =>
            connectError === undefined || !isOfProxy(connectError)
              ? undefined
              : fail(`the proxy gives no connection (${connectError})`),
          'the proxies of all channels connect',
        );
      const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]);
      const set = names.filter((name) => Boolean(machine.env[name]));
      if (set.length === 0) return [ok('no proxy is set in the environment')];
      const reached = await Promise.all(endpointsOf(examined).map(({ endpoint }) => examined.reach(endpoint)));
      const isBlocked = reached.some(({ nameError, connectError }) => (nameError ?? connectError) !== undefined);
      const text = `${set.join(', ')} ${set.length === 1 ? 'is' : 'are'} set and not used`;
      return [isBlocked ? fail(`${text}, and not every channel can be reached directly`) : warn(text)];
    },
  },
  {
    name: 'clock.synchronized',
    group: 'machine',
    about:
      'The clock of this machine is not synchronized, or is wrong: signatures are refused and schedules run at other times.',
    mend: 'run `timedatectl set-ntp true`, or install a time service such as chrony',
    run: async (examined, machine) => [await clockResult(examined, machine)],
  },
];

/** Whether an error is one of a proxy, which is reported by its own check. */
const isOfProxy = (code: string): boolean => code.startsWith('proxy.');

/** One result for each endpoint that has a fault, or the result that there is none. */
async function each(
  examined: Examined,
  result: (reach: Reach) => DoctorResult | undefined,
  none: string,
): Promise<readonly DoctorResult[]> {
  const found = await Promise.all(
    endpointsOf(examined).map(async ({ endpoint, channels }) => {
      const { message, ...rest } = result(await examined.reach(endpoint)) ?? ok('');
      return { ...rest, message: `${endpointName(endpoint)} (${channels.join(', ')}): ${message}` };
    }),
  );
  const wrong = found.filter(({ level }) => level !== 'ok');
  return wrong.length === 0 ? [ok(none)] : wrong;
}

interface NamedEndpoint {
  readonly endpoint: ChannelEndpoint;
  readonly channels: readonly string[];
}

/** Endpoints of all channels; one that several channels use is there once. */
function endpointsOf({ channels }: Examined): readonly NamedEndpoint[] {
  const found = new Map<string, { endpoint: ChannelEndpoint; channels: string[] }>();
  for (const { name, uses } of channels) {
    for (const endpoint of uses.endpoints ?? []) {
      const id = endpointId(endpoint);
      const known = found.get(id);
      if (known === undefined) found.set(id, { endpoint, channels: [name] });
      else if (!known.channels.includes(name)) known.channels.push(name);
    }
  }
  return [...found.values()];
}

/** Message and mend by the code of Node or OpenSSL. */
const TLS_TEXTS: Readonly<Record<string, readonly [message: string, mend?: string]>> = {
  CERT_HAS_EXPIRED: [
    'the certificate has expired, or the clock of this machine is wrong',
    'renew it, or correct the clock',
  ],
  CERT_NOT_YET_VALID: ['the certificate is not valid yet, or the clock of this machine is wrong', 'correct the clock'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate is for another host name', 'use a name that is in the certificate'],
  ESTARTTLS: ['the server does not offer STARTTLS', 'use another port or `smtps://`'],
  EPROTO: ['the server speaks no TLS at this port', 'write `http://` or `smtp://`, or use another port'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'the server speaks no TLS at this port',
    'write `http://` or `smtp://`, or use another port',
  ],
  ECONNRESET: ['the server ended the connection in the TLS handshake'],
  ETIMEDOUT: ['the server did not answer the TLS handshake'],
};

function tlsText(code: string): readonly [message: string, mend?: string] {
  const known = TLS_TEXTS[code];
  return known ?? [`the certificate is not signed by an authority that this machine trusts (${code})`];
}

function daysResult(left: number): DoctorResult | undefined {
  const days = Math.floor(left / DAY_MS);
  if (left < 0) return fail('the certificate has expired');
  return days < FEW_DAYS ? warn(`the certificate expires in ${days} days`) : undefined;
}

/** Asks systemd first; where it does not know, compares with the HTTP servers of the channels. */
async function clockResult(examined: Examined, machine: Machine): Promise<DoctorResult> {
  const answer = await outputOf(machine, 'timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (answer?.trim() === 'yes') return ok('the clock is synchronized');
  const servers = endpointsOf(examined)
    .map(({ endpoint }) => endpoint)
    .filter(({ http }) => http === true)
    .slice(0, MAX_TIME_SERVERS);
  const times = (await Promise.all(servers.map((endpoint) => serverTime(endpoint, machine)))).filter(
    (time) => time !== undefined,
  );
  const offsets = times.map((time) => machine.clock.now() - time);
  // All servers must agree: the clock of one of them may be wrong.
  if (offsets.length > 0 && offsets.every((offset) => Math.abs(offset) > WRONG_CLOCK_MS))
    return fail(
      `the clock of this machine is ${Math.round(Math.abs(offsets[0]!) / 1000)} s ${offsets[0]! > 0 ? 'ahead of' : 'behind'} the servers of the channels`,
    );
  if (answer?.trim() === 'no') return warn('the clock is not synchronized');
  return ok(
    offsets.length > 0
      ? 'the clock agrees with the servers of the channels'
      : 'it is not known whether the clock is right',
  );
}
