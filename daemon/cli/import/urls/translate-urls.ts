import type { Draft, Place } from '../draft.ts';
import { nativeService } from './native.ts';
import { addNotifyRules, type Tagged } from './notify-rules.ts';
import { addChannels, type Service } from './service.ts';
import type { ServiceUrl } from './service-url.ts';

/** URL in a configuration. */
export interface WrittenUrl {
  readonly text: string;
  readonly tags: readonly string[];
  readonly line: number;
  /** Place in a structured configuration: `urls[1]`. */
  readonly within?: string;
  /** Further options, beside the URL. */
  readonly options?: ReadonlyMap<string, string>;
}

/** Notation of the URLs of a program. */
export interface UrlDialect {
  readonly services: readonly Service[];
  /** Advice for a service that no channel type covers. */
  readonly elsewhere: string;
  read(text: string): ServiceUrl | undefined;
}

/** Longest URL, in characters. */
const MAX_LENGTH = 8000;

/** Text of a URL without its secrets. */
const masked = (text: string): string => /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0].concat('***') ?? '***';

export const placeOf = ({ text, line, within }: WrittenUrl): Place => ({
  line,
  text: within === undefined ? masked(text) : `${within} ${masked(text)}`,
});

/** Adds the channels of all URLs, and the rules that notify them. */
export function translateUrls(urls: readonly WrittenUrl[], dialect: UrlDialect, draft: Draft): void {
  const tagged = urls.map((url): Tagged => {
    const place = placeOf(url);
    return { channels: channelsOf(url, place, dialect, draft), tags: url.tags, place };
  });
  addNotifyRules(tagged, draft);
}

function channelsOf(written: WrittenUrl, place: Place, dialect: UrlDialect, draft: Draft): readonly string[] {
  const read = written.text.length > MAX_LENGTH ? undefined : dialect.read(written.text);
  if (read === undefined) {
    draft.skip(
      place,
      'this is not a URL of a service',
      'write it as `SERVICE://...`, with special characters as codes such as `%40`',
    );
    return [];
  }
  const native = nativeService(written.text);
  // The parameters of such an address belong to the provider.
  if (native !== undefined) return addChannels(native, dialect.read('native://')!, place, draft);
  const service = dialect.services.find(({ schemes }) => schemes.includes(read.scheme));
  if (service === undefined) {
    draft.skip(place, 'no channel type sends this', dialect.elsewhere);
    return [];
  }
  return addChannels(service, written.options === undefined ? read : read.with(written.options), place, draft);
}
