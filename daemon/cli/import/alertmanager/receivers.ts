import { isObject } from '../../../core/values/json.ts';
import type { ConfigText } from '../config-text.ts';
import { type Draft, literal, type Setting, type Settings } from '../draft.ts';

type Config = Readonly<Record<string, unknown>>;

/** Context of one `*_configs` entry. */
interface Receiver {
  /** Name of the receiver, which names the channel and the variables of its secrets. */
  readonly name: string;
  readonly config: Config;
  /** `global:` of the configuration. */
  readonly global: Config;
  readonly draft: Draft;
}

interface Kind {
  /** Channel type. */
  readonly type: string;
  /** Whether the end of an alert is sent when the configuration does not say it. */
  readonly sendsResolved: boolean;
  /** Settings of the channel; undefined where one is missing. */
  settings(receiver: Receiver): Settings | undefined;
}

/** Kinds of receivers that have a channel type. https://prometheus.io/docs/alerting/latest/configuration/#receiver-integration-settings */
const KINDS: Readonly<Record<string, Kind>> = {
  webhook_configs: {
    type: 'webhook',
    sendsResolved: true,
    settings: (receiver) => whole({ url: secretOf(receiver, 'url'), ...httpLogin(receiver) }, 'url'),
  },
  slack_configs: {
    type: 'slack',
    sendsResolved: false,
    settings: (receiver) => whole({ url: secretOf(receiver, 'api_url', 'slack_api_url') }, 'url'),
  },
  discord_configs: {
    type: 'discord',
    sendsResolved: true,
    settings: (receiver) => whole({ url: secretOf(receiver, 'webhook_url') }, 'url'),
  },
  msteams_configs: {
    type: 'teams',
    sendsResolved: true,
    settings: (receiver) => whole({ url: secretOf(receiver, 'webhook_url') }, 'url'),
  },
  msteamsv2_configs: {
    type: 'teams',
    sendsResolved: true,
    settings: (receiver) => whole({ url: secretOf(receiver, 'webhook_url') }, 'url'),
  },
  email_configs: { type: 'email', sendsResolved: false, settings: emailSettings },
  pagerduty_configs: {
    type: 'pagerduty',
    sendsResolved: true,
    settings: (receiver) => whole({ routing_key: secretOf(receiver, 'routing_key') }, 'routing_key'),
  },
  opsgenie_configs: {
    type: 'opsgenie',
    sendsResolved: true,
    settings: (receiver) => whole({ key: secretOf(receiver, 'api_key', 'opsgenie_api_key') }, 'key'),
  },
  victorops_configs: {
    type: 'splunk_oncall',
    sendsResolved: true,
    settings: (receiver) =>
      whole(
        { key: secretOf(receiver, 'api_key', 'victorops_api_key'), routing_key: textOf(receiver, 'routing_key') },
        'key',
        'routing_key',
      ),
  },
  pushover_configs: {
    type: 'pushover',
    sendsResolved: true,
    settings: (receiver) =>
      whole({ token: secretOf(receiver, 'token'), user: secretOf(receiver, 'user_key') }, 'token', 'user'),
  },
  telegram_configs: {
    type: 'telegram',
    sendsResolved: true,
    settings: (receiver) =>
      whole(
        { token: secretOf(receiver, 'bot_token', 'telegram_bot_token'), to: listOf(receiver, 'chat_id') },
        'token',
        'to',
      ),
  },
  webex_configs: {
    type: 'webex',
    sendsResolved: true,
    settings: (receiver) => whole({ token: bearerOf(receiver), to: listOf(receiver, 'room_id') }, 'token', 'to'),
  },
  wechat_configs: {
    type: 'wecom_app',
    sendsResolved: false,
    settings: (receiver) =>
      whole(
        {
          corp_id: textOf(receiver, 'corp_id') ?? text(receiver.global.wechat_api_corp_id),
          agent_id: textOf(receiver, 'agent_id'),
          secret: secretOf(receiver, 'api_secret', 'wechat_api_secret'),
          to: listOf(receiver, 'to_user'),
        },
        'corp_id',
        'agent_id',
        'secret',
        'to',
      ),
  },
  sns_configs: { type: 'sns', sendsResolved: true, settings: snsSettings },
};

/** Settings of the message in a receiver, which are Go templates. */
const TEMPLATES =
  /^(?:title|text|message|html|headers|description|details|summary|body|subject|fields|actions|pretext|fallback)$/;

/** A channel that was made of a receiver. */
export interface ImportedChannel {
  readonly name: string;
  readonly sendsResolved: boolean;
}

