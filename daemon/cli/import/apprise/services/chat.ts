import { basicLogin, plainTemplate, type Service, some } from '../../urls/service.ts';
import { httpScheme } from '../scheme.ts';

/** Room with its server: `#ops` of a URL is `#ops:host`. */
const roomOf = (target: string, host: string): string => {
  const room = /^[#!]/.test(target) ? target : `#${target}`;
  return room.includes(':') ? room : `${room}:${host}`;
};

/** `+C012`, `C012`, `#name`, `@name` and `name` as Apprise takes them. */
function slackChannel(target: string): string {
  const id = target.replace(/^\+/, '');
  return /^[#@]/.test(target) || /^[CDGU][A-Z\d]{8,}$/.test(id) ? id : `#${id}`;
}

/** Chats of Apprise URLs: https://github.com/caronc/apprise/wiki */
export const CHATS: readonly Service[] = [
  {
    schemes: ['slack'],
    type: 'slack',
    needs: [],
    settings(url, { secret, lost }) {
      const given = url.option('token')?.split('/') ?? [url.host, ...url.path];
      const targets = [...(url.option('token') === undefined ? [] : url.path), ...url.items('to')];
      if (given[0]?.startsWith('xo') === true) {
        const channels = [...given.slice(1), ...targets].map(slackChannel);
        return (some(channels) ?? ['#general']).map((channel) => ({ token: secret('token', given[0]), channel }));
      }
      const [a, b, c, ...others] = given;
      if (c === undefined) {
        lost('a webhook of Slack has three tokens', 'write `slack://A/B/C`, or `slack://xoxb-TOKEN/#channel` of a bot');
        return undefined;
      }
      if (others.length + targets.length > 0)
        lost(
          'a webhook of Slack writes to the channel that it was made for',
          'make a webhook for each channel, or use a bot: `token` and `channel`',
        );
      return { url: secret('url', `https://hooks.slack.com/services/${a}/${b}/${c}`) };
    },
  },
  {
    schemes: ['discord'],
    type: 'discord',
    needs: ['url'],
    settings(url, { secret }) {
      const [token] = url.path;
      return {
        url: token && secret('url', `https://discord.com/api/webhooks/${url.host}/${token}`),
        thread_id: url.option('thread'),
        username: url.user,
      };
    },
  },
  {
    schemes: ['tgram'],
    type: 'telegram',
    needs: ['token', 'to'],
    settings(url, { secret }) {
      const token = url.host.replace(/^bot/, '');
      const chats = [...url.path, ...url.items('to')];
      const common = {
        token: token === '' ? undefined : secret('token', token),
        ...(url.isSet('silent') && { silent: true }),
      };
      // A chat may have a topic: `-100123:7`.
      const split = chats.map((chat) => ({
        chat: chat.split(':')[0]!,
        topic: chat.split(':')[1] ?? url.option('topic', 'thread') ?? '',
      }));
      return [...new Set(split.map(({ topic }) => topic))].map((topic) => ({
        ...common,
        to: split.filter((each) => each.topic === topic).map(({ chat }) => chat),
        thread_id: topic === '' ? undefined : Number(topic),
      }));
    },
  },
  {
    schemes: ['workflow', 'workflows'],
    type: 'teams',
    needs: ['url'],
    settings(url, { secret }) {
      const [workflow = url.option('id'), signature = url.option('sig')] = url.path;
      if (workflow === undefined || signature === undefined || url.host === '') return {};
      const isPowerAutomate = url.isSet('pa') || url.isSet('powerautomate');
      const query = new URLSearchParams({
        'api-version': url.option('ver', 'api-version') ?? (isPowerAutomate ? '2022-03-01-preview' : '2016-06-01'),
        sp: '/triggers/manual/run',
        sv: '1.0',
        sig: signature,
      }).toString();
      const path = [...(isPowerAutomate ? ['powerautomate', 'automations', 'direct'] : []), 'workflows', workflow];
      return {
        url: secret('url', `${url.address('https', [...path, 'triggers', 'manual', 'paths', 'invoke'])}?${query}`),
      };
    },
  },
  {
    schemes: ['msteams'],
    type: 'teams',
    needs: ['url'],
    settings(_url, { lost }) {
      lost('Microsoft has ended the webhooks of connectors', 'make a workflow in Teams, and give its URL as `url`');
      return undefined;
    },
  },
  {
    schemes: ['gchat'],
    type: 'google_chat',
    needs: ['url'],
    settings(url, { secret, lost }) {
      const [workspace = url.host, key, token, thread] = url.option('workspace') ? [] : [url.host, ...url.path];
      const given = { key: url.option('key') ?? key, token: url.option('token') ?? token };
      if ((url.option('thread', 'threadkey') ?? thread) !== undefined)
        lost('a thread of Google Chat is chosen by `replace_key`', 'set `replace_key` in `message` of the rule');
      if (given.key === undefined || given.token === undefined) return {};
      const query = new URLSearchParams(given as Record<string, string>).toString();
      const space = encodeURIComponent(url.option('workspace') ?? workspace);
      return { url: secret('url', `https://chat.googleapis.com/v1/spaces/${space}/messages?${query}`) };
    },
  },
  {
    schemes: ['mmost', 'mmosts'],
    type: 'mattermost',
    needs: ['url'],
    settings(url, { secret, lost }) {
      const token = url.path.at(-1);
      if (url.items('to', 'channel', 'channels').length > 0)
        lost('the webhook decides the channel', 'make a webhook for each channel, or use a bot: `token` and `channel`');
      if (token === undefined) return {};
      return { url: secret('url', url.address(httpScheme(url), [...url.path.slice(0, -1), 'hooks', token])) };
    },
  },
  {
    schemes: ['rocket', 'rockets'],
    type: 'rocketchat',
    needs: ['url'],
    settings(url, { secret, lost }) {
      // `rocket://A/B@host`: the list gives the two tokens as one, with `%2F` between them.
      const webhook = url.option('webhook') ?? [url.password, url.user].find((text) => text?.includes('/') === true);
      if (webhook === undefined) {
        lost(
          'a user and a password are no login for messages',
          'make an incoming webhook in Rocket.Chat, and give its URL as `url`',
        );
        return undefined;
      }
      if (url.path.length + url.items('to').length > 0)
        lost('the webhook decides the channel', 'make a webhook for each channel');
      return { url: secret('url', url.address(httpScheme(url), ['hooks', ...webhook.split('/')])) };
    },
  },
  {
    schemes: ['matrix', 'matrixs'],
    type: 'matrix',
    needs: ['api', 'token', 'to'],
    settings(url, { secret, newSecret, lost }) {
      const rooms = [...url.path, ...url.items('to')].map((target) => roomOf(target, url.host));
      if (url.option('mode', 'webhook') !== undefined) {
        lost('a webhook of Matrix is no API of Matrix', 'give the access token of an account that is in the room');
        return undefined;
      }
      const token = url.option('token') ?? (url.password === undefined ? url.user : undefined);
      if (token === undefined)
        lost(
          'an account is used by its access token, not by its password',
          'log in once, and use the access token that the server gives',
        );
      return {
        api: url.host === '' ? undefined : url.address(httpScheme(url), []),
        token: token === undefined ? newSecret('token') : secret('token', token),
        to: some(rooms),
      };
    },
  },
  {
    schemes: ['zulip'],
    type: 'zulip',
    needs: ['email', 'key', 'to'],
    settings(url, { secret }) {
      const [token, ...targets] = url.path;
      const server = url.host.includes('.') ? url.host : `${url.host}.zulipchat.com`;
      return {
        api: `https://${server}`,
        email: url.user && `${url.user.replace(/-bot$/, '')}-bot@${server}`,
        key: secret('key', url.option('token') ?? token),
        to: some([...targets, ...url.items('to')]) ?? ['general'],
      };
    },
  },
  {
    schemes: ['wxteams'],
    type: 'webhook',
    needs: ['url'],
    settings(url, { secret, lost }) {
      if (url.path.length > 0) {
        lost('this is a bot and not a webhook', 'add a `webex` channel with its `token` and `to`');
        return undefined;
      }
      const token = url.option('token') ?? url.host;
      return {
        url: token === '' ? undefined : secret('url', `https://webexapis.com/v1/webhooks/incoming/${token}`),
        body: { markdown: '{{ title }}\n\n{{ body }}' },
      };
    },
  },
  {
    schemes: ['line'],
    type: 'line',
    needs: ['token', 'to'],
    settings(url, { secret }) {
      // A token of LINE may have slashes, and ends with `=`.
      const all = [url.host, ...url.path];
      const end = url.option('token') === undefined ? all.findIndex((part) => part.endsWith('=')) : -1;
      const token = url.option('token') ?? all.slice(0, Math.max(end, 0) + 1).join('/');
      return {
        token: token === '' ? undefined : secret('token', token),
        to: some([...all.slice(Math.max(end, 0) + 1), ...url.items('to')]),
      };
    },
  },
  {
    schemes: ['signal', 'signals'],
    type: 'signal',
    needs: ['from', 'to'],
    settings(url, reading) {
      const [from = url.option('from'), ...targets] = url.option('from') ? [url.option('from'), ...url.path] : url.path;
      return {
        api: url.address(httpScheme(url), []),
        headers: basicLogin(url, reading),
        from,
        to: some([...targets, ...url.items('to')].map(String)) ?? (from && [from]),
      };
    },
  },
  {
    schemes: ['whatsapp'],
    type: 'whatsapp',
    needs: ['token', 'phone_id', 'to', 'template'],
    settings(url, { secret }) {
      const [template, token] = url.password === undefined ? [undefined, url.user] : [url.user, url.password];
      const fields = [...url.marked(':')].map(([name, value]): readonly [number, string] =>
        name === 'body'
          ? [Number(value), '{{ body }}']
          : name === 'type'
            ? [Number(value), '{{ priority }}']
            : [Number(name), plainTemplate(value)],
      );
      return {
        token: secret('token', url.option('token') ?? token),
        phone_id: url.option('from') ?? (url.host === '' ? undefined : url.host),
        to: some([...url.path, ...url.items('to')]),
        template: url.option('template') ?? template,
        language: url.option('lang'),
        params: some(fields.toSorted(([a], [b]) => a - b).map(([, text]) => text)),
      };
    },
  },
];
