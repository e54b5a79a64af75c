import { TWILIO } from '../apprise/services/mail.ts';
import { plainTemplate, some, text } from '../urls/service.ts';
import { httpScheme, type ShoutrrrService } from './service.ts';

/** Push services, services for incidents, and text messages. */
export const PUSH: readonly ShoutrrrService[] = [
  {
    schemes: ['ntfy'],
    type: 'ntfy',
    needs: ['topic'],
    isOwn: (url) => url.option('disabletls', 'scheme', 'firebase', 'cache') !== undefined,
    settings(url, { secret }) {
      const isPublic = url.host === '' || url.host === 'ntfy.sh';
      const topic = url.path[0];
      const { user, password } = url;
      const token = url.option('token');
      return {
        ...(!isPublic && { api: url.address(httpScheme(url), []) }),
        topic: isPublic ? secret('topic', topic) : topic,
        ...(token === undefined ? { user, password: secret('password', password) } : { token: secret('token', token) }),
      };
    },
  },
  {
    schemes: ['gotify'],
    type: 'gotify',
    needs: ['api', 'token'],
    isOwn: (url) => url.option('disabletls', 'token', 'useheader') !== undefined,
    settings(url, { secret }) {
      url.option('useheader');
      const token = url.option('token');
      return {
        api: url.host === '' ? undefined : url.address(httpScheme(url), url.path.slice(0, -1)),
        token: secret('token', token ?? url.path.at(-1)),
      };
    },
  },
  {
    schemes: ['bark'],
    type: 'bark',
    needs: ['key'],
    isOwn: ({ user, password, path }) => path.length === 0 && (user ?? password) !== undefined,
    settings: (url, { secret }) => ({
      api: url.host === '' ? undefined : url.address(httpScheme(url), url.path),
      key: secret('key', url.password ?? url.user),
      sound: url.option('sound'),
    }),
  },
  {
    schemes: ['pushover'],
    type: 'pushover',
    needs: ['token', 'user'],
    settings: (url, { secret }) => ({
      token: secret('token', url.password),
      user: secret('user', text(url.host)),
      device: some(url.items('devices')),
    }),
  },
  {
    schemes: ['pushbullet'],
    type: 'pushbullet',
    needs: ['token'],
    settings(url, { secret, lost }) {
      const known = url.path.filter((target) => /^#|@/.test(target));
      if (known.length < url.path.length)
        lost('a single device cannot be addressed', 'without `to` all your devices get the message');
      return { token: secret('token', text(url.host)), to: some(known.map((target) => target.replace(/^#/, ''))) };
    },
  },
  {
    schemes: ['homeassistant'],
    type: 'homeassistant',
    needs: ['api', 'token'],
    settings(url, { secret }) {
      const service = url.option('service');
      return {
        api: url.host === '' ? undefined : url.address('https', url.path),
        token: secret('token', url.user),
        service: service === undefined || service.includes('.') ? service : `notify.${service}`,
      };
    },
  },
  {
    schemes: ['opsgenie'],
    type: 'opsgenie',
    needs: ['key'],
    isOwn: ({ host }) => host.includes('.'),
    settings: (url, { secret }) => ({
      key: secret('key', url.path[0]),
      ...(url.host.startsWith('api.eu.') && { region: 'eu' }),
    }),
  },
  {
    schemes: ['pagerduty'],
    type: 'pagerduty',
    needs: ['routing_key'],
    isOwn: ({ user, path }) => user === undefined && path.length === 1,
    settings: (url, { secret }) => ({
      routing_key: secret('routing_key', url.path[0]),
      ...(url.host !== '' && url.host !== 'events.pagerduty.com' && { api: url.address('https', []) }),
    }),
  },
  {
    schemes: ['mqtt', 'mqtts'],
    type: 'mqtt',
    needs: ['url', 'topic'],
    isOwn: (url) => url.option('disabletls', 'retained', 'topic', 'clientid') !== undefined,
    settings(url, { secret }) {
      const qos = url.option('qos');
      const topic = url.option('topic') ?? text(url.path.join('/'));
      return {
        url: url.host === '' ? undefined : url.address(url.isSet('disabletls') ? 'mqtt' : url.scheme, []),
        user: url.option('username') ?? url.user,
        password: secret('password', url.password),
        topic: topic && plainTemplate(topic),
        qos: qos === undefined ? undefined : Number(qos),
        ...(url.isSet('retained') && { retain: true }),
      };
    },
  },
  { ...TWILIO, isOwn: () => false },
];
