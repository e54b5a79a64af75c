import { basicLogin, type Given, plainTemplate, type Reading, some, text } from '../urls/service.ts';
import type { ServiceUrl } from '../urls/service-url.ts';
import { httpScheme, type ShoutrrrService } from './service.ts';

function slack(url: ServiceUrl, { secret }: Reading): Given {
  const { user = '', password } = url;
  if (user.startsWith('xox'))
    return { token: secret('token', password && `${user}-${password}`), channel: text(url.host) };
  const tokens = user === 'hook' ? (password?.split('-') ?? []) : [url.host, ...url.path];
  if (tokens.length !== 3) return { url: undefined };
  return { url: secret('url', `https://hooks.slack.com/services/${tokens.join('/')}`) };
}

function smtp(url: ServiceUrl, { secret }: Reading): Given {
  const encryption = url.option('encryption')?.toLowerCase() ?? 'auto';
  const isPlain = /^(?:n|f|0)/i.test(url.option('usestarttls', 'starttls') ?? '') && encryption !== 'implicittls';
  const port = url.port ?? 25;
  const isImplicit = encryption === 'implicittls' || (encryption === 'auto' && port === 465);
  const from = url.option('fromaddress', 'from');
  const name = url.option('fromname');
  const auth = url.option('auth')?.toLowerCase();
  const password = auth === 'none' ? undefined : url.password;
  const login = password === undefined ? {} : { user: url.user, password: secret('password', password) };
  return {
    // TLS from the first byte, on a port other than 465, is a part of `url`.
    ...(isImplicit && port !== 465 ? implicitTls(url, password, secret) : { host: text(url.host), port, ...login }),
    ...(!isImplicit && isPlain && { tls: 'none' }),
    ...(!isImplicit && url.isSet('requirestarttls') && { tls: 'required' }),
    from: from && (name === undefined ? from : `"${name.replaceAll('+', ' ').replace(/["\\]/g, '')}" <${from}>`),
    to: some(url.items('toaddresses', 'to')),
  };
}

function implicitTls({ user, authority }: ServiceUrl, password: string | undefined, secret: Reading['secret']): Given {
  const encoded = secret('password', password && encodeURIComponent(password));
  return { url: `smtps://${encoded === undefined ? '' : `${encodeURIComponent(user ?? '')}:${encoded}@`}${authority}` };
}

