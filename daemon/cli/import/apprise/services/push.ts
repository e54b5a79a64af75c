import { basicLogin, type Service, some, text } from '../../urls/service.ts';
import { httpScheme } from '../scheme.ts';

/** Access token of Home Assistant, which stands before the actions in the path. */
const HASS_TOKEN = /^(?:[\da-f]{8}\.[\da-f]{64}|[\w-]+\.[\w-]+\.[\w-]+)$/i;

/** Port of Home Assistant without TLS. */
const HASS_PORT = 8123;

/** Push services, and services for incidents. */
export const PUSH: readonly Service[] = [
  {
    schemes: ['pover'],
    type: 'pushover',
    needs: ['token', 'user'],
    settings: (url, { secret }) => ({
      token: secret('token', url.option('token') ?? text(url.host)),
      user: secret('user', url.user),
      device: some([...url.path, ...url.items('to')]),
    }),
  },
  {
    schemes: ['pbul'],
    type: 'pushbullet',
    needs: ['token'],
    settings(url, { secret, lost }) {
      const targets = [...url.path, ...url.items('to')];
      const known = targets.filter((target) => /^#|@/.test(target));
      if (known.length < targets.length)
        lost('a single device cannot be addressed', 'without `to` all your devices get the message');
      return {
        token: secret('token', text(url.host)),
        to: some(known.map((target) => target.replace(/^#/, ''))),
      };
    },
  },
  {
    schemes: ['ntfy', 'ntfys'],
    type: 'ntfy',
    needs: ['topic'],
    settings(url, { secret }) {
      const mode = url.option('mode');
      const named = [...url.path, ...url.items('to')];
      const isCloud = mode === undefined ? named.length === 0 || url.host === 'ntfy.sh' : mode === 'cloud';
      const topics = isCloud && url.host !== 'ntfy.sh' ? [url.host, ...named].filter((topic) => topic !== '') : named;
      const token = url.option('token') ?? [url.user, url.password].find((part) => part?.startsWith('tk_') === true);
      return topics.map((topic) => ({
        ...(!isCloud && { api: url.address(httpScheme(url), []) }),
        // On the public server everybody who knows the topic can read it.
        topic: isCloud ? secret('topic', topic) : topic,
        token: secret('token', token),
        ...(token === undefined && { user: url.user, password: secret('password', url.password) }),
      }));
    },
  },
  {
    schemes: ['gotify', 'gotifys'],
    type: 'gotify',
    needs: ['api', 'token'],
    settings: (url, { secret }) => ({
      api: url.host === '' ? undefined : url.address(httpScheme(url), url.path.slice(0, -1)),
      token: secret('token', url.path.at(-1)),
    }),
  },
  {
    schemes: ['hassio', 'hassios'],
    type: 'homeassistant',
    needs: ['api', 'token'],
    settings(url, { secret, lost }) {
      const at = url.path.findIndex((part) => HASS_TOKEN.test(part));
      const end = at < 0 ? url.path.length - 1 : at;
      const hasToken = url.option('accesstoken', 'token') !== undefined;
      const prefix = [
        ...(url.option('prefix')?.split('/') ?? []),
        ...(hasToken ? [] : url.path.slice(0, Math.max(end, 0))),
      ];
      const services = [...(hasToken ? url.path : url.path.slice(end + 1)), ...url.items('to')];
      if (url.user !== undefined) lost('a login before Home Assistant has no setting', 'give it in `headers`');
      const common = {
        api: `${url.address(httpScheme(url), [])}${url.port === undefined && url.scheme === 'hassio' ? `:${HASS_PORT}` : ''}${prefix
          .filter((part) => part !== '')
          .map((part) => `/${encodeURIComponent(part)}`)
          .join('')}`,
        token: secret('token', url.option('accesstoken', 'token') ?? url.path[end]),
      };
      if (services.length === 0) return common;
      return services.map((service) => ({ ...common, service: /[.:]/.test(service) ? service : `notify.${service}` }));
    },
  },
  {
    schemes: ['apprise', 'apprises'],
    type: 'apprise',
    needs: ['api', 'key'],
    settings(url, reading) {
      const key = url.option('token', 'to');
      const path = key === undefined ? url.path.slice(0, -1) : url.path;
      return {
        api: url.host === '' ? undefined : url.address(httpScheme(url), path),
        key: reading.secret('key', key ?? url.path.at(-1)),
        headers: basicLogin(url, reading),
      };
    },
  },
  {
    schemes: ['dbus', 'qt', 'glib', 'kde', 'gnome', 'macosx', 'windows'],
    type: 'desktop',
    needs: [],
    settings: () => ({}),
  },
  {
    schemes: ['pagerduty'],
    type: 'pagerduty',
    needs: ['routing_key'],
    settings: (url, { secret }) => ({
      routing_key: secret('routing_key', url.option('integrationkey') ?? url.user),
      ...(url.option('region') === 'eu' && { api: 'https://events.eu.pagerduty.com' }),
    }),
  },
  {
    schemes: ['opsgenie'],
    type: 'opsgenie',
    needs: ['key'],
    settings(url, { secret, lost }) {
      if (url.path.length + url.items('to').length > 0)
        lost(
          'the integration of Opsgenie decides who is notified',
          'set the responders in the integration or in its routing rules',
        );
      return {
        key: secret('key', url.option('apikey') ?? text(url.host)),
        ...(url.option('region') === 'eu' && { region: 'eu' }),
      };
    },
  },
  {
    schemes: ['splunk', 'victorops'],
    type: 'splunk_oncall',
    needs: ['key', 'routing_key'],
    settings(url, { secret, lost }) {
      if ((url.option('entity_id') ?? url.path[0]) !== undefined)
        lost('the entity is the `replace_key` of a message', 'set `replace_key` in `message` of the rule');
      return {
        key: secret('key', url.option('apikey') ?? text(url.host)),
        routing_key: url.option('routing_key', 'route') ?? url.user,
      };
    },
  },
];
