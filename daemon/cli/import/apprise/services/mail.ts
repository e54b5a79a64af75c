import { type Given, type Reading, type Service, some } from '../../urls/service.ts';
import type { ServiceUrl } from '../../urls/service-url.ts';
import { MAIL_SERVERS } from './mail-providers.ts';

/** Address with a name: `name` of a URL. */
const sender = (address: string, name: string | undefined): string =>
  name === undefined ? address : `"${name.replace(/["\\]/g, '')}" <${address}>`;

/** Options that all mail services have. */
const recipients = (url: ServiceUrl, paths: readonly string[], from: string): Given => ({
  to: some([...paths, ...url.items('to')]) ?? [from],
  cc: some(url.items('cc')),
  bcc: some(url.items('bcc')),
  reply_to: some(url.items('reply')),
});

/** `KEY:user@domain/recipients`, as the URLs of SendGrid and Resend. */
function keyAndSender(url: ServiceUrl, { secret }: Reading): Given {
  const own = url.password === undefined || url.host === '' ? undefined : `${url.password}@${url.host}`;
  const written = url.option('from');
  const [from, name] = written?.includes('@') === false ? [own, written] : [written ?? own, url.option('name')];
  if (from === undefined) return {};
  return {
    key: secret('key', url.option('apikey') ?? url.user),
    from: sender(from, name),
    ...recipients(url, url.path, from),
  };
}

function smtp(url: ServiceUrl, { secret }: Reading): Given {
  const { user, password, host } = url;
  const written = url.option('from');
  const own = user?.includes('@') === true ? user : user && `${user}@${host}`;
  const [from = own, name = url.option('name')] = written?.includes('@') === false ? [undefined, written] : [written];
  if (from === undefined) return {};
  const provider =
    url.option('smtp') === undefined
      ? MAIL_SERVERS.find(({ domain }) => domain.test(from.replace(/^.*@/, '').replace(/>$/, '').toLowerCase()))
      : undefined;
  const isSecure = url.scheme === 'mailtos' || provider !== undefined;
  const mode = url.option('mode')?.toLowerCase();
  const port = url.port ?? provider?.port ?? (mode === 'ssl' ? 465 : isSecure ? 587 : 25);
  const login =
    user === undefined || provider === undefined
      ? user
      : provider.loginIsName === true
        ? user.replace(/@.*$/, '')
        : (own ?? user);
  return {
    host: url.option('smtp') ?? provider?.host ?? (host === '' ? undefined : host),
    port,
    user: password === undefined ? undefined : login,
    password: secret('password', password),
    // On port 465 a connection always begins with TLS.
    tls: port === 465 ? undefined : mode === 'insecure' ? 'none' : isSecure ? 'required' : undefined,
    from: sender(from, name),
    ...recipients(url, url.path, from),
  };
}

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/i;

/** Keys of AWS in a path; the secret may have slashes, and the region ends it. */
function awsKeys(
  url: ServiceUrl,
  parts: readonly string[],
  { secret }: Reading,
): { readonly keys: Given; readonly targets: readonly string[] } {
  const [id, ...rest] = parts;
  const at = rest.findIndex((part) => REGION.test(part));
  const key = url.option('secret') ?? (at < 0 ? undefined : rest.slice(0, at).join('/'));
  return {
    keys: {
      region: (url.option('region') ?? rest[at])?.toLowerCase(),
      access_key_id: secret('access_key_id', url.option('access') ?? id),
      secret_access_key: secret('secret_access_key', key),
    },
    targets: at < 0 ? [] : rest.slice(at + 1),
  };
}

const AWS_NEEDS = ['region', 'access_key_id', 'secret_access_key'];

/** The URLs of Apprise and shoutrrr are the same. */
export const TWILIO: Service = {
  schemes: ['twilio'],
  type: 'twilio',
  needs: ['account_sid', 'auth_token', 'from', 'to'],
  settings(url, { secret, lost }) {
    if (url.option('method') === 'call') {
      lost('twilio channels send text messages and do not call', 'leave out `method=call`');
      return undefined;
    }
    const from = url.option('from', 'source') ?? (url.host === '' ? undefined : url.host);
    return {
      account_sid: url.option('sid') ?? url.user,
      auth_token: secret('auth_token', url.option('token') ?? url.password),
      from,
      to: some([...url.path, ...url.items('to')]) ?? (from && [from]),
    };
  },
};

/** Mail and text messages. */
export const MAIL: readonly Service[] = [
  { schemes: ['mailto', 'mailtos'], type: 'email', needs: ['host', 'from'], settings: smtp },
  { schemes: ['sendgrid'], type: 'sendgrid', needs: ['key', 'from'], settings: keyAndSender },
  { schemes: ['resend'], type: 'resend', needs: ['key', 'from'], settings: keyAndSender },
  {
    schemes: ['mailgun'],
    type: 'mailgun',
    needs: ['key', 'domain', 'from'],
    settings(url, { secret }) {
      const [key, ...targets] = url.path;
      const written = url.option('from');
      const own = url.user && `${url.user}@${url.host}`;
      const [from = own, name = url.option('name')] =
        written?.includes('@') === false ? [undefined, written] : [written];
      if (from === undefined) return {};
      return {
        key: secret('key', key),
        domain: url.host,
        ...(url.option('region') === 'eu' && { region: 'eu' }),
        from: sender(from, name),
        ...recipients(url, targets, from),
      };
    },
  },
  {
    schemes: ['ses'],
    type: 'ses',
    needs: [...AWS_NEEDS, 'from'],
    settings(url, reading) {
      const from = url.option('from') ?? (url.user && `${url.user}@${url.host}`);
      if (from === undefined) return {};
      const { keys, targets } = awsKeys(url, url.path, reading);
      return { ...keys, from: sender(from, url.option('name')), ...recipients(url, targets, from) };
    },
  },
  {
    schemes: ['sns'],
    type: 'sns',
    needs: AWS_NEEDS,
    settings(url, reading) {
      const { keys, targets: given } = awsKeys(url, [url.host, ...url.path], reading);
      const targets = [...given, ...url.items('to')];
      const phones = targets.filter((target) => /^\+?[\d\s().-]{7,}$/.test(target));
      const topics = targets.filter((target) => target.startsWith('arn:'));
      if (phones.length + topics.length < targets.length)
        reading.lost('a topic is given by its ARN, not by its name', 'add a channel with `topic_arn`');
      return [
        ...(phones.length === 0 ? [] : [{ ...keys, to: phones }]),
        ...topics.map((topic) => ({ ...keys, topic_arn: topic })),
      ];
    },
  },
  TWILIO,
];
