import { createPrivateKey } from 'node:crypto';
import type { Receipt } from '../../core/delivery/delivery.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { secret, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, supports } from '../channel.ts';
import { authorityFault, caSetting } from '../kit/net/certificates.ts';
import { readPem } from '../kit/net/pem.ts';
import { isMailDomain, parseAddress } from '../kit/mail/address.ts';
import { readAttachments } from '../kit/mail/attachments.ts';
import { addressProblems, mailSettings, parsed, recipientFault, recipientsOf } from '../kit/mail/recipients.ts';
import { mailOf } from './message.ts';
import { answersOf, endOfAttempt } from './partial-acceptance.ts';
import { PartialAcceptance } from '../kit/recipients/partial-acceptance.ts';
import type { SettingProblem } from '../../core/compile/registry.ts';
import { OpenedOnce } from '../../lib/async/opened-once.ts';
import type { RecipientError } from './smtp-failure.ts';
import { MAIL_CHECKS, mailUses } from './doctor-checks.ts';
import { type MailServer, readMailServer } from './server.ts';
import { openTransport, type TransportOptions } from './transport.ts';

const text = (description: string, example: string) => Type.String({ description, examples: [example] });
const settingsSchema = strict({
  url: Type.Optional(
    secret({
      description:
        'The mail server with its login: `smtp://` (STARTTLS, port 587 if not given) or `smtps://` (TLS, port 465).',
      examples: ['smtps://belfry:${env:SMTP_PASSWORD}@mail.example.com'],
    }),
  ),
  host: Type.Optional(text('The mail server, instead of `url`.', 'mail.example.com')),
  port: Type.Optional(
    Type.Integer({
      description: 'Port of the mail server; 587 if not set. On port 465 the connection begins with TLS.',
      examples: [587, 465, 25],
      minimum: 1,
      maximum: 65535,
    }),
  ),
  user: Type.Optional(text('The user of the login.', 'belfry')),
  password: Type.Optional(secret({ description: 'The password of `user`.', examples: ['${env:SMTP_PASSWORD}'] })),
  tls: Type.Optional(
    Type.Unsafe<'auto' | 'required' | 'none'>({
      type: 'string',
      enum: ['auto', 'required', 'none'],
      description:
        '`auto`: encrypted if the server offers it, and always if there is a password, except for a server on this machine. `required`: only encrypted. `none`: never encrypted.',
      examples: ['required'],
      default: 'auto',
    }),
  ),
  ca: caSetting(),
  ...mailSettings(),
  dkim: Type.Optional(
    strict(
      {
        domain: text('The domain that signs.', 'example.com'),
        selector: text('The name of the key in the DNS (selector).', 'belfry'),
        key: secret({ description: 'The private RSA key as PEM.', examples: ['${file:/etc/belfry/dkim.pem}'] }),
      },
      { description: 'Signs each mail (RFC 6376), for a mail server that does not sign by itself.' },
    ),
  ),
});

type EmailSettings = Static<typeof settingsSchema>;

/** Number of recipients that every server must accept; RFC 5321, 4.5.3.1.8. */
const MAX_RECIPIENTS = 100;

/** E-mail over SMTP. https://www.rfc-editor.org/rfc/rfc5321 */
export const email = defineChannel({
  type: 'email',
  summary: 'Mail over SMTP, as text and HTML, with a login, TLS and DKIM',
  documentation: 'https://www.rfc-editor.org/rfc/rfc5321',
  setup: [
    'Take the name of the SMTP server and a login from your mail provider.',
    'If the provider has two-factor login, make a password for applications.',
  ],
  example: {
    url: 'smtps://belfry:${env:SMTP_PASSWORD}@mail.example.com',
    from: 'belfry@example.com',
    to: ['ops@example.com'],
  },
  receipt: '`Message-ID`, and the answer of the server',
  settings: settingsSchema,
  limits: { timeout: '30s' },
  supports: supports({ kept: 'markdown html priority link actions fields attach replace_key to', text: 'tags' }),
  attachesFiles: true,
  idempotent: false,
  check: (settings) => [
    ...serverProblems(settings),
    ...caProblems(settings),
    ...addressProblems(settings),
    ...dkimProblems(settings),
  ],
  names: { to: recipientFault },
  uses: mailUses,
  doctorChecks: MAIL_CHECKS,
  open: (settings, tools) => openEmail(settings, tools),
});

