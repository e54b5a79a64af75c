import { isObject } from '../../../core/values/json.ts';
import type { Draft } from '../draft.ts';
import type { ImportFormat, ImportInput } from '../format.ts';
import { isUrlList, readUrlList } from '../urls/url-list.ts';
import { readServiceUrl } from '../urls/service-url.ts';
import { translateUrls, type UrlDialect, type WrittenUrl } from '../urls/translate-urls.ts';
import { type AppriseConfig, INCLUDE, readAppriseConfig } from './config.ts';
import { CHATS } from './services/chat.ts';
import { CHINA } from './services/china.ts';
import { MAIL } from './services/mail.ts';
import { PUSH } from './services/push.ts';
import { WEB } from './services/web.ts';

/** Two tokens before the host, which a slash separates. https://github.com/caronc/apprise/wiki/Notify_rocketchat */
const ROCKET_WEBHOOK = /^(rockets?:\/\/(?:[^:@/]+:)?[a-z\d]+)\/([a-z\d]+@)/i;

const DIALECT: UrlDialect = {
  services: [...CHATS, ...CHINA, ...MAIL, ...PUSH, ...WEB],
  elsewhere: 'send it by an `apprise` channel over an Apprise API server, or by a `webhook` or `command` channel',
  read: (text) => readServiceUrl(text.replace(ROCKET_WEBHOOK, '$1%2F$2')),
};

/** URLs and configurations of Apprise. https://github.com/caronc/apprise/wiki/config */
export const apprise: ImportFormat = {
  name: 'apprise',
  about: 'URLs of Apprise',
  matches: ({ config, text }) => (isObject(config?.value) && Array.isArray(config.value.urls)) || isUrlList(text),
  translate,
};

function translate({ config, text }: ImportInput, draft: Draft): void {
  const isYaml = config !== undefined && isObject(config.value);
  const { urls, groups } = isYaml ? readAppriseConfig(config, draft) : readText(text, draft);
  translateUrls(
    urls.map((url) => ({ ...url, tags: withGroups(url.tags, groups) })),
    DIALECT,
    draft,
  );
}

function readText(text: string, draft: Draft): AppriseConfig {
  const groups = new Map<string, readonly string[]>();
  const urls = readUrlList(text).flatMap((entry): readonly WrittenUrl[] => {
    if (entry.kind === 'urls') return entry.urls;
    if (entry.kind === 'group')
      for (const name of entry.names) groups.set(name, [...(groups.get(name) ?? []), ...entry.tags]);
    else if (entry.kind === 'include') draft.skip({ line: entry.line, text: 'include' }, ...INCLUDE);
    else
      draft.skip(
        { line: entry.line, text: '***' },
        'this is no URL',
        'write it as `SERVICE://...` or `TAG=SERVICE://...`',
      );
    return [];
  });
  return { urls, groups };
}

/** Tags, and the names of the groups that have one of them. */
function withGroups(tags: readonly string[], groups: AppriseConfig['groups']): readonly string[] {
  const all = new Set(tags);
  for (let known = -1; known < all.size; ) {
    known = all.size;
    for (const [name, members] of groups) if (members.some((tag) => all.has(tag))) all.add(name);
  }
  return [...all];
}
