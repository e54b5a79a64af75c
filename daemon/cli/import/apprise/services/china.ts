import { basicLogin, type Service, some, text } from '../../urls/service.ts';
import type { ServiceUrl } from '../../urls/service-url.ts';
import { httpScheme } from '../scheme.ts';

/** The token of a URL such as `feishu://TOKEN`. */
const onlyToken = (url: ServiceUrl): string | undefined => url.option('token', 'key') ?? text(url.host);

/** Services in China. */
export const CHINA: readonly Service[] = [
  {
    schemes: ['wecombot'],
    type: 'wecom',
    needs: ['key'],
    settings: (url, { secret }) => ({ key: secret('key', onlyToken(url)) }),
  },
  {
    schemes: ['dingtalk'],
    type: 'dingtalk',
    needs: ['token'],
    settings: (url, { secret }) => ({
      token: secret('token', onlyToken(url)),
      secret: secret('secret', url.option('secret') ?? url.user),
      mention: some([...url.path, ...url.items('to')].map((phone) => phone.replace(/^\+/, ''))),
    }),
  },
  {
    schemes: ['feishu'],
    type: 'feishu',
    needs: ['token'],
    settings: (url, { secret }) => ({ token: secret('token', onlyToken(url)) }),
  },
  {
    schemes: ['lark'],
    type: 'feishu',
    needs: ['token'],
    settings: (url, { secret }) => ({
      api: 'https://open.larksuite.com',
      token: secret('token', onlyToken(url)),
    }),
  },
  {
    schemes: ['schan'],
    type: 'serverchan',
    needs: ['key'],
    settings: (url, { secret }) => ({ key: secret('key', onlyToken(url)) }),
  },
  {
    schemes: ['pushplus'],
    type: 'pushplus',
    needs: ['token'],
    settings: (url, { secret }) => ({ token: secret('token', onlyToken(url)) }),
  },
  {
    schemes: ['pushdeer', 'pushdeers'],
    type: 'pushdeer',
    needs: ['key'],
    settings: (url, { secret }) => {
      const key = url.path.at(-1);
      if (key === undefined) return { key: secret('key', text(url.host)) };
      return { api: url.address(httpScheme(url), []), key: secret('key', key) };
    },
  },
  {
    schemes: ['bark', 'barks'],
    type: 'bark',
    needs: ['key'],
    settings: (url, reading) =>
      [...url.path, ...url.items('to')].map((key) => ({
        api: url.address(httpScheme(url), []),
        headers: basicLogin(url, reading),
        key: reading.secret('key', key),
        sound: url.option('sound'),
      })),
  },
  {
    schemes: ['wxpusher'],
    type: 'wxpusher',
    needs: ['token'],
    settings(url, { secret }) {
      const token = url.option('token') ?? url.user ?? text(url.host);
      const targets = [url.host, ...url.path, ...url.items('to')].filter((target) => target !== token);
      return {
        token: secret('token', token),
        to: some(targets.filter((target) => /^UID_/i.test(target))),
        topics: targets.filter((target) => /^\d+$/.test(target)).map(Number),
      };
    },
  },
];