function serverProblems(settings: EmailSettings): SettingProblem[] {
  const { url, host, port, user, password, tls } = settings;
  const found: SettingProblem[] = [];
  const server = readMailServer(settings);
  const parted = Object.entries({ host, port, user, password }).filter(([, value]) => value !== undefined);
  if (url === undefined && host === undefined) {
    found.push({
      pointer: '',
      message: 'there is neither `url` nor `host`',
      mend: 'name the mail server: `url: smtps://user:password@host`',
    });
  } else if (url !== undefined && parted.length > 0) {
    const names = parted.map(([name]) => `\`${name}\``).join(', ');
    found.push({
      pointer: '/url',
      message: `\`url\` and ${names} say the same thing twice`,
      mend: `keep \`url\` or ${names}, not both`,
    });
  } else if ('pointer' in server) {
    found.push(server);
  } else if (tls === 'none' && server.tls === 'implicit') {
    found.push({
      pointer: '/tls',
      message: '`tls: none` contradicts a server that speaks TLS at once',
      mend: 'remove `tls`, or use `smtp://` or another port',
    });
  }
  if (password !== undefined && user === undefined && url === undefined) {
    found.push({ pointer: '/password', message: 'there is a `password` and no `user`', mend: 'set `user` too' });
  }
  return found;
}

function caProblems({ ca }: EmailSettings): SettingProblem[] {
  const fault = ca === undefined ? undefined : authorityFault(ca);
  return fault === undefined ? [] : [{ pointer: '/ca', ...fault }];
}

function dkimProblems({ dkim }: EmailSettings): SettingProblem[] {
  if (dkim === undefined) return [];
  const names = (['domain', 'selector'] as const).flatMap((name) =>
    isMailDomain(dkim[name])
      ? []
      : [
          {
            pointer: `/dkim/${name}`,
            message: `\`${name}\` is not a name in the DNS`,
            mend: 'write it as in the DNS: letters, digits, `-` and dots',
          },
        ],
  );
  return [...names, ...keyProblems(dkim)];
}

/** Checks that the key can sign; otherwise every mail would be sent unsigned without an error. */
function keyProblems(dkim: NonNullable<EmailSettings['dkim']>): SettingProblem[] {
  try {
    if (createPrivateKey(dkim.key.reveal()).asymmetricKeyType === 'rsa') return [];
  } catch {
    // Reported below, together with keys of another kind.
  }
  const mend = 'make one with `openssl genrsa -out dkim.pem 2048`, and refer to it with ${file:...}';
  return [{ pointer: '/dkim/key', message: 'the DKIM key is not an RSA private key in PEM', mend }];
}

function openEmail(settings: EmailSettings, tools: ChannelTools): Notifier {
  const partial = new PartialAcceptance<RecipientError>();
  const opening = new OpenedOnce(async () => await openTransport(await transportOptions(settings, tools)));
  return {
    async send(message, io) {
      if (io.signal.aborted) {
        throw new SendFailure('transient', 'smtp.aborted', 'the attempt ended before anything was sent');
      }
      const from = parseAddress(settings.from)!;
      const groups = recipientsOf(settings, message, MAX_RECIPIENTS, 'email.bad_recipient');
      const transport = await opening.get();
      const { delivery, signal } = io;
      const attachments = await readAttachments(message.attach ?? [], tools.attachFrom);
      const replyTo = parsed(settings.reply_to ?? []);
      const mail = mailOf({ ...groups, message, delivery, from, replyTo, attachments, now: tools.clock.now() });
      const all = [...new Set([...groups.to, ...groups.cc, ...groups.bcc].map(({ address: name }) => name))];
      const recipients = partial.owed(delivery.id, all);
      const outcome = await transport.send({ mail, from: from.address, recipients, signal });
      const end = endOfAttempt(partial, delivery.id, outcome);
      if (end.kind === 'failed') throw end.failure;
      if (end.refused.length > 0)
        tools.log.warn(
          { delivery: delivery.id, refused: answersOf(end.refused) },
          'the mail server refused some of the recipients',
        );
      return receiptOf(mail.messageId!, end.response, answersOf(end.refused));
    },
    async close() {
      const transport = await opening.ifOpened();
      transport?.close();
    },
  };
}

function receiptOf(messageId: string, response: string, refused: string): Receipt {
  const answer = [response, refused === '' ? '' : `refused: ${refused}`].filter((part) => part !== '').join('\n');
  return { id: messageId, status: 250, answer };
}

async function transportOptions(settings: EmailSettings, tools: ChannelTools): Promise<TransportOptions> {
  const { ca, dkim } = settings;
  return {
    server: readMailServer(settings) as MailServer,
    dialer: tools.net,
    hostname: tools.hostname,
    ...(ca !== undefined && { ca: await readPem(ca) }),
    ...(dkim !== undefined && {
      dkim: { domainName: dkim.domain, keySelector: dkim.selector, privateKey: dkim.key.reveal() },
    }),
  };
}
