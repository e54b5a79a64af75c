import type { Service } from './service.ts';

/** Address that a provider gives out, as a channel type takes it. */
interface Native {
  readonly type: string;
  /** Setting that gets the first group of the pattern, or the whole address. */
  readonly setting: string;
  readonly address: RegExp;
}

const NATIVE: readonly Native[] = [
  { type: 'slack', setting: 'url', address: /^https:\/\/hooks\.slack(?:-gov)?\.com\/services\// },
  { type: 'discord', setting: 'url', address: /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/api\/webhooks\// },
  {
    type: 'teams',
    setting: 'url',
    address: /^https:\/\/[\w.-]+\.(?:logic\.azure|api\.powerplatform)\.com(?::443)?\/.*workflows\//,
  },
  { type: 'google_chat', setting: 'url', address: /^https:\/\/chat\.googleapis\.com\/v1\/spaces\// },
  { type: 'wecom', setting: 'key', address: /^https:\/\/qyapi\.weixin\.qq\.com\/cgi-bin\/webhook\/send\?key=([\w-]+)/ },
  { type: 'dingtalk', setting: 'token', address: /^https:\/\/oapi\.dingtalk\.com\/robot\/send\?access_token=(\w+)/ },
  { type: 'feishu', setting: 'token', address: /^https:\/\/open\.feishu\.cn\/open-apis\/bot\/v2\/hook\/([\w-]+)/ },
  { type: 'serverchan', setting: 'key', address: /^https:\/\/sctapi\.ftqq\.com\/(\w+)\.send/ },
  { type: 'bark', setting: 'key', address: /^https:\/\/api\.day\.app\/(\w+)/ },
  { type: 'ntfy', setting: 'topic', address: /^https:\/\/ntfy\.sh\/([\w-]{1,64})\/?$/ },
];

/** Service of an address of a provider; undefined if it is none. */
export function nativeService(address: string): Service | undefined {
  const text = address.trim();
  const native = NATIVE.find((known) => known.address.test(text));
  if (native === undefined) return undefined;
  const { type, setting } = native;
  const value = native.address.exec(text)![1] ?? text;
  return {
    schemes: [],
    type,
    needs: [setting],
    settings: (_url, { secret }) => ({ [setting]: secret(setting, value) }),
  };
}
