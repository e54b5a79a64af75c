import { isObject } from '../../../core/values/json.ts';
import type { ConfigText } from '../config-text.ts';
import type { Draft } from '../draft.ts';
import { namesIn } from '../urls/url-list.ts';
import { placeOf, type WrittenUrl } from '../urls/translate-urls.ts';

export interface AppriseConfig {
  readonly urls: readonly WrittenUrl[];
  /** Tags of each group. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** Reason and advice for another file. */
export const INCLUDE = ['another file is not read', 'import that file, too'] as const;

/** Reads a YAML configuration of Apprise. https://github.com/caronc/apprise/wiki/config_yaml */
export function readAppriseConfig(config: ConfigText, draft: Draft): AppriseConfig {
  const value = config.value as Readonly<Record<string, unknown>>;
  if (value.include !== undefined) draft.skip(config.placeOf(['include']), ...INCLUDE);
  if (value.asset !== undefined)
    draft.skip(config.placeOf(['asset']), 'the look of messages belongs to the channels', 'see `belfry channel types`');
  const common = tagsOf(value.tag ?? value.tags);
  const list: readonly unknown[] = Array.isArray(value.urls) ? value.urls : [];
  const urls = list.flatMap((entry, index): readonly WrittenUrl[] => {
    const { line, text: within } = config.placeOf(['urls', index]);
    const written = urlsOf(entry);
    if (written.length === 0) draft.skip({ line, text: within }, 'this is no URL', 'write it as `SERVICE://...`');
    return written.map(({ url, options }) => {
      const { tag, tags, ...others } = options;
      const found: WrittenUrl = {
        text: url,
        tags: [...common, ...tagsOf(tag), ...tagsOf(tags)],
        line,
        within,
        options: new Map(Object.entries(others).map(([name, option]) => [name, optionText(option)])),
      };
      if (others.schema !== undefined)
        draft.skip(placeOf(found), '`schema` is a part of the URL', 'write it before `://`');
      return found;
    });
  });
  return { urls, groups: groupsOf(value.groups) };
}

interface UrlWithOptions {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** URLs of an entry: a text, or a map of a URL to its options or to a list of them, of which each is a service of its own. */
function urlsOf(entry: unknown): readonly UrlWithOptions[] {
  if (typeof entry === 'string') return [{ url: entry, options: {} }];
  const [url, given] = (isObject(entry) ? Object.entries(entry) : []).find(([key]) => key.includes('://')) ?? [];
  if (url === undefined) return [];
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map((options) => ({ url, options: isObject(options) ? options : {} }));
}

/** Value of an option as the query of a URL has it. */
function optionText(value: unknown): string {
  if (Array.isArray(value)) return value.map(optionText).join(',');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

const tagsOf = (value: unknown): readonly string[] => namesIn(optionText(value));

/** `groups:` as a map, or as a list of maps. */
function groupsOf(value: unknown): ReadonlyMap<string, readonly string[]> {
  const maps = (Array.isArray(value) ? value : [value]).filter(isObject);
  return new Map(
    maps.flatMap((map) =>
      Object.entries(map).map(([name, tags]) => [name, isObject(tags) ? Object.keys(tags) : tagsOf(tags)] as const),
    ),
  );
}
