import type { WrittenUrl } from './translate-urls.ts';

/** Line of a text with URLs. */
export type ListLine =
  | { readonly kind: 'urls'; readonly line: number; readonly urls: readonly WrittenUrl[] }
  /** `group = tag, tag`. */
  | {
      readonly kind: 'group';
      readonly line: number;
      readonly names: readonly string[];
      readonly tags: readonly string[];
    }
  | { readonly kind: 'include' | 'other'; readonly line: number };

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i;
const LINE = /^(?:(?<tags>[^=:/?]*)=)?\s*(?<urls>[a-z][a-z\d+.-]*:\/\/.*)$/i;
const GROUP = /^(?<names>[\w\s,.-]+)=(?<tags>[\w\s,.-]+)$/;

/** Reads a text with a URL on each line, with tags before it or without; several URLs on a line are separated by blanks or commas. https://github.com/caronc/apprise/wiki/config_text */
export function readUrlList(text: string): readonly ListLine[] {
  return text.split('\n').flatMap((written, index): readonly ListLine[] => {
    const line = index + 1;
    const content = written.trim();
    if (content === '' || /^[#;]/.test(content)) return [];
    const { tags = '', urls } = LINE.exec(content)?.groups ?? {};
    if (urls !== undefined) {
      const split = urls.split(/[\s,](?=[a-z][a-z\d+.-]*:\/\/)/i).map((url) => url.trimEnd().replace(/,$/, ''));
      return [{ kind: 'urls', line, urls: split.map((url) => ({ text: url, tags: namesIn(tags), line })) }];
    }
    const group = GROUP.exec(content)?.groups;
    if (group !== undefined) return [{ kind: 'group', line, names: namesIn(group.names!), tags: namesIn(group.tags!) }];
    return [{ kind: /^include\s/i.test(content) ? 'include' : 'other', line }];
  });
}

/** Whether every line of a text has a form that a list of URLs has, and one has a URL. */
export const isUrlList = (text: string): boolean => {
  const lines = text.length > MAX_CHARACTERS ? [] : readUrlList(text);
  return lines.some(({ kind }) => kind === 'urls') && lines.every(({ kind }) => kind !== 'other');
};

/** A longer text is no list of URLs. */
const MAX_CHARACTERS = 1_000_000;

export const isUrl = (text: string): boolean => SCHEME.test(text);

/** Names that commas or blanks separate. */
export const namesIn = (text: string): readonly string[] => text.split(/[\s,]+/).filter((name) => name !== '');
