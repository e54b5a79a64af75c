import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { HttpProblem } from './problem.ts';

/** Which names of ours a request may use. A page of somebody else's must not talk to a daemon on the loopback, by its own name or by one that it has resolve to us. */
export interface Gate {
  /** Throws the 400, 403 or 421. */
  check(request: IncomingMessage): void;
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const LOOPBACK_ADDRESS = /^127\.\d+\.\d+\.\d+$/;

export function openGate(listenHost: string, publicUrl: string | undefined): Gate {
  const ours = new Set([
    ...LOOPBACK,
    listenHost.toLowerCase(),
    ...(publicUrl === undefined ? [] : [hostOf(publicUrl) ?? '']),
  ]);
  const open = !LOOPBACK.includes(listenHost) && !LOOPBACK_ADDRESS.test(listenHost);
  // Whoever listens beyond the loopback is reached by addresses nobody listed; an address is no name that could be rebound.
  const isOurs = (host: string): boolean => ours.has(host) || (open && isIP(host) !== 0) || LOOPBACK_ADDRESS.test(host);
  // The one that came last: senders call us by the same name again and again.
  let accepted: string | undefined;
  return {
    check(request) {
      if (hostsOf(request) !== 1) throw new HttpProblem(400, 'host.missing', 'a request has exactly one Host header');
      const named = request.headers.host ?? '';
      if (named !== accepted) {
        const host = /[/@?#\\\s]/.test(named) ? undefined : hostOf(`http://${named}`);
        if (host === undefined || !isOurs(host))
          throw new HttpProblem(421, 'host.foreign', 'this is not a name of this daemon; see `daemon.public_url`');
        accepted = named;
      }
      const { origin } = request.headers;
      if (origin === undefined) return;
      const from = hostOf(origin);
      if (from === undefined || !isOurs(from))
        throw new HttpProblem(403, 'origin.foreign', 'pages of other origins may not use this daemon');
    },
  };
}

/** How many Host headers there are: `headers` keeps only the first. */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase().replace(/^\[|\]$/g, '') : undefined;
}
