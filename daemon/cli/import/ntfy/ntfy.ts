import { isObject } from '../../../core/values/json.ts';
import type { ConfigText } from '../config-text.ts';
import type { Draft } from '../draft.ts';
import type { ImportFormat, ImportInput } from '../format.ts';
import { addNotifyRules, type Tagged } from '../urls/notify-rules.ts';
import { addChannels, type Service } from '../urls/service.ts';
import { readServiceUrl, type ServiceUrl } from '../urls/service-url.ts';
import { translateUrls, type UrlDialect } from '../urls/translate-urls.ts';
import { readUrlList } from '../urls/url-list.ts';

const PUBLIC_SERVER = 'ntfy.sh';

const TOPIC_URL = /^https?:\/\/[^/?#]+\/[\w-]{1,64}\/?$/;

/** Scheme of the server; a link of the app (`ntfy://`) has https unless it says otherwise. https://docs.ntfy.sh/subscribe/phone/#ntfy-links */
const schemeOf = (url: ServiceUrl): 'http' | 'https' =>
  url.scheme === 'http' || url.option('secure') === 'false' ? 'http' : 'https';

/** URLs of topics. */
const TOPIC: Service = {
  schemes: ['ntfy', 'https', 'http'],
  type: 'ntfy',
  needs: ['topic'],
  settings(url, { secret }) {
    url.option('display');
    const isPublic = url.host === PUBLIC_SERVER;
    const topic = url.path.at(-1);
    const { user, password } = url;
    const token = url.option('token');
    return {
      ...(!isPublic && { api: url.address(schemeOf(url), url.path.slice(0, -1)) }),
      // On the public server everybody who knows the topic can read it.
      topic: isPublic ? secret('topic', topic) : topic,
      ...(token === undefined ? { user, password: secret('password', password) } : { token: secret('token', token) }),
    };
  },
};

const DIALECT: UrlDialect = {
  services: [TOPIC],
  elsewhere: 'this is no URL of ntfy: import it with --from apprise or --from shoutrrr',
  read: readServiceUrl,
};

/** URLs of topics, and the configuration of the client. https://docs.ntfy.sh/subscribe/cli/ */
export const ntfy: ImportFormat = {
  name: 'ntfy',
  about: 'ntfy',
  isOwnUrl: (url) => TOPIC_URL.test(url),
  matches: ({ config, text }) =>
    (isObject(config?.value) && (config.value['default-host'] !== undefined || isSubscribing(config.value))) ||
    /^ntfy:\/\/\S+[?&](?:secure|display)=\S*$/.test(text.trim()),
  translate,
};

const isSubscribing = ({ subscribe }: Readonly<Record<string, unknown>>): boolean =>
  Array.isArray(subscribe) && subscribe.some((entry) => isObject(entry) && typeof entry.topic === 'string');

function translate({ config, text }: ImportInput, draft: Draft): void {
  if (config !== undefined && isObject(config.value)) {
    translateClient(config, config.value, draft);
    return;
  }
  const urls = readUrlList(text).flatMap((line) => (line.kind === 'urls' ? line.urls : []));
  translateUrls(urls, DIALECT, draft);
}

/** Settings of a subscription, by the option of a URL that says the same. */
const OPTIONS = ['user', 'password', 'token'] as const;

/** Settings of the client that have no equivalent, with the advice. */
const NO_EQUIVALENT: Readonly<Record<string, string>> = {
  command: 'a program that runs for each message belongs to the events that cause them: a `command` channel',
  'default-command': 'a program that runs for each message belongs to the events that cause them: a `command` channel',
  if: 'write the conditions as `match` of a rule',
};

function translateClient(config: ConfigText, value: Readonly<Record<string, unknown>>, draft: Draft): void {
  const host = typeof value['default-host'] === 'string' ? value['default-host'] : `https://${PUBLIC_SERVER}`;
  const entries: readonly unknown[] = Array.isArray(value.subscribe) ? value.subscribe : [];
  reportLost(value, [], config, draft);
  const tagged = entries.map((entry, index): Tagged => {
    const { line, text } = config.placeOf(['subscribe', index]);
    const place = { line, text };
    const topic = isObject(entry) && typeof entry.topic === 'string' ? entry.topic : '';
    const url = readServiceUrl(addressOf(topic, host));
    if (!isObject(entry) || url === undefined || topic === '') {
      draft.skip(place, 'the topic is missing', 'write it as `topic: NAME`');
      return { channels: [], tags: [], place };
    }
    reportLost(entry, ['subscribe', index], config, draft);
    const login = OPTIONS.map((name) => [name, entry[name] ?? value[`default-${name}`]] as const);
    const given = login.filter((pair): pair is [(typeof OPTIONS)[number], string] => typeof pair[1] === 'string');
    return { channels: addChannels(TOPIC, url.with(new Map(given)), place, draft), tags: [], place };
  });
  addNotifyRules(tagged, draft);
}

/** Address of a topic: its name on the default server, `host/name`, or a URL. */
function addressOf(topic: string, host: string): string {
  if (topic.includes('://')) return topic;
  return topic.includes('/') ? `https://${topic}` : `${host.replace(/\/+$/, '')}/${topic}`;
}

function reportLost(
  given: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
  config: ConfigText,
  draft: Draft,
): void {
  for (const [name, mend] of Object.entries(NO_EQUIVALENT))
    if (given[name] !== undefined && given[name] !== null)
      draft.skip(config.placeOf([...path, name]), 'Belfry sends to ntfy and does not receive from it', mend);
}
