import type { Draft } from '../draft.ts';
import type { ImportFormat, ImportInput } from '../format.ts';
import { readServiceUrl } from '../urls/service-url.ts';
import { translateUrls, type UrlDialect, type WrittenUrl } from '../urls/translate-urls.ts';
import { isUrlList, readUrlList } from '../urls/url-list.ts';
import { CHATS_AND_MAIL } from './chat.ts';
import { GENERIC } from './generic.ts';
import { PUSH } from './push.ts';
import type { ShoutrrrService } from './service.ts';

const SERVICES: readonly ShoutrrrService[] = [...CHATS_AND_MAIL, ...PUSH, ...GENERIC];

const DIALECT: UrlDialect = {
  services: SERVICES,
  elsewhere: 'send it by a `webhook` or `command` channel',
  read: readServiceUrl,
};

/** URLs of shoutrrr: https://containrrr.dev/shoutrrr/ and https://shoutrrr.nickfedor.com/ */
export const shoutrrr: ImportFormat = {
  name: 'shoutrrr',
  about: 'URLs of shoutrrr',
  matches: ({ text }) =>
    isUrlList(text) && urlsOf(text).some(isOwn) && urlsOf(text).every(({ tags }) => tags.length === 0),
  translate,
};

const urlsOf = (text: string): readonly WrittenUrl[] =>
  readUrlList(text).flatMap((line) => (line.kind === 'urls' ? line.urls : []));

/** Whether a URL can be one of shoutrrr, but not of Apprise. */
function isOwn({ text }: WrittenUrl): boolean {
  const url = readServiceUrl(text);
  const service = url === undefined ? undefined : SERVICES.find(({ schemes }) => schemes.includes(url.scheme));
  return url !== undefined && service !== undefined && (service.isOwn?.(url) ?? true);
}

function translate({ text }: ImportInput, draft: Draft): void {
  for (const line of readUrlList(text))
    if (line.kind !== 'urls')
      draft.skip({ line: line.line, text: '***' }, 'this is no URL', 'write it as `SERVICE://...`');
  translateUrls(urlsOf(text), DIALECT, draft);
}