/** Adds the channels of all receivers. The map has the channels by the name of the receiver. */
export function importReceivers(
  receivers: unknown,
  global: Config,
  { config, draft }: { readonly config: ConfigText; readonly draft: Draft },
): ReadonlyMap<string, readonly ImportedChannel[]> {
  const list = Array.isArray(receivers) ? receivers.filter(isObject) : [];
  return new Map(
    list.map((receiver, index) => {
      const name = String(receiver.name);
      const kinds = Object.entries(receiver).filter(([kind, entries]) => kind !== 'name' && Array.isArray(entries));
      const channels = kinds.flatMap(([kind, entries]) =>
        (entries as readonly unknown[]).filter(isObject).flatMap((entry, at): readonly ImportedChannel[] => {
          const place = config.placeOf(['receivers', index, kind, at]);
          const known = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
          const settings = known?.settings({ name, config: entry, global, draft });
          if (known === undefined) {
            draft.skip(place, 'no channel type sends this', 'send it by a `webhook` or `command` channel');
            return [];
          }
          if (settings === undefined) {
            draft.skip(place, 'an address or a key is missing', 'add the channel by hand');
            return [];
          }
          reportLost(kind, entry, ['receivers', index, kind, at], { config, draft });
          const comment = `Receiver \`${name}\`, line ${place.line}.`;
          const channel = draft.add('channels', name, { type: known.type, ...settings }, comment, place);
          const sendsResolved = typeof entry.send_resolved === 'boolean' ? entry.send_resolved : known.sendsResolved;
          return [{ name: channel, sendsResolved }];
        }),
      );
      return [name, channels] as const;
    }),
  );
}

function reportLost(
  kind: string,
  entry: Config,
  path: readonly (string | number)[],
  { config, draft }: { readonly config: ConfigText; readonly draft: Draft },
): void {
  for (const name of Object.keys(entry).filter((key) => TEMPLATES.test(key)))
    draft.skip(
      config.placeOf([...path, name]),
      'templates of Alertmanager are not templates of Belfry',
      'write `message` in the rule',
    );
  if (kind === 'slack_configs' && entry.channel !== undefined)
    draft.skip(
      config.placeOf([...path, 'channel']),
      'a webhook of Slack writes to the channel that it was made for',
      'make a webhook for that channel, or use a bot: `token` and `channel`',
    );
}

/** Settings without those that are undefined; undefined if one of the named ones is. */
function whole(
  settings: Readonly<Record<string, Setting | undefined>>,
  ...needed: readonly string[]
): Settings | undefined {
  if (needed.some((name) => settings[name] === undefined)) return undefined;
  return Object.fromEntries(
    Object.entries(settings).filter((pair): pair is [string, Setting] => pair[1] !== undefined),
  );
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? literal(String(value)) : undefined;

const textOf = ({ config }: Receiver, name: string): string | undefined => text(config[name]);

const listOf = (receiver: Receiver, name: string): readonly string[] | undefined => {
  const list = textOf(receiver, name)?.split(/[,|]\s*/);
  return list === undefined || list[0] === '' ? undefined : list;
};

/** A secret of the receiver, or the one of `global` that applies to all; `NAME_file` is the path of a file. */
function secretOf({ name, config, global, draft }: Receiver, setting: string, common?: string): string | undefined {
  for (const [given, key, variable] of [
    [config, setting, `${name}_${setting}`],
    [global, common ?? '', common ?? ''],
  ] as const) {
    const [value, file] = [given[key], given[`${key}_file`]];
    if (typeof file === 'string') return `\${file:${file}}`;
    if (typeof value === 'string' && value !== '') return draft.secret(variable, value);
  }
  return undefined;
}

function httpLogin(receiver: Receiver): Settings {
  const { http_config: http } = receiver.config;
  if (!isObject(http)) return {};
  const bearer = bearerOf(receiver);
  if (bearer !== undefined) return { headers: { Authorization: `Bearer ${bearer}` } };
  return {};
}

function bearerOf({ name, config, draft }: Receiver): string | undefined {
  const http = isObject(config.http_config) ? config.http_config : {};
  const given = isObject(http.authorization) ? http.authorization : { credentials: http.bearer_token };
  const { credentials, credentials_file: file } = given as Config;
  if (typeof file === 'string') return `\${file:${file}}`;
  return typeof credentials === 'string' ? draft.secret(`${name}_token`, credentials) : undefined;
}

function emailSettings(receiver: Receiver): Settings | undefined {
  const { config, global } = receiver;
  const of = (setting: string): unknown => config[setting] ?? global[`smtp_${setting}`];
  const [host, port] = (text(of('smarthost')) ?? '').split(/:(?=\d+$)/);
  const user = text(of('auth_username'));
  const password = secretOf(receiver, 'auth_password', 'smtp_auth_password');
  const isOpen = config.require_tls === false || global.smtp_require_tls === false;
  const settings = {
    host: host === '' ? undefined : host,
    port: port === undefined ? undefined : Number(port),
    ...(user !== undefined && { user }),
    ...(user !== undefined && password !== undefined && { password }),
    ...(!isOpen && port !== '465' && { tls: 'required' }),
    from: text(of('from')),
    to: listOf(receiver, 'to'),
  };
  return whole(settings, 'host', 'from', 'to');
}

function snsSettings(receiver: Receiver): Settings | undefined {
  const { config, name, draft } = receiver;
  const login: Config = isObject(config.sigv4) ? config.sigv4 : {};
  const secret = (setting: string): string | undefined =>
    typeof login[setting] === 'string' ? draft.secret(`${name}_${setting}`, login[setting]) : undefined;
  const settings = {
    region: text(login.region),
    access_key_id: secret('access_key'),
    secret_access_key: secret('secret_key'),
    topic_arn: textOf(receiver, 'topic_arn'),
  };
  return whole(settings, 'region', 'access_key_id', 'secret_access_key', 'topic_arn');
}
