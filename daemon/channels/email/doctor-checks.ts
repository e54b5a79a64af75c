import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import type { Machine } from '../../lib/machine/machine.ts';
import type { ChannelCheck, ChannelEndpoint, ChannelUses } from '../channel.ts';
import { type Pem, trusted } from '../kit/net/pem.ts';
import { parseAddress } from '../kit/mail/address.ts';
import { type MailServer, readMailServer, type ServerSettings } from './server.ts';

/** Settings that the checks read. */
interface ExaminedSettings extends ServerSettings {
  readonly from: string;
  readonly ca?: Pem;
}

const serverOf = (settings: ExaminedSettings): MailServer | undefined => {
  const read = readMailServer(settings);
  return 'pointer' in read ? undefined : read;
};

export function mailUses(settings: ExaminedSettings): ChannelUses {
  const server = serverOf(settings);
  return server === undefined ? {} : { endpoints: [endpointOf(server, settings.ca)] };
}

function endpointOf({ host, port, tls, verify }: MailServer, ca: Pem | undefined): ChannelEndpoint {
  const common = { host, port, verify, ...trusted(ca) };
  if (tls === 'implicit') return { ...common, tls };
  return tls === 'required' ? { ...common, tls: 'upgrade', upgrade: startTls } : { ...common, tls: 'none' };
}

const MAX_ANSWER = 8192;

/** STARTTLS of RFC 3207. */
async function startTls(socket: Socket): Promise<void> {
  await answer(socket, '220');
  socket.write('EHLO localhost\r\n');
  await answer(socket, '250');
  socket.write('STARTTLS\r\n');
  await answer(socket, '220');
}

/** Resolves after the last line of an answer with this code. */
async function answer(socket: Socket, code: string): Promise<void> {
  let text = '';
  while (!/^\d{3} .*\r?\n$/m.test(text) && text.length < MAX_ANSWER) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  if (!text.startsWith(code)) throw Object.assign(new Error('the server refused STARTTLS'), { code: 'ESTARTTLS' });
}

/** Domains that nobody owns: RFC 2606, RFC 6762. */
const NO_DOMAIN = /(?:^|\.)(?:example\.(?:com|net|org)|example|invalid|test|localhost|local)$/i;
const DNS_TIMEOUT_MS = 2000;

export const MAIL_CHECKS: readonly ChannelCheck<ExaminedSettings>[] = [
  {
    name: 'email.tls',
    about: 'Mail goes to another machine without TLS, or with TLS only if the server offers it.',
    mend: 'set `tls: required` on the channel, or write `smtps://`',
    run(settings) {
      const server = serverOf(settings);
      if (server === undefined) return [];
      if (server.tls === 'none' && server.verify && server.user !== undefined)
        return [fail('the password and the mails are sent without encryption')];
      if (server.tls === 'none' && server.verify) return [warn('mails are sent without encryption')];
      if (server.tls === 'offered' && server.verify)
        return [warn('mails are encrypted only if the server offers it, so that an attacker can prevent it')];
      return [ok('the connection to the mail server is encrypted, or stays on this machine')];
    },
  },
  {
    name: 'email.sender',
    about: 'The domain of `from` cannot receive mail, so that servers refuse mails from it.',
    mend: 'set `from` to an address of a domain of yours',
    run: async ({ from }, machine) => [await senderResult(from, machine)],
  },
];

async function senderResult(from: string, machine: Machine): Promise<DoctorResult> {
  const domain = parseAddress(from)?.address.split('@').at(-1) ?? '';
  if (!domain.includes('.') || NO_DOMAIN.test(domain))
    return warn(`\`from\` has the domain ${domain}, which does not exist on the Internet`);
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 1 });
  const mail = await resolver.resolveMx(domain).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
  if (typeof mail !== 'string') return ok(`the domain ${domain} of \`from\` takes mail`);
  const hasAddress = await new Promise((resolve) =>
    machine.lookup(domain, {}, (error) => resolve(error === null || error === undefined)),
  );
  if (hasAddress) return ok(`the domain ${domain} of \`from\` exists`);
  return mail === 'ENOTFOUND' || mail === 'ENODATA'
    ? warn(`the domain ${domain} of \`from\` does not exist`)
    : ok(`the name servers gave no answer about the domain ${domain} of \`from\``);
}