/** Chats and mail of shoutrrr: https://containrrr.dev/shoutrrr/ and https://shoutrrr.nickfedor.com/ */
export const CHATS_AND_MAIL: readonly ShoutrrrService[] = [
  {
    schemes: ['slack'],
    type: 'slack',
    needs: [],
    isOwn: ({ user = '' }) => user === 'hook' || user.startsWith('xox'),
    settings(url, reading) {
      const given = slack(url, reading);
      if (given.url !== undefined || given.token !== undefined) return given;
      reading.lost(
        'this has not the tokens of a webhook or a bot',
        'write `slack://hook:A-B-C@webhook`, or `slack://xoxb:TOKEN@CHANNEL`',
      );
      return undefined;
    },
  },
  {
    schemes: ['discord'],
    type: 'discord',
    needs: ['url'],
    isOwn: ({ user, path }) => user !== undefined && path.length === 0,
    settings: (url, { secret }) => ({
      url: url.user && secret('url', `https://discord.com/api/webhooks/${url.host}/${url.user}`),
      thread_id: url.option('thread_id'),
      username: url.option('username'),
    }),
  },
  {
    schemes: ['telegram'],
    type: 'telegram',
    needs: ['token', 'to'],
    settings(url, { secret }) {
      const chats = url.items('chats', 'channels').map((chat) => chat.split(':'));
      const topics = [...new Set(chats.map(([, topic = '']) => topic))];
      const notification = url.option('notification') ?? 'yes';
      return topics.map((topic) => ({
        token: secret('token', url.password && `${url.user}:${url.password}`),
        to: chats.filter(([, own = '']) => own === topic).map(([chat]) => chat!),
        thread_id: topic === '' ? undefined : Number(topic),
        ...(/^(?:n|f|0)/i.test(notification) && { silent: true }),
      }));
    },
  },
  {
    schemes: ['teams'],
    type: 'teams',
    needs: ['url'],
    settings(url, { secret, lost }) {
      const address = url.option('host');
      if (address?.startsWith('https://') === true && url.user === undefined) return { url: secret('url', address) };
      lost('Microsoft has ended the webhooks of connectors', 'make a workflow in Teams, and give its URL as `url`');
      return undefined;
    },
  },
  {
    schemes: ['googlechat', 'hangouts'],
    type: 'google_chat',
    needs: ['url'],
    settings(url, { secret }) {
      const query = new URLSearchParams([...url.others()]).toString();
      return { url: secret('url', `${url.address('https', url.path)}?${query}`) };
    },
  },
  {
    schemes: ['mattermost'],
    type: 'mattermost',
    needs: ['url'],
    settings(url, { secret, lost }) {
      const [token, channel] = url.path;
      if (channel !== undefined)
        lost('the webhook decides the channel', 'make a webhook for each channel, or use a bot: `token` and `channel`');
      return { url: token && secret('url', url.address(httpScheme(url), ['hooks', token])) };
    },
  },
  {
    schemes: ['rocketchat'],
    type: 'rocketchat',
    needs: ['url'],
    settings(url, { secret, lost }) {
      const [a, b, channel] = url.path;
      if (channel !== undefined) lost('the webhook decides the channel', 'make a webhook for each channel');
      return { url: a && b && secret('url', url.address(httpScheme(url), ['hooks', a, b])) };
    },
  },
  {
    schemes: ['matrix'],
    type: 'matrix',
    needs: ['api', 'token', 'to'],
    isOwn: (url) => url.option('rooms', 'room') !== undefined || (url.path.length === 0 && url.password !== undefined),
    settings(url, { secret, newSecret, lost }) {
      const rooms = url.items('rooms', 'room');
      if (rooms.length === 0) {
        lost('no room is named', 'add `?rooms=ROOM` with ids, or aliases such as `ops:example.org`');
        return undefined;
      }
      if (url.user !== undefined)
        lost(
          'an account is used by its access token, not by its password',
          'log in once, and use the access token that the server gives',
        );
      return {
        api: url.host === '' ? undefined : url.address(httpScheme(url), []),
        token: url.user === undefined ? secret('token', url.password) : newSecret('token'),
        to: some(
          rooms
            .map((room) => (/^[#!]/.test(room) ? room : `#${room}`))
            .map((room) => (room.includes(':') ? room : `${room}:${url.host}`)),
        ),
      };
    },
  },
  {
    schemes: ['zulip'],
    type: 'zulip',
    needs: ['email', 'key', 'to'],
    isOwn: ({ password }) => password !== undefined,
    settings(url, { secret }) {
      const [stream, topic] = ['stream', 'topic'].map((name) => url.option(name)?.replaceAll('+', ' '));
      return {
        api: url.host === '' ? undefined : url.address('https', []),
        email: url.user,
        key: secret('key', url.password),
        to: stream && [stream],
        topic: topic && plainTemplate(topic),
      };
    },
  },
  {
    schemes: ['signal'],
    type: 'signal',
    needs: ['from', 'to'],
    isOwn: (url) => url.option('disabletls') !== undefined,
    settings(url, reading) {
      const [from, ...to] = url.path.flatMap((part) => part.split(','));
      const token = url.option('token');
      return {
        api: url.address(httpScheme(url), []),
        headers:
          token === undefined
            ? basicLogin(url, reading)
            : { Authorization: `Bearer ${reading.secret('token', token)}` },
        from,
        to: some(to.map((recipient) => recipient.replace(/^u:/, ''))),
      };
    },
  },
  {
    schemes: ['lark'],
    type: 'feishu',
    needs: ['token'],
    isOwn: ({ path }) => path.length > 0,
    settings: (url, { secret }) => ({
      ...(url.host !== 'open.feishu.cn' && { api: url.address('https', []) }),
      token: secret('token', url.path[0]),
      secret: secret('secret', url.option('secret')),
    }),
  },
  {
    schemes: ['wecom'],
    type: 'wecom',
    needs: ['key'],
    settings: (url, { secret }) => ({
      key: secret('key', text(url.host)),
      mention: some(url.items('mentioned_list', 'mentioned_mobile_list').map((one) => one.replace(/^@all$/, 'all'))),
    }),
  },
  {
    schemes: ['dingding'],
    type: 'dingtalk',
    needs: ['token'],
    settings(url, { secret, lost }) {
      if (url.option('kind') === 'worknotice') {
        lost('a work notice needs the AgentId of the app', 'add a `dingtalk_work` channel');
        return undefined;
      }
      return { token: secret('token', text(url.host)), secret: secret('secret', url.option('secret')) };
    },
  },
  { schemes: ['smtp'], type: 'email', needs: ['from', 'to'], settings: smtp },
];
